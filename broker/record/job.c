//  job.c - one job: its options, its tasks, and which of them may run

#include "broker/record/job.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "broker/core/budget.h"
#include "common/moving_mean.h"

#define SHED_BYTES (256u * 1024) //  Freed in one call
#define SHED_VISITS 2048u        //  Cost of that
#define FORGET_TASKS 65536u      //  So many successful tasks justify a system call
#define BYTES_A_US 100u //  Transfer through broker and worker, both ways, as total processor time
#define BYTES_A_US_DURABLE 60u //  The same by way of the disk
#define REPEAT_NS                                                                                  \
    4000u //  A try that is repeated costs broker and worker so much more: its detail, its delay

job_t *job_new (account_t *account)
{
    job_t *self = calloc (1, sizeof *self);
    assert (self);
    self->stock = payloads_new (account);
    self->account = account;
    job_weigh (self);
    return self;
}

//  Frees the pages from `from` to the end of an array; takes about as long as to allocate them
//  again.
static bool s_shed_array (job_t *self, void *array, size_t size, uint32_t *visits)
{
    uintptr_t page = (uintptr_t) sysconf (_SC_PAGESIZE),
              begin = ((uintptr_t) array + page - 1) / page * page;
    uintptr_t end = ((uintptr_t) array + size) / page * page;
    while (begin + self->shed < end && *visits) {
        size_t left = end - begin - self->shed, part = left < SHED_BYTES ? left : SHED_BYTES;
        madvise ((void *) (begin + self->shed), part, MADV_DONTNEED);
        self->shed += part;
        *visits -= *visits < SHED_VISITS ? *visits : SHED_VISITS;
    }
    return begin + self->shed >= end;
}

bool job_shed (job_t *self, uint32_t *visits)
{
    return payloads_shed (self->stock, visits)
           && (!self->keep || result_log_shed (self->keep, visits))
           && s_shed_array (self, self->tasks, self->capacity * sizeof (task_t), visits);
}

static size_t s_text_bytes (const char *text)
{
    return text ? strlen (text) + BUDGET_BLOCK_BYTES : 0;
}

//  Allocated size; doubles from 1.
static size_t s_lanes_capacity (const job_t *self)
{
    size_t capacity = self->lanes_count ? 1 : 0;
    while (capacity < self->lanes_count)
        capacity *= 2;
    return capacity;
}

//  What its tasks may need later: a delay and a place in the stack for each, where failed tries are
//  repeated. It is counted when tasks arrive, because nothing can be refused afterwards.
static size_t s_later_bytes (const job_t *self)
{
    for (size_t i = 0; i < CADRE_OUTCOMES_COUNT; i++)
        if (self->tries.again [i] && i != CADRE_OUTCOME_WORKER_LOST)
            return sizeof (delay_entry_t) + sizeof (uint32_t);
    return 0;
}

//  Per task, fixed when the first ones arrive.
static size_t s_task_bytes (const job_t *self)
{
    return sizeof (task_t) + (self->detached ? sizeof (uint64_t) : 0) + self->later_bytes;
}

//  What delays and stack use beyond that.
static size_t s_waiting_bytes (const job_t *self)
{
    size_t used =
        self->delays.capacity * sizeof (delay_entry_t) + self->stack_capacity * sizeof (uint32_t);
    size_t counted = (size_t) (self->total - self->forgotten) * self->later_bytes;
    return used > counted ? used - counted : 0;
}

void job_weigh (job_t *self)
{
    buffer_trim (&self->spec);
    buffer_trim (&self->open);
    size_t weight = sizeof *self + JOB_AROUND_BYTES + s_text_bytes (self->name)
                    + 3 * s_text_bytes (self->function) + s_text_bytes (self->client_name);
    for (size_t i = 0; i < self->needs_count; i++)
        weight += 3
                  * (s_text_bytes (self->needs [i])
                     + sizeof (char *)); //  What it requires is stored in two more places
    weight += self->spec.capacity + self->open.capacity + self->doom_detail.capacity;
    weight +=
        self->has.capacity * sizeof (wire_span_t) + self->arrivals_capacity * sizeof (arrival_t);
    weight += s_waiting_bytes (self) + s_lanes_capacity (self) * sizeof (job_lane_t);
    account_add (self->account, weight - self->weight);
    self->weight = weight;
}

