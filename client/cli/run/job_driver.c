//  job_driver.c - see job_driver.h

#include "client/cli/run/job_driver.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/base/broker_watch.h"
#include "client/cli/base/interrupt.h"
#include "client/cli/output/say.h"

#define TICK_MS 100          //  interval of checks for signals, and of the bar
#define CANCEL_WAIT_MS 10000 //  maximum wait for the last results of a cancelled job
#define JOIN_WAIT_S 2        //  maximum wait for the feeder to end

struct job_driver {
    cadre_job_t *job;              //  borrowed
    const job_driver_work_t *work; //  borrowed
    job_driver_counts_t counts;    //  the progress
    pthread_t feeder;              //  the feeding thread
    pthread_mutex_t lock;          //  protects data of both threads: counts, stopping, feed_fault
    pthread_cond_t room;           //  a task has ended, or stopping
    bool stopping;                 //  the feeder must end
    bool cancelled;                //  the job was cancelled, by Ctrl-C or job_driver_end
    bool interrupted;              //  by Ctrl-C
    int waited_ms;                 //  time since it was cancelled
    int64_t ticked_ms;             //  last call of tick
    broker_watch_t watch;          //  checks whether the broker answers
    fault_t feed_fault;            //  the feeder's error, except the end of inputs
    fault_t fault;                 //  why the drive ends
};

static uint64_t s_job_driver_waiting (job_driver_t *self)
{
    if (self->work->waiting)
        return self->work->waiting (self->work->argument);
    //  a result may come before its feed has returned
    return self->counts.added > self->counts.ended ? self->counts.added - self->counts.ended : 0;
}

//  Waits until there is room for one more task; false when the feeder must end.
static bool s_wait_room (job_driver_t *self)
{
    pthread_mutex_lock (&self->lock);
    while (!self->stopping && s_job_driver_waiting (self) >= self->work->window)
        pthread_cond_wait (&self->room, &self->lock);
    bool go_on = !self->stopping;
    pthread_mutex_unlock (&self->lock);
    return go_on;
}

static void *s_job_driver_feed (void *argument)
{
    job_driver_t *self = argument;
    cadre_error_t error = CADRE_OK;
    fault_t fault = {0};
    while (!error && s_wait_room (self)) {
        error = self->work->feed (self->work->argument, self->job, &fault);
        pthread_mutex_lock (&self->lock);
        if (!error)
            self->counts.added++;
        pthread_mutex_unlock (&self->lock);
    }
    //  store the error before the seal, because the job and the drive may end at once
    pthread_mutex_lock (&self->lock);
    self->counts.all = error == CADRE_ERROR_END;
    if (error && error != CADRE_ERROR_END && !self->stopping) {
        self->feed_fault = fault;
        self->feed_fault.code = error;
    }
    pthread_mutex_unlock (&self->lock);
    cadre_job_seal (self->job);
    return NULL;
}

static void s_stop_feeding (job_driver_t *self)
{
    pthread_mutex_lock (&self->lock);
    self->stopping = true;
    pthread_cond_signal (&self->room);
    pthread_mutex_unlock (&self->lock);
    if (self->work->wake)
        self->work->wake (self->work->argument);
}

//  False when the feeder is blocked in a call: then its memory must not be freed.
static bool s_job_driver_join (job_driver_t *self)
{
    s_stop_feeding (self);
    struct timespec until;
    clock_gettime (CLOCK_REALTIME, &until);
    until.tv_sec += JOIN_WAIT_S;
    return pthread_timedjoin_np (self->feeder, NULL, &until) == 0;
}

void job_driver_end (job_driver_t *self, bool now)
{
    s_stop_feeding (self);
    if (now && !self->cancelled) {
        self->cancelled = true;
        cadre_job_cancel (self->job);
    }
}

void job_driver_fail (job_driver_t *self, const fault_t *fault)
{
    if (!self->fault.code)
        self->fault = *fault;
}

