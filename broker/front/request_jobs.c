//  request_jobs.c - handlers of requests about jobs and their tasks

#include "broker/front/request_jobs.h"

#include <string.h>

#include "broker/delivery/pager.h"
#include "broker/diagnosis/explain.h"
#include "broker/front/front_session.h"
#include "broker/front/job_owner.h"
#include "broker/front/request.h"
#include "broker/ledger/deliver.h"
#include "common/pack.h"

#define TEXT_MAX (64u * 1024) //  Limit of a message or trace in a reply
#define RETRY_TASKS 1024u     //  Consecutive tasks checked
#define VISITS_RETRY 16u      //  Cost of a retried task, in visits
#define VISITS_CHANGE 64u     //  Cost of a job that is cancelled or forgotten
#define OLDER_MAX_MS (400ull * 24 * 60 * 60 * 1000)
#define VISITS_JOB 8u //  Cost of a check of a job, in visits of a task

static const char *s_kind_name (uint32_t kind)
{
    return kind == WIRE_KIND_CALL ? "call" : kind == WIRE_KIND_COMMAND ? "command" : "map";
}

static void s_pack_job (buffer_t *map, const context_t *ctx, const job_t *job)
{
    pack_map (map, 19);
    request_pair_uint (map, "job", job->number);
    request_pair_text (map, "name", job->name);
    request_pair_text (map, "kind", s_kind_name (job->kind));
    request_pair_text (map, "function", job->function);
    request_pair_text (map, "client", job->client_name);
    request_pair_text (map, "key", job_owner_key (ctx, job));
    request_pair_bool (map, "detached", job->detached);
    request_pair_bool (map, "durable", job->durable);
    request_pair_text (map, "state", job_state_name (job));
    request_pair_uint (map, "total", job->total);
    request_pair_uint (map, "waiting", (uint64_t) job->ready + job->delayed);
    request_pair_uint (map, "running", job->leased);
    request_pair_uint (map, "done", job->done);
    request_pair_uint (map, "failed", job->failed);
    pack_text (map, "priority");
    pack_int (map, job->priority);
    request_pair_uint (map, "limit", job->limit);
    request_pair_uint (map, "created_us", (uint64_t) job->created_us);
    request_pair_uint (map, "ended_us", (uint64_t) job->ended_us);
    request_pair_uint (map, "cut_outputs", job->keep ? result_log_cuts (job->keep) : 0);
}

//  `count` of a list: how many elements are wanted at most.
static uint64_t s_count (const request_t *self)
{
    uint64_t count;
    return request_uint (self, "count", &count) && count ? count : UINT32_MAX;
}

static void s_begin_list (request_t *self)
{
    uint64_t first = 0;
    request_uint (self, "first", &first);
    job_table_walk_from (self->ctx->jobs, &self->walk, first);
    self->at = job_table_last_number (self->ctx->jobs);
    self->left = s_count (self);
}

cadre_error_t request_jobs_list (request_t *self, fault_t *fault)
{
    (void) fault;
    view_t state;
    uint64_t first = 0;
    bool filter = request_text (self, "state", &state);
    request_uint (self, "first", &first);
    if (!self->begun)
        s_begin_list (self);
    for (const job_t *job;
         self->left && request_goes_on (self) && (job = job_table_step (&self->walk)) != NULL;) {
        request_spend (self, VISITS_JOB);
        //  Jobs that came later are not listed, so that the list ends
        if (job->number > self->at || job->number < first
            || (filter && !view_is (state, job_state_name (job)))
            || !job_owner_reaches (self->ctx, self->client, job))
            continue;
        s_pack_job (&self->items, self->ctx, job);
        request_element (self);
        self->left--;
    }
    if (!self->unfinished)
        request_end_list (self);
    return CADRE_OK;
}

cadre_error_t request_jobs_info (request_t *self, fault_t *fault)
{
    job_t *job;
    if (request_job (self, &job, fault))
        return fault->code;
    s_pack_job (&self->items, self->ctx, job);
    request_reply (self, CADRE_OK, "", wire_view_of (&self->items), false);
    return CADRE_OK;
}

static void s_reply_count (request_t *self, const char *key, uint64_t count)
{
    pack_map (&self->items, 1);
    request_pair_uint (&self->items, key, count);
    request_reply (self, CADRE_OK, "", wire_view_of (&self->items), false);
}

