//  ledger.c - the jobs, and every change of a task's state

#include "broker/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/budget.h"
#include "broker/delay.h"
#include "broker/deliver.h"
#include "broker/detail.h"
#include "broker/expiry.h"
#include "broker/ghosts.h"
#include "broker/journal.h"
#include "broker/ledger_own.h"
#include "broker/log_index.h"
#include "broker/ready.h"
#include "broker/settle_queue.h"

ledger_t *ledger_new (hub_t *hub)
{
    ledger_t *self = calloc (1, sizeof *self);
    assert (self);
    self->hub = hub;
    hub->jobs = job_table_new ();
    hub->ghosts = ghosts_new (budget_ghosts (hub), &hub->ghost_bytes);
    hub->log_index = log_index_new (hub->ghosts);
    return self;
}

void ledger_destroy (ledger_t **self_p)
{
    assert (self_p);
    ledger_t *self = *self_p;
    if (!self)
        return;
    for (job_t *job; (job = job_table_first (self->hub->jobs)) != NULL;) {
        job->leased = 0;
        ledger_drop (self, job);
    }
    while (self->gone)
        ledger_free_gone (self);
    log_index_destroy (&self->hub->log_index);
    ghosts_destroy (&self->hub->ghosts);
    job_table_destroy (&self->hub->jobs);
    free (self);
    *self_p = NULL;
}

//  Its client does not read, or nobody fetches and forgets what is kept in memory, and there is no room for more.
bool ledger_is_resting (const hub_t *hub, const job_t *job)
{
    if (job->owner)
        return job->owner->stalled;
    return hub->full && job->detached && !job->durable;
}

bool ledger_has_attached (const ledger_t *self)
{
    return self->attached > 0;
}

void ledger_tally (ledger_t *self, job_t *job)
{
    uint32_t came = job->promised > job->total ? job->promised : job->total;
    uint32_t waiting = job->ready + job->delayed, open = came - job->done - job->failed;
    self->hub->tasks_waiting += (uint64_t) waiting - job->told_waiting;
    job->share->open += (uint64_t) open - job->told_open;
    job->told_waiting = waiting;
    job->told_open = open;
    ledger_count_attached (self, job);
}

void ledger_count_attached (ledger_t *self, job_t *job)
{
    bool waits = job->owner && (job->sealed || job->done + job->failed < job->total);
    self->attached += (size_t) waits - job->told_attached;
    job->told_attached = waits;
}

//  Jobs enter and leave the ready ones here, after every change of their counts.
void ledger_update (ledger_t *self, job_t *job)
{
    ledger_tally (self, job);
    ready_update (self->hub->ready, job, ledger_is_resting (self->hub, job));
    if (job->owner) {
        client_changed (job->owner, job);
        client_touch (job->owner, self->hub);
    } else
        follower_touch (job, self->hub);
}

journal_t *ledger_journal (const ledger_t *self, const job_t *job)
{
    return job->durable ? self->hub->journal : NULL;
}

static void s_skip_one (job_t *job, uint32_t index)
{
    task_step (&job->tasks [index], TASK_DONE);
    job->tasks [index].outcome = CADRE_OUTCOME_OK;
    job->ready--;
    job->done++;
    stock_release (job->stock, index);
}

//  Results that the client has from a broker before are not made again. Both go up: each span, and each task, is looked at once.
static void s_skip_ended (job_t *job, uint32_t first)
{
    for (uint64_t at = first; job->has_at < job->has.count; job->has_at++) {
        const wire_span_t *span = &job->has.spans [job->has_at];
        uint64_t end = span->first + span->count;
        for (at = span->first > at ? span->first : at; at < end && at < job->total; at++)
            s_skip_one (job, (uint32_t) at);
        if (end > job->total)
            return;
    }
}

void ledger_append (ledger_t *self, job_t *job, const wire_list_t *payloads, const stock_place_t *place)
{
    uint32_t first = job->total;
    job_append (job, payloads, place, &self->hub->job_bytes);
    s_skip_ended (job, first);
    if (place && first > job->next && hub_is_tight (self->hub))
        stock_spill (job->stock);
    if (job->expire_ms)
        expiry_note (self->hub, job, job->came_us ? job->came_us : self->hub->now_us);
    job->came_us = 0;
    ledger_update (self, job);
    if (job->doom)
        settle_queue_add (self->hub, job);
}

void ledger_seal (ledger_t *self, job_t *job)
{
    job->sealed = true;
    ledger_count_attached (self, job);
    settle_queue_add (self->hub, job);
}