void job_driver_count (job_driver_t *self, job_driver_counts_t *counts)
{
    pthread_mutex_lock (&self->lock);
    *counts = self->counts;
    pthread_mutex_unlock (&self->lock);
}

static void s_job_driver_on_result (job_driver_t *self, const cadre_event_t *event)
{
    pthread_mutex_lock (&self->lock);
    self->counts.ended++;
    if (event->outcome == CADRE_OUTCOME_CANCELLED && self->cancelled)
        self->counts.cancelled++;
    else if (event->outcome != CADRE_OUTCOME_OK)
        self->counts.failed++;
    pthread_mutex_unlock (&self->lock);
    self->work->result (self->work->argument, self, event);
    pthread_mutex_lock (&self->lock);
    pthread_cond_signal (&self->room);
    pthread_mutex_unlock (&self->lock);
}

static void s_on_event (job_driver_t *self, const cadre_event_t *event)
{
    if (event->kind == CADRE_EVENT_RESULT)
        s_job_driver_on_result (self, event);
    else if (event->kind == CADRE_EVENT_OUTPUT)
        self->work->output (self->work->argument, self, event);
    else if (!self->cancelled)
        say ("%s", event->message);
}

static int64_t s_job_driver_now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

//  Checks signals, broker and timers, when idle or after many events. False ends the drive.
static bool s_look_around (job_driver_t *self, bool idle)
{
    if (interrupt_asked () && !self->interrupted) {
        self->interrupted = true;
        job_driver_end (self, true);
        //  Without a broker no more results will come
        if (!broker_watch_answers (&self->watch))
            return false;
    }
    if (idle && self->cancelled && (self->waited_ms += TICK_MS) > CANCEL_WAIT_MS)
        return false;
    int64_t now_ms = s_job_driver_now_ms ();
    if (self->work->tick && now_ms - self->ticked_ms >= TICK_MS) {
        self->ticked_ms = now_ms;
        self->work->tick (self->work->argument, self);
    }
    broker_watch_check (&self->watch, !idle);
    return !self->fault.code;
}

static cadre_error_t s_take_events (job_driver_t *self)
{
    while (true) {
        cadre_event_t event = {0};
        cadre_error_t error = cadre_job_next (self->job, &event, TICK_MS);
        if (error == CADRE_ERROR_END)
            return CADRE_OK;
        if (error && error != CADRE_ERROR_TIMEOUT)
            return fault_set (&self->fault, error, "%s", cadre_job_message (self->job));
        if (!error)
            s_on_event (self, &event);
        if (!s_look_around (self, error == CADRE_ERROR_TIMEOUT))
            return self->fault.code;
    }
}

cadre_error_t job_driver_run (cadre_job_t *job, const job_driver_work_t *work,
                              job_driver_counts_t *counts, fault_t *fault)
{
    static job_driver_t s_drive; //  static: a blocked feeder may outlive this call
    job_driver_t *self = &s_drive;
    *self = (job_driver_t){.job = job, .work = work};
    broker_watch_init (&self->watch, work->pool);
    pthread_mutex_init (&self->lock, NULL);
    pthread_cond_init (&self->room, NULL);
    if (pthread_create (&self->feeder, NULL, s_job_driver_feed, self) != 0)
        return fault_set (fault, CADRE_ERROR_MEMORY,
                          "cannot start a thread: raise the limit of processes (ulimit -u)");
    cadre_error_t error = s_take_events (self);
    if (error)
        cadre_job_cancel (job);
    if (!s_job_driver_join (self)) {
        say ("%s", self->fault.code ? self->fault.text : "interrupted");
        _exit (self->interrupted ? SAY_EXIT_INTERRUPTED : SAY_EXIT_OWN);
    }
    *counts = self->counts;
    if (!error && self->feed_fault.code)
        self->fault = self->feed_fault;
    if (!error && self->interrupted)
        return fault_set (fault, CADRE_ERROR_CANCELLED, "interrupted");
    if (self->fault.code && fault)
        *fault = self->fault;
    return self->fault.code;
}