void job_destroy (job_t **self_p)
{
    assert (self_p);
    job_t *self = *self_p;
    if (!self)
        return;
    assert (!self->queue && !self->demand && !self->followers && !self->settling && !self->changed);
    assert (self->delays.heap_index == 0);
    account_subtract (self->account,
                      self->weight + (self->total - self->forgotten) * s_task_bytes (self));
    payloads_destroy (&self->stock);
    result_log_destroy (&self->keep);
    for (size_t i = 0; i < self->needs_count; i++)
        free (self->needs [i]);
    free (self->needs);
    free (self->name);
    free (self->function);
    free (self->client_name);
    spans_free (&self->has);
    free (self->arrivals);
    buffer_free (&self->spec);
    buffer_free (&self->open);
    buffer_free (&self->doom_detail);
    free (self->tasks);
    free (self->kept_at);
    free (self->stack);
    free (self->lanes);
    free (self);
    *self_p = NULL;
}

//  Grows by half, because a job of millions of tasks should not hold twice what it needs. Pages
//  that were never used take up no memory and are not counted.
static void s_job_reserve (job_t *self, size_t count)
{
    size_t wanted = (size_t) self->total + count;
    if (wanted <= self->capacity)
        return;
    size_t capacity = (size_t) self->capacity + self->capacity / 2;
    if (capacity < wanted)
        capacity = wanted;
    if (capacity > WIRE_TASKS_MAX)
        capacity = WIRE_TASKS_MAX;
    self->tasks = realloc (self->tasks, capacity * sizeof (task_t));
    assert (self->tasks);
    if (self->detached) {
        self->kept_at = realloc (self->kept_at, capacity * sizeof (uint64_t));
        assert (self->kept_at);
    }
    self->capacity = (uint32_t) capacity;
}

void job_append (job_t *self, const wire_list_t *payloads, const payloads_location_t *location)
{
    assert (payloads->count <= WIRE_TASKS_MAX - self->total);
    if (payloads->count == 0) //  A frame may contain none, and there may be no block yet
        return;
    if (self->total == 0)
        self->later_bytes = s_later_bytes (self);
    s_job_reserve (self, payloads->count);
    for (uint32_t i = self->total; i < self->total + payloads->count; i++)
        self->tasks [i] = (task_t){.state = TASK_READY};
    if (self->detached)
        memset (self->kept_at + self->total, 0, payloads->count * sizeof (uint64_t));
    payloads_append (self->stock, self->total, payloads, location);
    account_add (self->account, payloads->count * s_task_bytes (self));
    self->total += (uint32_t) payloads->count;
    self->ready += (uint32_t) payloads->count;
}

static uintptr_t s_page_of (const job_t *self, uint32_t index, uintptr_t page)
{
    return (uintptr_t) &self->tasks [index] / page * page;
}

//  The pages in between remain, as zeros without memory.
void job_note_end (job_t *self)
{
    while (self->past < self->total && self->tasks [self->past].state == TASK_DONE
           && self->tasks [self->past].outcome == CADRE_OUTCOME_OK)
        self->past++;
    if (self->past - self->forgotten < FORGET_TASKS)
        return;
    uintptr_t page = (uintptr_t) sysconf (_SC_PAGESIZE);
    uintptr_t from = s_page_of (self, self->forgotten, page) + (self->forgotten ? 0 : page);
    madvise ((void *) from, s_page_of (self, self->past, page) - from, MADV_DONTNEED);
    account_subtract (self->account, (self->past - self->forgotten) * s_task_bytes (self));
    self->forgotten = self->past;
}