//  A task that runs long takes up its slot, and no more than that.
static uint32_t s_share (uint32_t cost_us)
{
    return cost_us < JOB_COST_USUAL_US ? cost_us : JOB_COST_USUAL_US;
}

void ledger_lease (ledger_t *self, job_t *job, uint32_t index, agent_t *agent, uint64_t serial)
{
    task_t *task = &job->tasks [index];
    task_step (task, TASK_LEASED);
    task->serial = serial;
    task->agent = agent->place;
    if (task->attempt < WIRE_ATTEMPTS_MAX)
        task->attempt++;
    job->ready--;
    job->leased++;
    task->cost_us = job_cost_us (job);
    job->share->work += s_share (task->cost_us);
    agent->work_us += task->cost_us;
    agent->leased++;
    agent->sent++;
    uint32_t at_s = (uint32_t) ((self->hub->now_us - self->hub->started_us) / 1000000);
    agent_note_lease (agent, &(lease_t){.job = job->number, .serial = serial, .index = index, .at_s = at_s});
    if (ledger_journal (self, job))
        journal_leases (self->hub->journal, job, agent, serial, index);
}

task_t *ledger_held (ledger_t *self, const agent_t *agent, job_t *job, uint64_t index, uint64_t serial)
{
    (void) self;
    if (!job || index >= job->total)
        return NULL;
    task_t *task = &job->tasks [index];
    bool held = task_is_leased (task) && task->serial == serial && task->agent == agent->place;
    return held ? task : NULL;
}

//  The lease is over: counts, whatever comes next.
void ledger_unlease (ledger_t *self, job_t *job, agent_t *agent, uint32_t index)
{
    task_t *task = &job->tasks [index];
    assert (job->leased > 0 && agent->leased > 0 && agent->work_us >= task->cost_us);
    job->leased--;
    job->cancelling -= task->state == TASK_CANCELLING;
    job->share->work -= s_share (task->cost_us);
    ready_eased (self->hub->ready, job->share);
    agent->work_us -= task->cost_us;
    agent->leased--;
    task->run_us = 0;
}

static void s_release_payload (ledger_t *self, job_t *job, uint32_t index)
{
    if (ledger_journal (self, job))
        journal_release_payload (self->hub->journal, job, index);
    stock_release (job->stock, index);
}

//  The task has its outcome.
static void s_end (ledger_t *self, job_t *job, uint32_t index, unsigned outcome)
{
    task_t *task = &job->tasks [index];
    task_step (task, TASK_DONE);
    task->outcome = outcome & 15;
    task->code = 0;
    bool well = outcome == CADRE_OUTCOME_OK;
    if (well) {
        job->done++;
        self->hub->tasks_done++;
        self->hub->memory_done += !job->durable;
    } else {
        job->failed++;
        self->hub->tasks_failed++;
    }
    if (well || !job->detached)
        s_release_payload (self, job, index);
    if (well && !job->detached)
        job_note_end (job, &self->hub->job_bytes);
    if (job_is_over (job))
        settle_queue_add (self->hub, job);
}

//  Ends a task in the broker's own words.
void ledger_end (ledger_t *self, job_t *job, uint32_t index, unsigned outcome, view_t detail)
{
    task_t *task = &job->tasks [index];
    if (task->state == TASK_READY)
        job->ready--;
    else if (task->state == TASK_DELAYED)
        job->delayed--;
    s_end (self, job, index, outcome);
    buffer_t tail = {0}, none = {0};
    detail_pack_tail (&tail, outcome, detail);
    wire_result_t result = {.index = index, .attempt = task->attempt, .outcome = outcome, .detail = detail};
    deliver_result (self->hub, job, &result, wire_view_of (&tail), &none);
    buffer_free (&tail);
    ledger_update (self, job);
}

static void s_make_ready (ledger_t *self, job_t *job, uint32_t index)
{
    task_step (&job->tasks [index], TASK_READY);
    job->ready++;
    job_put_back (job, index);
    ledger_update (self, job);
}

static bool s_may_repeat (const job_t *job, const task_t *task)
{
    return task->state == TASK_LEASED && !job->doom && !job->abandoned;
}