//  ---- one request for many jobs: those in a state, and that ended long enough ago -------------

static bool s_is_meant (const request_t *self, const job_t *job, view_t state, uint64_t older_ms)
{
    //  Jobs that came later are not meant, so that the request ends
    if (job->number > self->at || !view_is (state, job_state_name (job)))
        return false;
    bool old =
        !older_ms || (job->ended && self->ctx->now_us - job->over_us >= (int64_t) older_ms * 1000);
    return old && job_owner_reaches (self->ctx, self->client, job);
}

//  The next one; NULL at the end, or when the step is over (unfinished is set then).
static job_t *s_next_meant (request_t *self, view_t state)
{
    uint64_t older_ms = 0;
    job_t *job;
    if (request_uint (self, "older_ms", &older_ms) && older_ms > OLDER_MAX_MS)
        older_ms = OLDER_MAX_MS;
    if (!self->begun && !self->at) {
        job_table_walk (self->ctx->jobs, &self->walk);
        self->at = job_table_last_number (self->ctx->jobs);
    }
    while (request_goes_on (self) && (job = job_table_step (&self->walk)) != NULL) {
        request_spend (self, VISITS_JOB);
        if (s_is_meant (self, job, state, older_ms))
            return job;
    }
    return NULL;
}

//  The argument state, if the request is for many jobs: it names none.
static bool s_is_for_many (const request_t *self, view_t *state)
{
    uint64_t number;
    return !request_uint (self, "job", &number) && request_text (self, "state", state);
}

static cadre_error_t s_cancel_many (request_t *self, view_t state)
{
    for (job_t *job; (job = s_next_meant (self, state));) {
        request_spend (self, VISITS_CHANGE);
        self->found += ledger_jobs_cancel_all (self->ctx->ledger, job);
    }
    if (!self->unfinished)
        s_reply_count (self, "cancelled", self->found);
    return CADRE_OK;
}

cadre_error_t request_jobs_cancel (request_t *self, fault_t *fault)
{
    job_t *job;
    view_t state;
    uint32_t index = 0, count;
    uint64_t task;
    if (s_is_for_many (self, &state))
        return s_cancel_many (self, state);
    if (request_job (self, &job, fault))
        return fault->code;
    if (request_uint (self, "task", &task)) {
        if (request_task (self, job, &index, fault))
            return fault->code;
        count = ledger_jobs_cancel (self->ctx->ledger, job, index);
    } else
        count = ledger_jobs_cancel_all (self->ctx->ledger, job);
    s_reply_count (self, "cancelled", count);
    return CADRE_OK;
}

//  Retries failed tasks below end, in steps. Tasks that must still end as cancelled end first.
static void s_request_jobs_retry (request_t *self, job_t *job, uint64_t end)
{
    self->unfinished = ledger_jobs_is_reaping (job);
    while (!self->unfinished && self->at < end && request_goes_on (self)) {
        uint64_t next = self->at + RETRY_TASKS < end ? self->at + RETRY_TASKS : end;
        uint32_t count =
            ledger_jobs_retry_some (self->ctx->ledger, job, (uint32_t) self->at, (uint32_t) next);
        request_spend (self, (uint32_t) (next - self->at) + count * VISITS_RETRY);
        self->at = next;
        self->found += count;
    }
}

cadre_error_t request_jobs_retry (request_t *self, fault_t *fault)
{
    job_t *job;
    uint32_t index;
    uint64_t task;
    if (request_job (self, &job, fault))
        return fault->code;
    if (!job->detached)
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "job %llu is attached to client %s, which has its results: only detached jobs can be retried",
            (unsigned long long) job->number, job->client_name);
    if (authz_check_job (self->ctx->authz, self->client->peer, self->client->key, job->kind,
                         job->function, fault))
        return fault->code;
    bool one = request_uint (self, "task", &task);
    if (one && request_task (self, job, &index, fault))
        return fault->code;
    if (one && !self->begun)
        self->at = index;
    s_request_jobs_retry (self, job, one ? (uint64_t) index + 1 : job->total);
    if (!self->unfinished)
        s_reply_count (self, "tasks", self->found);
    return CADRE_OK;
}

