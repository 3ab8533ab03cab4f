//  dispatch.c - decides which task goes to which worker, and when

#include "broker/back/dispatch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/core/budget.h"
#include "broker/delivery/durable_answers.h"
#include "broker/delivery/pager.h"
#include "broker/jobs/expiry.h"
#include "broker/jobs/job_status.h"
#include "broker/peers/follower.h"
#include "broker/queue/ready.h"

#define LOOK_AHEAD_NS 2000000u //  Work that may wait at each slot
#define LOOK_AHEAD_TASKS 1024u //  ... and in how many tasks
#define RECALL_IDLE_US                                                                             \
    5000 //  A worker that has not answered for so long is asked to return waiting leases
#define RECALL_WAIT_US 100000
#define RECALL_MAX 4096u //  Leases in one RECALL
#define ASIDE_MAX 64u
#define PASSES_MAX 256u //  Jobs that may be skipped individually in one turn

typedef struct candidate {
    worker_record_t *worker; //  A worker that fits
    uint32_t free;           //  Its free slots
    uint32_t room;           //  Tasks of this job that it may take
    uint32_t given;          //  Tasks that it will get
} candidate_t;

struct dispatch {
    context_t *ctx;             //  Borrowed
    dispatch_recall_fn *recall; //  Sends a recall
    void *owner;                //  Its first argument
    alarm_t alarm;              //  Next check for recalls
    uint64_t turn;              //  Number of this turn
    worker_record_t **open;     //  Workers that may still get tasks in this turn
    size_t open_count;          //  How many
    size_t open_capacity;       //  Allocated
    uint32_t passes;            //  Jobs that were skipped individually in this turn
    candidate_t *candidates;    //  Workers for the current job
    size_t count;               //  How many
    size_t capacity;            //  Allocated
    buffer_t batch;             //  Tasks of one frame, packed
    bool avoided;               //  Some task of the current job was put aside
    uint32_t
        aside [ASIDE_MAX]; //  Tasks of the current job that should not go to the current worker
    size_t aside_count;    //  How many
};

static void s_dispatch_ring (void *owner, int64_t now_us)
{
    (void) owner; //  Only wakes the loop: dispatch_run follows
    (void) now_us;
}

dispatch_t *dispatch_new (context_t *ctx, dispatch_recall_fn *recall, void *owner)
{
    dispatch_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ctx = ctx;
    self->recall = recall;
    self->owner = owner;
    self->alarm = (alarm_t){.ring = s_dispatch_ring, .owner = self};
    return self;
}

void dispatch_destroy (dispatch_t **self_p)
{
    assert (self_p);
    dispatch_t *self = *self_p;
    if (!self)
        return;
    timers_cancel (self->ctx->timers, &self->alarm);
    buffer_free (&self->batch);
    free (self->candidates);
    free (self->open);
    free (self);
    *self_p = NULL;
}

uint32_t dispatch_look_ahead (uint32_t slots, uint32_t cost_ns, uint32_t waiting, uint64_t waits_ns)
{
    uint64_t most = (uint64_t) slots * LOOK_AHEAD_TASKS, most_ns = (uint64_t) slots * LOOK_AHEAD_NS;
    if (cost_ns == 0 || waiting >= most || waits_ns >= most_ns)
        return 0;
    uint64_t tasks = (most_ns - waits_ns) / cost_ns, left = most - waiting;
    return (uint32_t) (tasks < left ? tasks : left);
}

static uint32_t s_free_slots (const worker_record_t *worker)
{
    return worker->leased < worker->slots ? worker->slots - worker->leased : 0;
}

//  A durable task that must not run twice is sent when its lease is on the disk. Otherwise a crash
//  could lose the lease, and the task would be leased again.
static bool s_is_recorded_first (const dispatch_t *self, const job_t *job)
{
    return job->durable && self->ctx->journal && job_runs_once (job);
}

//  Do the job's tasks wait for the disk, which does not have the worker's earlier leases yet?
static bool s_waits_for_lease (const dispatch_t *self, const job_t *job,
                               const worker_record_t *worker)
{
    return lane_is_held (worker->lane) && s_is_recorded_first (self, job);
}