uint32_t job_take (job_t *self)
{
    assert (self->ready > 0);
    while (self->stack_count) {
        uint32_t index = self->stack [--self->stack_count];
        if (self->tasks [index].state == TASK_READY)
            return index;
    }
    for (;;) {
        assert (self->next < self->total);
        uint32_t index = self->next++;
        if (self->tasks [index].state == TASK_READY)
            return index;
    }
}

void job_put_back (job_t *self, uint32_t index)
{
    if (index >= self->next)
        return;
    if (self->stack_count == self->stack_capacity) {
        self->stack_capacity = self->stack_capacity ? self->stack_capacity * 2 : 16;
        self->stack = realloc (self->stack, self->stack_capacity * sizeof (uint32_t));
        assert (self->stack);
        job_weigh (self);
    }
    self->stack [self->stack_count++] = index;
}

uint32_t job_admits (const job_t *self)
{
    if (self->doom || self->abandoned)
        return 0;
    if (self->limit == 0)
        return self->ready;
    uint32_t left = self->leased < self->limit ? self->limit - self->leased : 0;
    return left < self->ready ? left : self->ready;
}

bool job_is_over (const job_t *self)
{
    if (self->abandoned)
        return self->leased == 0;
    return self->sealed && self->done + self->failed == self->total && self->undelivered == 0;
}

const char *job_state_name (const job_t *self)
{
    if (self->cancelled)
        return "cancelled";
    if (!self->sealed)
        return "open";
    return job_is_over (self) ? "done" : "active";
}

bool job_announce (job_t *self, uint32_t worker, uint64_t session)
{
    for (size_t i = 0; i < self->lanes_count; i++)
        if (self->lanes [i].worker == worker) {
            bool known = self->lanes [i].session == session;
            self->lanes [i].session = session;
            return known;
        }
    if ((self->lanes_count & (self->lanes_count - 1)) == 0) {
        size_t capacity = self->lanes_count ? self->lanes_count * 2 : 1;
        self->lanes = realloc (self->lanes, capacity * sizeof (job_lane_t));
        assert (self->lanes);
    }
    self->lanes [self->lanes_count++] = (job_lane_t){.worker = worker, .session = session};
    job_weigh (self);
    return false;
}

void job_measure_bytes (job_t *self, uint32_t index, size_t result_bytes)
{
    size_t bytes = result_bytes + payloads_size (self->stock, index)
                   + payloads_large_size (self->stock, index);
    int64_t sample = bytes < INT32_MAX ? (int64_t) bytes : INT32_MAX;
    self->mean_bytes =
        (uint32_t) (self->mean_us ? moving_mean_after (self->mean_bytes, sample) : sample);
}

void job_measure (job_t *self, uint64_t run_us)
{
    int64_t sample = run_us < 1 ? 1 : run_us > INT32_MAX ? INT32_MAX : (int64_t) run_us;
    self->mean_us = (uint32_t) (self->mean_us ? moving_mean_after (self->mean_us, sample) : sample);
}

void job_measure_repeat (job_t *self, bool repeats)
{
    self->mean_repeats =
        (uint32_t) moving_mean_after (self->mean_repeats, repeats ? JOB_REPEATS_ALL : 0);
}

uint32_t job_cost_ns (const job_t *self)
{
    if (self->mean_us == 0)
        return JOB_COST_USUAL_NS;
    uint64_t run_ns = self->mean_us * UINT64_C (1000);
    uint64_t cost_ns =
        run_ns + (uint64_t) REPEAT_NS * self->mean_repeats / JOB_REPEATS_ALL
        + self->mean_bytes * UINT64_C (1000) / (self->durable ? BYTES_A_US_DURABLE : BYTES_A_US);
    if (run_ns <= JOB_COST_USUAL_NS && cost_ns > JOB_COST_USUAL_NS)
        return JOB_COST_USUAL_NS;
    return cost_ns < UINT32_MAX ? (uint32_t) cost_ns : UINT32_MAX;
}

bool job_runs_once (const job_t *self)
{
    return self->tries.again [CADRE_OUTCOME_WORKER_LOST] == 0;
}