//  A cancelled job need not be sealed: the client that would seal it may never return.
static bool s_request_jobs_has_ended (const job_t *job)
{
    bool cancelled = job->cancelled && job->leased == 0 && job->undelivered == 0
                     && job->done + job->failed == job->total;
    return cancelled || job_is_over (job);
}

static cadre_error_t s_forget_many (request_t *self, view_t state)
{
    for (job_t *job; (job = s_next_meant (self, state));) {
        if (!job->detached || !s_request_jobs_has_ended (job))
            continue;
        request_spend (self, VISITS_CHANGE);
        ledger_jobs_forget (self->ctx->ledger, job);
        self->found++;
    }
    if (!self->unfinished)
        s_reply_count (self, "jobs", self->found);
    return CADRE_OK;
}

cadre_error_t request_jobs_forget (request_t *self, fault_t *fault)
{
    job_t *job;
    view_t state;
    if (s_is_for_many (self, &state))
        return s_forget_many (self, state);
    if (request_job (self, &job, fault))
        return fault->code;
    if (!job->detached || !s_request_jobs_has_ended (job))
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "job %llu has tasks that have not ended: cancel it first: cadre job cancel %llu",
            (unsigned long long) job->number, (unsigned long long) job->number);
    ledger_jobs_forget (self->ctx->ledger, job);
    request_reply (self, CADRE_OK, "", (view_t){0}, false);
    return CADRE_OK;
}

//  Fields of a task's kept result, if it is in memory.
static bool s_kept (const job_t *job, uint32_t index, wire_result_t *result)
{
    result_log_record_t record;
    *result = (wire_result_t){0};
    if (!job->detached || job->kept_at [index] == 0 || job->tasks [index].state != TASK_DONE)
        return false;
    uint64_t position = job->kept_at [index] - 1;
    if (!result_log_read (job->keep, &position, &record))
        return false;
    cursor_t cursor = cursor_of_view (record.body);
    return cursor_uint (&cursor, &result->index) && cursor_uint (&cursor, &result->attempt)
           && cursor_uint (&cursor, &result->outcome) && cursor_int (&cursor, &result->code)
           && cursor_uint (&cursor, &result->run_us) && cursor_skip (&cursor, &result->value)
           && cursor_skip (&cursor, &result->detail);
}

static void s_pack_detail_text (buffer_t *map, const char *key, view_t detail)
{
    cursor_t cursor = cursor_find (detail, key);
    view_t text = {0};
    cursor_text (&cursor, &text);
    request_pair_cut (map, key, text, TEXT_MAX);
}

static void s_pack_task (const context_t *ctx, buffer_t *map, const job_t *job, uint32_t index,
                         bool all)
{
    const task_t *task = &job->tasks [index];
    wire_result_t result;
    const worker_record_t *worker =
        task_is_leased (task) && task->worker < roster_entries (ctx->roster)
            ? roster_at (ctx->roster, task->worker)
            : NULL;
    pack_map (map, all ? 12 : 9);
    request_pair_uint (map, "job", job->number);
    request_pair_uint (map, "index", index);
    request_pair_text (map, "state", task_state_name (task));
    request_pair_text (map, "outcome", cadre_outcome_text ((cadre_outcome_t) task_outcome (task)));
    pack_text (map, "code");
    pack_int (map, task->state == TASK_DONE ? task->code : 0);
    request_pair_uint (map, "attempts", task->attempt);
    request_pair_text (map, "worker", worker ? worker->name : "");
    request_pair_uint (map, "run_us", task_is_leased (task) ? 0 : task->run_us);
    request_pair_bool (map, "cut_output", job->keep && result_log_is_cut (job->keep, index));
    if (!all)
        return;
    s_kept (job, index, &result);
    s_pack_detail_text (map, "message", result.detail);
    s_pack_detail_text (map, "trace", result.detail);
    request_pair_uint (map, "lease", worker ? task->serial : 0);
}

//  The tasks that are listed.
typedef struct filter {
    bool by_state;    //  Filter by state
    view_t state;     //  Name of the state
    bool by_outcome;  //  Filter by outcome
    unsigned outcome; //  A cadre_outcome_t, or another number for an unknown name
} filter_t;