//  Tasks of the job that may wait at the worker's slots. Jobs without a measured cost use free
//  slots only. For short tasks with large payloads, one per slot is in transfer while another one
//  runs.
static uint32_t s_dispatch_ahead (const job_t *job, const worker_record_t *worker)
{
    if (job->mean_us == 0)
        return 0;
    uint32_t waiting = worker->leased > worker->slots ? worker->leased - worker->slots : 0;
    uint64_t waits_ns = waiting ? worker->work_ns / worker->leased * waiting : 0;
    return dispatch_look_ahead (worker->slots, job_cost_ns (job), waiting, waits_ns);
}

//  Tasks of the job that the worker may get now. While another job waits for its slots, nothing is
//  sent ahead.
static uint32_t s_dispatch_room (const dispatch_t *self, const job_t *job,
                                 const worker_record_t *worker)
{
    if (lane_free_bytes (worker->lane) == 0 || s_waits_for_lease (self, job, worker))
        return 0;
    uint64_t room = s_free_slots (worker);
    if (worker->claimed != self->turn)
        room += s_dispatch_ahead (job, worker);
    uint64_t window = lane_free_tasks (worker->lane), most = budget_leases (self->ctx);
    most = worker->leased < most ? most - worker->leased : 0;
    window = window < most ? window : most;
    return (uint32_t) (room < window ? room : window);
}

//  ---- workers that may still get tasks ---------------------------------

//  A worker whose slots are full, and for which a job waits, gets nothing more in this turn.
static bool s_is_open (const dispatch_t *self, const worker_record_t *worker)
{
    if (!worker || worker->state != WORKER_READY || lane_free_bytes (worker->lane) == 0
        || lane_free_tasks (worker->lane) == 0)
        return false;
    return s_free_slots (worker) > 0 || worker->claimed != self->turn;
}

static void s_add_open (dispatch_t *self, worker_record_t *worker)
{
    if (self->open_count == self->open_capacity) {
        self->open_capacity = self->open_capacity ? self->open_capacity * 2 : 16;
        self->open = realloc (self->open, self->open_capacity * sizeof (worker_record_t *));
        assert (self->open);
    }
    self->open [self->open_count++] = worker;
}

static void s_find_open (dispatch_t *self)
{
    const roster_t *roster = self->ctx->roster;
    self->open_count = 0;
    for (size_t i = 0; i < roster_entries (roster); i++)
        if (s_is_open (self, roster_at (roster, i)))
            s_add_open (self, roster_at (roster, i));
}

//  Reserves the slots of all workers that fit for this job, unless it waits for the disk: jobs
//  after it may use free slots there, but send nothing ahead. Workers that are full now are removed
//  for this turn. True when some worker for which it waits remains.
static bool s_dispatch_claim (dispatch_t *self, job_t *job)
{
    size_t left = 0;
    bool any = false;
    for (size_t i = 0; i < self->open_count; i++) {
        worker_record_t *worker = self->open [i];
        bool waits =
            roster_fits (self->ctx->roster, worker, job) && !s_waits_for_lease (self, job, worker);
        if (waits)
            worker->claimed = self->turn;
        if (!s_is_open (self, worker))
            continue;
        self->open [left++] = worker;
        any = any || waits;
    }
    self->open_count = left;
    return any;
}

//  ---- workers for a job -------------------------------------------------

static int s_dispatch_compare (const void *a, const void *b)
{
    const candidate_t *one = a, *other = b;
    if (one->free != other->free)
        return one->free > other->free ? -1 : 1;
    return one->room > other->room ? -1 : one->room < other->room;
}

static void s_add_candidate (dispatch_t *self, const candidate_t *candidate)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 16;
        self->candidates = realloc (self->candidates, self->capacity * sizeof (candidate_t));
        assert (self->candidates);
    }
    self->candidates [self->count++] = *candidate;
}

