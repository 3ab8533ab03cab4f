//  stream.c - durable jobs through a broker, one after the other

#include "tests/bench/stream.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_NOTICE_MS 120000
#define TASKS_AHEAD 300000u //  On their way; at least two jobs
#define AHEAD_MAX 256u
#define PAD_MAX 1000u

//  What becomes of a job, in this order; each is done by a thread of its own.
enum { OPENED, FOLLOWED, READ, FORGOTTEN, STAGES };

typedef struct entry {
    cadre_job_t *job; //  Opened; then followed
    uint64_t number;  //  At the broker
    uint32_t count;   //  Its tasks
} entry_t;

typedef struct stream {
    cadre_t *pool;               //  Borrowed
    uint64_t jobs;               //  To come through
    uint64_t tasks;              //  In all of them
    uint32_t job_tasks;          //  In each but the last
    size_t pad;                  //  Bytes of text beside each number
    unsigned ahead;              //  Jobs on their way
    pthread_mutex_t mutex;       //  Of the counts
    pthread_cond_t moved;        //  One of them has grown
    uint64_t passed [STAGES];    //  Jobs that have left each stage
    entry_t entries [AHEAD_MAX]; //  By number of the job modulo ahead
} stream_t;

static void s_must_job (cadre_error_t error, cadre_job_t *job, const char *what)
{
    if (error != CADRE_OK)
        bench_die (what, cadre_job_message (job));
}

static void s_ask (cadre_t *pool, const char *what, uint64_t number, cadre_value_t **body)
{
    cadre_value_t *arguments = number ? cadre_value_build ("{s:i}", "job", (int64_t) number) : NULL;
    if (cadre_request (pool, what, arguments, body, WAIT_NOTICE_MS) != CADRE_OK)
        bench_die (what, cadre_message (pool));
    cadre_value_destroy (&arguments);
}

//  ==== one job =====================================================================

static cadre_job_t *s_submit (cadre_t *pool, uint64_t tasks, size_t pad, const char *label)
{
    char text [PAD_MAX + 1];
    const char *needs [] = {label, NULL};
    cadre_job_options_t options = {.durable = true, .needs = label ? needs : NULL};
    cadre_job_t *job = cadre_job_open (pool, pad ? "square_of" : "square", &options);
    memset (text, 'x', pad);
    text [pad] = 0;
    for (uint64_t i = 0; i < tasks; i++)
        s_must_job (pad ? cadre_job_add (job, NULL, "is", (int64_t) i, text)
                        : cadre_job_add (job, NULL, "i", (int64_t) i),
                    job, "submit");
    s_must_job (cadre_job_seal (job), job, "seal");
    return job;
}

static uint64_t s_sync (cadre_job_t *job)
{
    s_must_job (cadre_job_sync (job, WAIT_NOTICE_MS), job, "sync");
    uint64_t number = cadre_job_number (job, WAIT_NOTICE_MS);
    if (!number)
        bench_die ("sync", "a job has no number");
    return number;
}

uint64_t stream_submit (cadre_t *pool, uint64_t tasks, size_t pad, const char *label)
{
    cadre_job_t *job = s_submit (pool, tasks, pad, label);
    uint64_t number = s_sync (job);
    cadre_job_destroy (&job);
    return number;
}

static void s_read (cadre_job_t *job, uint64_t tasks)
{
    uint8_t *seen = calloc (tasks, 1);
    uint64_t right = 0;
    cadre_event_t event;
    cadre_error_t error;
    while ((error = cadre_job_next (job, &event, WAIT_NOTICE_MS)) == CADRE_OK) {
        if (event.kind != CADRE_EVENT_RESULT)
            continue;
        uint64_t index = event.index;
        if (index >= tasks || seen [index]++ || event.outcome != CADRE_OUTCOME_OK
            || bench_integer (event.bytes, event.size_bytes) != index * index)
            bench_die ("results", "one is wrong, or came twice");
        right++;
    }
    if (error != CADRE_ERROR_END)
        bench_die ("results", cadre_job_message (job));
    if (right != tasks)
        bench_die ("results", "some are missing");
    free (seen);
}

static cadre_job_t *s_follow (cadre_t *pool, uint64_t number)
{
    return cadre_job_follow (pool, number, CADRE_FOLLOW_RESULTS | CADRE_FOLLOW_WAIT);
}

void stream_check (cadre_t *pool, uint64_t number, uint64_t tasks)
{
    cadre_job_t *job = s_follow (pool, number);
    s_read (job, tasks);
    cadre_job_destroy (&job);
}