static filter_t s_filter (const request_t *self)
{
    filter_t filter = {.outcome = CADRE_OUTCOMES_COUNT};
    view_t outcome;
    filter.by_state = request_text (self, "state", &filter.state);
    filter.by_outcome = request_text (self, "outcome", &outcome);
    for (unsigned i = 0; filter.by_outcome && i < CADRE_OUTCOMES_COUNT; i++)
        if (view_is (outcome, cadre_outcome_text ((cadre_outcome_t) i)))
            filter.outcome = i;
    return filter;
}

//  The states with that name, as bits.
static unsigned s_states (const filter_t *filter)
{
    unsigned states = 0;
    for (unsigned state = TASK_DONE; state <= TASK_CANCELLING; state++)
        if (!filter->by_state
            || view_is (filter->state, task_state_name (&(task_t){.state = (uint8_t) state})))
            states |= 1u << state;
    return states;
}

//  The next task from at on that matches; false when there is none within this step.
static bool s_find_task (request_t *self, const job_t *job, const filter_t *filter, unsigned states)
{
    for (; self->at < job->total && request_goes_on (self); self->at++) {
        const task_t *task = &job->tasks [self->at];
        request_spend (self, 1);
        if (states & 1u << task->state
            && (!filter->by_outcome || task_outcome (task) == filter->outcome))
            return true;
    }
    return false;
}

cadre_error_t request_jobs_task_list (request_t *self, fault_t *fault)
{
    job_t *job;
    if (request_job (self, &job, fault))
        return fault->code;
    if (!self->begun) {
        request_uint (self, "first", &self->at);
        self->left = s_count (self);
    }
    filter_t filter = s_filter (self);
    unsigned states = s_states (&filter);
    for (; self->left && s_find_task (self, job, &filter, states); self->at++, self->left--) {
        s_pack_task (self->ctx, &self->items, job, (uint32_t) self->at, false);
        request_element (self);
    }
    if (!self->unfinished)
        request_end_list (self);
    return CADRE_OK;
}

//  Must its result be read back first?
static bool s_is_away (const job_t *job, uint32_t index)
{
    return job->detached && job->kept_at [index] && job->tasks [index].state == TASK_DONE
           && !result_log_is_here (job->keep, job->kept_at [index] - 1);
}

cadre_error_t request_jobs_task_info (request_t *self, fault_t *fault)
{
    job_t *job;
    uint32_t index;
    if (request_job (self, &job, fault) || request_task (self, job, &index, fault))
        return fault->code;
    if (s_is_away (job, index)) {
        pager_fetch_kept (self->ctx->pager, job, job->kept_at [index] - 1);
        self->later = true;
        return CADRE_OK;
    }
    s_pack_task (self->ctx, &self->items, job, index, true);
    request_reply (self, CADRE_OK, "", wire_view_of (&self->items), false);
    return CADRE_OK;
}

cadre_error_t request_jobs_task_explain (request_t *self, fault_t *fault)
{
    job_t *job;
    uint32_t index;
    char text [512];
    uint64_t number;
    if (request_job (self, &job, fault))
        return fault->code;
    bool comes =
        request_uint (self, "task", &number) && number >= job->total && number < job->promised;
    if (!comes && request_task (self, job, &index, fault))
        return fault->code;
    pack_map (&self->items, 1);
    request_pair_text (&self->items, "text",
                       comes ? "waits for the disk: it is not in the store yet"
                             : explain_task (self->ctx, job, index, text, sizeof text));
    request_reply (self, CADRE_OK, "", wire_view_of (&self->items), false);
    return CADRE_OK;
}

//  A quarantined task becomes a cancelled one, and is no longer listed as quarantined.
cadre_error_t request_jobs_task_drop (request_t *self, fault_t *fault)
{
    job_t *job;
    uint32_t index;
    if (request_job (self, &job, fault) || request_task (self, job, &index, fault))
        return fault->code;
    if (job->tasks [index].outcome != CADRE_OUTCOME_QUARANTINED || !job->detached)
        return fault_set (fault, CADRE_ERROR_REFUSED,
                          "task %llu.%u is not in quarantine: cadre task list %llu shows which are",
                          (unsigned long long) job->number, index,
                          (unsigned long long) job->number);
    self->unfinished = ledger_jobs_is_reaping (job);
    if (self->unfinished)
        return CADRE_OK;
    ledger_jobs_retry (self->ctx->ledger, job, index);
    s_reply_count (self, "dropped", ledger_jobs_cancel (self->ctx->ledger, job, index));
    return CADRE_OK;
}