//  A try failed and there are more: true.
static bool s_repeat_now (ledger_t *self, job_t *job, uint32_t index, uint64_t outcome, int64_t *wait_p)
{
    task_t *task = &job->tasks [index];
    if (!s_may_repeat (job, task) || !tries_allow (&job->tries, task_tried (task), outcome))
        return false;
    int64_t wait_us = *wait_p = tries_wait_us (&job->tries, task_tried (task), outcome, (uint32_t) random ());
    if (outcome == CADRE_OUTCOME_WORKER_LOST)
        task->lost++;
    else
        task->failed++;
    if (wait_us == 0) {
        s_make_ready (self, job, index);
        return true;
    }
    task_step (task, TASK_DELAYED);
    job->delayed++;
    task->due_us = self->hub->now_us + wait_us;
    delay_add (self->hub->delay, task->due_us, job->number, index);
    ledger_update (self, job);
    return true;
}

void ledger_delay (ledger_t *self, job_t *job, uint32_t index, int64_t wait_us)
{
    task_t *task = &job->tasks [index];
    if (task->state != TASK_READY)
        return;
    task_step (task, TASK_DELAYED);
    job->ready--;
    job->delayed++;
    task->due_us = self->hub->now_us + wait_us;
    delay_add (self->hub->delay, task->due_us, job->number, index);
    ledger_update (self, job);
}

static bool s_repeat (ledger_t *self, job_t *job, uint32_t index, uint64_t outcome)
{
    int64_t wait_us = 0;
    bool repeats = s_repeat_now (self, job, index, outcome, &wait_us);
    if (repeats && ledger_journal (self, job))
        journal_again (self->hub->journal, job, index, wait_us);
    return repeats;
}

//  Did it come to an end without taking its slot along? What a slot costs is not in its run time.
static bool s_is_measure (const job_t *job, uint64_t outcome)
{
    if (outcome == CADRE_OUTCOME_EXIT || outcome == CADRE_OUTCOME_SIGNAL)
        return job->kind == WIRE_KIND_COMMAND;
    return outcome == CADRE_OUTCOME_OK || outcome == CADRE_OUTCOME_ERROR || outcome == CADRE_OUTCOME_TIMEOUT;
}

//  It had tries left, but what it does to slots is worse than a failure.
static bool s_is_quarantined (const job_t *job, const task_t *task, uint64_t outcome)
{
    return s_may_repeat (job, task) && tries_allow (&job->tries, task_tried (task), outcome)
           && tries_is_deadly (task_tried (task), outcome, job->kind == WIRE_KIND_COMMAND);
}

bool ledger_result (ledger_t *self, agent_t *agent, const wire_sink_result_t *result, view_t tail,
                    buffer_t *large)
{
    job_t *job = job_table_find (self->hub->jobs, result->job);
    task_t *task = ledger_held (self, agent, job, result->index, result->serial);
    if (!task) {
        self->hub->stale_results++;
        buffer_free (large);
        return false;
    }
    uint32_t index = (uint32_t) result->index;
    ledger_unlease (self, job, agent, index);
    task->run_us = result->run_us > UINT32_MAX ? UINT32_MAX : (uint32_t) result->run_us;
    agent->answered++;
    agent->answered_us = self->hub->now_us;
    if (s_is_measure (job, result->outcome)) {
        job_measure_bytes (job, index, tail.size + large->size);
        job_measure (job, result->run_us);
    }
    if (result->outcome == CADRE_OUTCOME_OK)
        agent->done++;
    else {
        agent->failed++;
        bool deadly = s_is_quarantined (job, task, result->outcome);
        if (!deadly && s_repeat (self, job, index, result->outcome)) {
            buffer_free (large);
            return true;
        }
        if (deadly) {
            buffer_free (large);
            ledger_quarantine (self, job, index, result);
            return true;
        }
    }
    s_end (self, job, index, (unsigned) result->outcome);
    task->code = result->code;
    wire_result_t ended = {.index = index,
                           .attempt = task->attempt,
                           .outcome = result->outcome,
                           .code = result->code,
                           .run_us = result->run_us,
                           .value = result->value,
                           .detail = result->detail};
    deliver_result (self->hub, job, &ended, tail, large);
    ledger_update (self, job);
    return true;
}

//  A task comes back untried.
static void s_come_back (ledger_t *self, job_t *job, uint32_t index)
{
    task_t *task = &job->tasks [index];
    if (task->attempt > 0)
        task->attempt--;
    if (s_may_repeat (job, task)) {
        s_make_ready (self, job, index);
        if (index < job->expired) { //  It was passed over while it was away
            job->expired = index;
            settle_queue_add (self->hub, job);
        }
        if (ledger_journal (self, job))
            journal_again (self->hub->journal, job, index, 0);
    } else
        ledger_end (self, job, index, job->doom ? job->doom : CADRE_OUTCOME_CANCELLED,
                    wire_view_of (&job->doom_detail));
}