void stream_forget (cadre_t *pool, uint64_t number)
{
    s_ask (pool, "job.forget", number, NULL);
}

void stream_cancel (cadre_t *pool, uint64_t number)
{
    cadre_event_t event;
    s_ask (pool, "job.cancel", number, NULL);
    cadre_job_t *job = s_follow (pool, number);
    while (cadre_job_next (job, &event, WAIT_NOTICE_MS) == CADRE_OK)
        ;
    cadre_job_destroy (&job);
    stream_forget (pool, number);
}

stream_store_t stream_store (cadre_t *pool)
{
    cadre_value_t *body = NULL;
    s_ask (pool, "broker.info", 0, &body);
    stream_store_t store = {
        .file_bytes = cadre_value_uint (cadre_value_get (body, "store_bytes")),
        .live_bytes = cadre_value_uint (cadre_value_get (body, "store_live_bytes")),
        .commits = cadre_value_uint (cadre_value_get (body, "store_commits")),
        .written_bytes = cadre_value_uint (cadre_value_get (body, "store_written_bytes")),
    };
    cadre_value_destroy (&body);
    return store;
}

//  ==== many ========================================================================

//  Waits until another job may enter the stage; false when all have been through.
static bool s_enter (stream_t *self, int stage, entry_t **entry)
{
    pthread_mutex_lock (&self->mutex);
    uint64_t turn = self->passed [stage];
    uint64_t *before = &self->passed [stage == OPENED ? FORGOTTEN : stage - 1];
    uint64_t more = stage == OPENED ? self->ahead : 0;
    while (turn < self->jobs && turn >= *before + more)
        pthread_cond_wait (&self->moved, &self->mutex);
    pthread_mutex_unlock (&self->mutex);
    *entry = &self->entries [turn % self->ahead];
    return turn < self->jobs;
}

static void s_leave (stream_t *self, int stage)
{
    pthread_mutex_lock (&self->mutex);
    self->passed [stage]++;
    pthread_cond_broadcast (&self->moved);
    pthread_mutex_unlock (&self->mutex);
}

static void *s_open_all (void *argument)
{
    stream_t *self = argument;
    uint64_t left = self->tasks;
    for (entry_t *entry; s_enter (self, OPENED, &entry); s_leave (self, OPENED)) {
        entry->count = left < self->job_tasks ? (uint32_t) left : self->job_tasks;
        entry->job = s_submit (self->pool, entry->count, self->pad, NULL);
        left -= entry->count;
    }
    return NULL;
}

static void *s_follow_all (void *argument)
{
    stream_t *self = argument;
    for (entry_t *entry; s_enter (self, FOLLOWED, &entry); s_leave (self, FOLLOWED)) {
        entry->number = s_sync (entry->job);
        cadre_job_destroy (&entry->job);
        entry->job = s_follow (self->pool, entry->number);
    }
    return NULL;
}

static void *s_read_all (void *argument)
{
    stream_t *self = argument;
    for (entry_t *entry; s_enter (self, READ, &entry); s_leave (self, READ)) {
        s_read (entry->job, entry->count);
        cadre_job_destroy (&entry->job);
    }
    return NULL;
}

static void *s_forget_all (void *argument)
{
    stream_t *self = argument;
    for (entry_t *entry; s_enter (self, FORGOTTEN, &entry); s_leave (self, FORGOTTEN))
        stream_forget (self->pool, entry->number);
    return NULL;
}

double stream_run (cadre_t *pool, uint64_t tasks, uint32_t job_tasks, size_t pad)
{
    static void *(*const works []) (void *) = {s_open_all, s_follow_all, s_read_all, s_forget_all};
    stream_t *self = calloc (1, sizeof *self);
    pthread_t threads [STAGES];
    self->pool = pool;
    self->tasks = tasks;
    self->job_tasks = job_tasks;
    self->jobs = (tasks + job_tasks - 1) / job_tasks;
    self->pad = pad;
    self->ahead = TASKS_AHEAD / job_tasks;
    self->ahead = self->ahead < 2 ? 2 : self->ahead > AHEAD_MAX ? AHEAD_MAX : self->ahead;
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->moved, NULL);
    double start_s = bench_now_s ();
    for (int i = 0; i < STAGES; i++)
        pthread_create (&threads [i], NULL, works [i], self);
    for (int i = 0; i < STAGES; i++)
        pthread_join (threads [i], NULL);
    double elapsed_s = bench_now_s () - start_s;
    pthread_mutex_destroy (&self->mutex);
    pthread_cond_destroy (&self->moved);
    free (self);
    return elapsed_s;
}