static void s_find_places (dispatch_t *self, job_t *job)
{
    self->count = 0;
    for (size_t i = 0; i < self->open_count; i++) {
        worker_record_t *worker = self->open [i];
        uint32_t room = s_dispatch_room (self, job, worker);
        if (room == 0 || !roster_fits (self->ctx->roster, worker, job))
            continue;
        uint32_t free_slots = s_free_slots (worker);
        s_add_candidate (self, &(candidate_t){.worker = worker,
                                              .free = free_slots < room ? free_slots : room,
                                              .room = room});
    }
    if (self->count > 1)
        qsort (self->candidates, self->count, sizeof (candidate_t), s_dispatch_compare);
}

//  Distributes tasks in proportion to capacity: free slots in the first round, everything in the
//  second.
static uint32_t s_share_out (dispatch_t *self, uint32_t tasks, bool ahead)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < self->count; i++)
        sum += ahead ? self->candidates [i].room - self->candidates [i].given
                     : self->candidates [i].free;
    for (size_t i = 0; i < self->count && tasks > 0 && sum > 0; i++) {
        candidate_t *candidate = &self->candidates [i];
        uint64_t could = ahead ? candidate->room - candidate->given : candidate->free;
        uint64_t part = (tasks * could + sum - 1) / sum;
        part = part < could ? part : could;
        part = part < tasks ? part : tasks;
        candidate->given += (uint32_t) part;
        tasks -= (uint32_t) part;
        sum -= could;
    }
    return tasks;
}

static void s_close_batch (dispatch_t *self, job_t *job, worker_record_t *worker, uint64_t serial,
                           size_t count)
{
    if (count == 0)
        return;
    lane_put_tasks (worker->lane, job->number, serial, &self->batch, count);
    buffer_clear (&self->batch);
}

//  A payload in parts has a frame of its own and waits until the lane is empty, because its frame
//  must not overtake what the job sends before.
static bool s_give_large (dispatch_t *self, job_t *job, uint32_t index, worker_record_t *worker)
{
    if (!lane_flush (worker->lane) || lane_has_unsent (worker->lane))
        return false;
    wire_lane_task_t task = {.index = index,
                             .attempt = job->tasks [index].attempt + 1u,
                             .expire_us = expiry_left_us (self->ctx, job, index)};
    ledger_lease (self->ctx->ledger, job, index, worker, ++self->ctx->serial);
    lane_put_large (worker->lane, job->number, self->ctx->serial, &task,
                    payloads_large_buffer (job->stock, index));
    return true;
}

//  A task that failed at this worker, or at another one on the same host, goes elsewhere if another
//  worker has a free slot now.
static bool s_avoids (const dispatch_t *self, const task_t *task, const worker_record_t *worker)
{
    if (task->failed == 0 || task->worker >= roster_entries (self->ctx->roster))
        return false;
    const worker_record_t *failed = roster_at (self->ctx->roster, task->worker);
    if (!failed || strcmp (failed->host, worker->host) != 0)
        return false;
    for (size_t i = 0; i < self->count; i++) {
        const worker_record_t *other = self->candidates [i].worker;
        if (s_free_slots (other) > 0 && strcmp (other->host, worker->host) != 0)
            return true;
    }
    return false;
}

//  Takes the next task that may go to the worker; tasks that should not go there are put aside.
//  False when there is none.
static bool s_dispatch_take (dispatch_t *self, job_t *job, const worker_record_t *worker,
                             uint32_t *index)
{
    while (job->ready > self->aside_count) {
        *index = job_take (job);
        if (self->aside_count == ASIDE_MAX || !s_avoids (self, &job->tasks [*index], worker))
            return true;
        self->aside [self->aside_count++] = *index;
        self->avoided = true;
    }
    return false;
}

static void s_put_aside_back (dispatch_t *self, job_t *job)
{
    while (self->aside_count)
        job_put_back (job, self->aside [--self->aside_count]);
}