static void s_lose_one (ledger_t *self, agent_t *agent, job_t *job, uint32_t index)
{
    task_t *task = &job->tasks [index];
    ledger_unlease (self, job, agent, index);
    if (s_repeat (self, job, index, CADRE_OUTCOME_WORKER_LOST))
        return;
    buffer_t detail = {0};
    char message [HUB_NAME_BYTES + 128];
    snprintf (message, sizeof message, "worker %s was lost %s, and no tries are left", agent->name,
              task->lost ? "as others before it" : "while it had the task");
    bool cancelled = task->state == TASK_CANCELLING;
    if (!cancelled)
        detail_pack (&detail, "worker-lost", message, agent->name);
    ledger_end (self, job, index, cancelled ? CADRE_OUTCOME_CANCELLED : CADRE_OUTCOME_WORKER_LOST,
                wire_view_of (&detail));
    buffer_free (&detail);
}

bool ledger_return (ledger_t *self, agent_t *agent, const wire_lease_t *lease)
{
    job_t *job = job_table_find (self->hub->jobs, lease->job);
    if (!ledger_held (self, agent, job, lease->index, lease->serial)) {
        self->hub->stale_results++;
        return false;
    }
    if (lease->begun && job_runs_once (job)) {
        s_lose_one (self, agent, job, (uint32_t) lease->index);
        return true;
    }
    ledger_unlease (self, job, agent, (uint32_t) lease->index);
    agent->answered++;
    s_come_back (self, job, (uint32_t) lease->index);
    return true;
}

void ledger_lose (ledger_t *self, agent_t *agent, const spans_t *kept, bool free_of_cost)
{
    size_t left = 0;
    for (size_t i = 0; i < agent->leases_count; i++) {
        lease_t lease = agent->leases [i];
        job_t *job = job_table_find (self->hub->jobs, lease.job);
        if (!ledger_held (self, agent, job, lease.index, lease.serial))
            continue;
        if (kept && spans_hold (kept, lease.serial)) {
            agent->leases [left++] = lease;
            continue;
        }
        //  Who registers anew, or has drained, has not begun it
        bool begun = !kept && agent->state != AGENT_DRAINING;
        bool guilty = job->tasks [lease.index].breaches > 0;
        if (free_of_cost && !guilty && !(begun && job_runs_once (job))) {
            ledger_unlease (self, job, agent, lease.index);
            s_come_back (self, job, lease.index);
        } else
            s_lose_one (self, agent, job, lease.index);
    }
    agent->leases_count = left;
    assert (agent->leased == left);
}

void ledger_compact_leases (ledger_t *self, agent_t *agent)
{
    if (agent->leases_count < 1024 || agent->leases_count < 2 * (size_t) agent->leased)
        return;
    size_t left = 0;
    for (size_t i = 0; i < agent->leases_count; i++) {
        const lease_t *lease = &agent->leases [i];
        job_t *job = job_table_find (self->hub->jobs, lease->job);
        if (ledger_held (self, agent, job, lease->index, lease->serial))
            agent->leases [left++] = *lease;
    }
    agent->leases_count = left;
}

void ledger_wake (void *owner, uint64_t number, uint32_t index)
{
    ledger_t *self = owner;
    job_t *job = job_table_find (self->hub->jobs, number);
    if (job && index == EXPIRY_INDEX)
        ledger_expire (self, job);
    else if (job && index < job->total && job->tasks [index].state == TASK_DELAYED) {
        job->delayed--;
        s_make_ready (self, job, index);
    }
}

void ledger_release (ledger_t *self, job_t *job, uint32_t index)
{
    task_t *task = &job->tasks [index];
    if (!task_is_leased (task))
        return;
    agent_t *agent = roster_at (self->hub->roster, task->agent);
    ledger_unlease (self, job, agent, index);
    //  Who was told to end it does not give it back, but a log that is read may
    if (task->state == TASK_CANCELLING)
        task_step (task, TASK_DONE);
    s_make_ready (self, job, index);
}

void ledger_close (ledger_t *self, job_t *job, uint32_t index, unsigned outcome)
{
    job->ready--;
    s_end (self, job, index, outcome);
    ledger_update (self, job);
}