//  Leases up to place->given tasks; returns how many.
static uint32_t s_dispatch_give (dispatch_t *self, job_t *job, const candidate_t *candidate)
{
    worker_record_t *worker = candidate->worker;
    if (s_is_recorded_first (self, job))
        lane_flush (worker->lane); //  Tasks that others get need not wait for the disk
    if (!job_announce (job, worker->index, worker->session))
        lane_put_job (worker->lane, job);
    uint64_t bytes_left = lane_free_bytes (worker->lane), first = self->ctx->serial + 1;
    uint32_t given = 0;
    size_t count = 0;
    uint32_t index;
    for (; given < candidate->given && s_dispatch_take (self, job, worker, &index); given++) {
        if (!payloads_is_here (job->stock, index)) {
            pager_fetch_payloads (self->ctx->pager, job, index);
            job_put_back (job, index);
            break;
        }
        view_t payload = payloads_get (job->stock, index);
        bool large = wire_parts_of (payload) != 0;
        size_t size = (large ? payloads_large (job->stock, index).size : payload.size) + 64;
        bool fits = size <= bytes_left || (worker->leased == 0 && !lane_has_unsent (worker->lane));
        if (large || !fits || self->batch.size + size > WIRE_BATCH_BYTES) {
            s_close_batch (self, job, worker, first, count);
            first = self->ctx->serial + 1;
            count = 0;
        }
        if (!fits || (large && !s_give_large (self, job, index, worker))) {
            job_put_back (job, index);
            break;
        }
        bytes_left -= size < bytes_left ? size : bytes_left;
        if (large) {
            first = self->ctx->serial + 1;
            continue;
        }
        wire_lane_task_t task = {.index = index,
                                 .attempt = job->tasks [index].attempt + 1u,
                                 .payload = payload,
                                 .expire_us = expiry_left_us (self->ctx, job, index)};
        wire_pack_lane_task (&self->batch, &task);
        ledger_lease (self->ctx->ledger, job, index, worker, ++self->ctx->serial);
        count++;
    }
    s_close_batch (self, job, worker, first, count);
    s_put_aside_back (self, job);
    if (given && s_is_recorded_first (self, job))
        durable_answers_hold_lane (self->ctx->journal, worker);
    return given;
}

//  Results that wait for the disk fill the worker's window and delay the results of other jobs.
static bool s_waits_for_disk (const dispatch_t *self, const job_t *job)
{
    return job->durable && self->ctx->results_bytes > CONTEXT_RESULTS_BYTES;
}

//  Gives tasks that must avoid their hosts to any other worker with a free slot; returns how many.
static uint32_t s_give_elsewhere (dispatch_t *self, job_t *job, uint32_t left)
{
    uint32_t given = 0;
    for (size_t i = 0; i < self->count && given < left; i++) {
        candidate_t *candidate = &self->candidates [i];
        uint32_t room = candidate->room - candidate->given,
                 free_slots = s_free_slots (candidate->worker);
        candidate->given = room < free_slots ? room : free_slots;
        if (candidate->given > left - given)
            candidate->given = left - given;
        if (candidate->given)
            given += s_dispatch_give (self, job, candidate);
    }
    return given;
}

//  Nothing of the job can be placed now. alone: other jobs with the same demand may still be
//  placed.
static void s_dispatch_pass (dispatch_t *self, job_t *job, bool alone)
{
    self->passes++;
    if (alone)
        ready_pass (self->ctx->ready, job);
    else
        ready_pass_all (self->ctx->ready, job);
}

static void s_place_job (dispatch_t *self, job_t *job)
{
    if (s_waits_for_disk (self, job)) {
        s_dispatch_pass (self, job, false);
        return;
    }
    if (job->expire_ms && ledger_settle_expire (self->ctx->ledger, job)) {
        s_dispatch_pass (self, job, true);
        return;
    }
    uint32_t wanted = job_admits (job), given = 0;
    if (wanted == 0) { //  All have expired, or were leased when the log was read
        ready_update (self->ctx->ready, job, false);
        return;
    }
    s_find_places (self, job);
    uint32_t left = s_share_out (self, wanted, false);
    if (left)
        s_share_out (self, left, true);
    self->avoided = false;
    for (size_t i = 0; i < self->count; i++)
        if (self->candidates [i].given)
            given += s_dispatch_give (self, job, &self->candidates [i]);
    if (self->avoided && given < wanted)
        given += s_give_elsewhere (self, job, wanted - given);
    if (given) {
        ready_served (self->ctx->ready, job);
        job->waiting_us = 0;
        job_status_tally (self->ctx, job);
        follower_touch (job, self->ctx); //  The number of running tasks has changed
    }
    if (given < wanted)
        s_dispatch_pass (self, job, s_dispatch_claim (self, job));
    ready_update (self->ctx->ready, job, false);
}

//  ---- recall -------------------------------------------------------------

//  Could the idle worker run a task that waits at the busy one? Chooses the newest of them.
static void s_dispatch_choose (dispatch_t *self, worker_record_t *busy, worker_record_t *idle,
                               uint32_t most, spans_t *chosen)
{
    ledger_t *ledger = self->ctx->ledger;
    uint32_t seen = 0, waiting = busy->leased - busy->slots, count = 0;
    for (size_t i = busy->leases_count; i > 0 && seen < waiting && count < most; i--) {
        const lease_t *lease = &busy->leases [i - 1];
        job_t *job = job_table_find (self->ctx->jobs, lease->job);
        const task_t *task = ledger_held (ledger, busy, job, lease->index, lease->serial);
        if (!task)
            continue;
        seen++;
        if (task->state != TASK_LEASED || job->ready > 0
            || !roster_fits (self->ctx->roster, idle, job))
            continue;
        spans_add (chosen, lease->serial);
        count++;
    }
}

static bool s_is_busy (const dispatch_t *self, const worker_record_t *worker)
{
    return worker && worker->state == WORKER_READY && worker->leased > worker->slots
           && worker->recall_until_us <= self->ctx->now_us && !lane_has_unsent (worker->lane);
}

//  Asks one busy worker to return tasks for the idle one. Returns when to check again, 0: nothing
//  waits.
static int64_t s_relieve (dispatch_t *self, worker_record_t *idle)
{
    int64_t again_us = 0;
    for (size_t i = 0; i < self->count; i++) {
        worker_record_t *busy = self->candidates [i].worker;
        if (!s_is_busy (self, busy))
            continue;
        int64_t due_us = busy->answered_us + RECALL_IDLE_US;
        if (due_us > self->ctx->now_us) {
            again_us = again_us == 0 || due_us < again_us ? due_us : again_us;
            continue;
        }
        uint32_t half = (busy->leased - busy->slots + 1) / 2;
        half = half < RECALL_MAX ? half : RECALL_MAX;
        spans_t chosen = {0};
        s_dispatch_choose (self, busy, idle, half, &chosen);
        if (chosen.count) {
            busy->recall_until_us = self->ctx->now_us + RECALL_WAIT_US;
            self->recall (self->owner, busy, &chosen);
            spans_free (&chosen);
            return busy->recall_until_us;
        }
    }
    return again_us;
}

//  Finds workers with more than they can run; reuses the list of places, which dispatch no longer
//  needs.
static void s_find_busy (dispatch_t *self)
{
    roster_t *roster = self->ctx->roster;
    self->count = 0;
    for (size_t i = 0; i < roster_entries (roster); i++)
        if (s_is_busy (self, roster_at (roster, i)))
            s_add_candidate (self, &(candidate_t){.worker = roster_at (roster, i)});
}

static void s_recall (dispatch_t *self)
{
    roster_t *roster = self->ctx->roster;
    int64_t again_us = 0;
    if (roster_count (roster) < 2)
        return;
    s_find_busy (self);
    for (size_t i = 0; i < roster_entries (roster) && self->count; i++) {
        worker_record_t *idle = roster_at (roster, i);
        if (!idle || idle->state != WORKER_READY || s_free_slots (idle) == 0
            || lane_free_tasks (idle->lane) == 0)
            continue;
        int64_t due_us = s_relieve (self, idle);
        again_us = again_us == 0 || (due_us && due_us < again_us) ? due_us : again_us;
    }
    if (again_us)
        timers_set (self->ctx->timers, &self->alarm, again_us);
}

void dispatch_run (dispatch_t *self)
{
    self->turn++;
    self->passes = 0;
    if (!ready_begin (self->ctx->ready))
        self->ctx->unfinished = true;
    s_find_open (self);
    job_t *job;
    while (self->open_count && self->passes < PASSES_MAX
           && (job = ready_pick (self->ctx->ready)) != NULL)
        s_place_job (self, job);
    s_recall (self);
}
