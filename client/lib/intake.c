//  intake.c - handles the frames of the broker

#include "client/lib/intake.h"

#include "client/lib/pool/request.h"
#include "client/lib/work/work_again.h"
#include "client/lib/work/work_private.h"

static work_t *s_intake_find (cadre_t *pool, uint64_t ref)
{
    if (pool->last_work && pool->last_work->ref == ref)
        return pool->last_work;
    work_t *work = NULL;
    HASH_FIND (hh, pool->works, &ref, sizeof ref, work);
    if (work)
        pool->last_work = work;
    return work;
}

static bool s_on_opened (cadre_t *pool, cursor_t body)
{
    wire_job_opened_t opened;
    if (!wire_read_job_opened (&body, &opened))
        return false;
    work_t *work = s_intake_find (pool, opened.ref);
    if (!work || work->final)
        return true;
    if (opened.code == 0 && work->asking) {
        work_again_answer (work, opened.number);
        return true;
    }
    if (opened.code == 0) {
        work->number = opened.number;
        work->listener->changed (work);
        return true;
    }
    cadre_error_t code =
        opened.code < CADRE_ERROR_END ? (cadre_error_t) opened.code : CADRE_ERROR_REFUSED;
    fault_t fault = {0};
    fault_set (&fault, code, "%.*s", (int) (opened.message.size < 500 ? opened.message.size : 500),
               opened.message.size ? (const char *) opened.message.data : "");
    work_fail (work, &fault);
    return true;
}

//  Is this the first result of that task? A repeated one was received before the broker was
//  restarted.
static bool s_is_first (work_t *self, const wire_result_t *record)
{
    uint32_t index = (uint32_t) record->index;
    if (self->follow)
        return dedup_result (&self->heard, index, record->attempt);
    bulk_t *spent = unacked_hold_large (&self->kept, index);
    bool first = unacked_end (&self->kept, index);
    if (spent)
        pool_spend (self->pool, spent);
    if (!first)
        return false;
    //  Its output at the earlier broker is void, although it has written nothing since
    if (dedup_ends (&self->heard, index)) {
        wire_output_t nothing = {
            .index = index, .attempt = record->attempt, .stream = WIRE_STREAM_STDOUT};
        self->listener->output (self, &nothing, true);
    }
    return true;
}

//  lacked: size of a value that could not be allocated, 0: none.
static bool s_take_result (work_t *self, const wire_result_t *record, buffer_t *whole,
                           uint64_t lacked)
{
    result_t result;
    if (self->follow ? record->index > WIRE_TASKS_MAX : record->index >= self->sent)
        return false;
    bool fine = lacked        ? result_lacking (&result, record, lacked)
                : whole->size ? result_of_whole (&result, record, whole)
                              : result_of (&result, record, record->value);
    if (!fine)
        return false;
    if (s_is_first (self, record)) {
        self->ended++;
        work_enter_undo (self, (uint32_t) record->index, false);
        self->listener->result (self, (uint32_t) record->index, &result);
    } else
        result_free (&result);
    return true;
}

static bool s_intake_on_result (cadre_t *pool, cursor_t *cursor)
{
    wire_result_t record;
    if (!wire_read_result (cursor, &record))
        return false;
    buffer_t whole = {0};
    uint64_t parts = wire_parts_of (record.value);
    uint64_t lacked = parts ? session_put_lacked_parts (pool_session (pool), parts) : 0;
    if (parts && !lacked && !session_put_take_parts (pool_session (pool), parts, &whole))
        return false;
    work_t *work = s_intake_find (pool, record.ref);
    bool fine = !work || work->final || s_take_result (work, &record, &whole, lacked);
    buffer_free (&whole);
    return fine;
}

static bool s_on_results (cadre_t *pool, cursor_t body)
{
    wire_results_t results;
    if (!wire_read_results (&body, &results))
        return false;
    cursor_t cursor = cursor_of_view (results.results.values);
    for (size_t i = 0; i < results.results.count; i++)
        if (!s_intake_on_result (pool, &cursor))
            return false;
    return true;
}

static bool s_intake_on_output (cadre_t *pool, cursor_t body)
{
    wire_output_t output;
    if (!wire_read_output (&body, &output) || output.stream < WIRE_STREAM_STDOUT
        || output.stream > WIRE_STREAM_PARTIAL)
        return false;
    work_t *work = s_intake_find (pool, output.ref);
    if (!work || work->final)
        return true;
    if (work->follow ? output.index > WIRE_TASKS_MAX : output.index >= work->count)
        return false;
    if (!work->follow) {
        bool anew = dedup_writes (&work->heard, (uint32_t) output.index);
        work->listener->output (work, &output, anew);
    } else if (dedup_output (&work->heard, &output))
        work->listener->output (work, &output, false);
    return true;
}

//  A detached job may have ended before it was opened here: the broker compares the remaining
//  frames and sends its last state afterwards.
static bool s_has_all (const work_t *self)
{
    return !self->detached || self->follow || self->settled || (self->sealed && work_synced (self));
}

static void s_conclude (work_t *self)
{
    if (!self->over || self->final)
        return;
    self->final = s_has_all (self);
    self->pool->over = self->pool->over || !self->final;
}

static bool s_intake_on_beat (cadre_t *pool)
{
    if (!pool->over)
        return true;
    pool->over = false;
    for (work_t *work = pool->works, *next; work; work = next) {
        next = work->hh.next;
        bool before = work->final;
        s_conclude (work);
        if (work->final != before)
            work->listener->changed (work);
    }
    return true;
}

//  Is this the last state of a job that ends with this session, although results are missing? They
//  will not come.
static bool s_lacks_results (const work_t *self, const wire_job_state_t *state)
{
    return state->final && !self->detached && !self->follow && self->ended < self->sent;
}

static void s_ended_early (work_t *self)
{
    fault_t fault = {0};
    fault_set (
        &fault, CADRE_ERROR_PROTOCOL,
        "the broker at %s ended the job before its tasks: use the same release on both sides",
        pool_address (self->pool));
    work_fail (self, &fault);
}

static bool s_on_state (cadre_t *pool, cursor_t body)
{
    wire_job_state_t state;
    if (!wire_read_job_state (&body, &state))
        return false;
    work_t *work = s_intake_find (pool, state.ref);
    if (!work || work->final)
        return true;
    work->number = state.number;
    work->progress =
        (cadre_progress_t){state.total, state.waiting, state.running, state.done, state.failed};
    if (s_lacks_results (work, &state)) {
        s_ended_early (work);
        return true;
    }
    work->over = state.final;
    s_conclude (work);
    work->notice [0] = 0;
    work->listener->changed (work);
    return true;
}

static bool s_on_notice (cadre_t *pool, cursor_t body)
{
    wire_notice_t notice;
    if (!wire_read_notice (&body, &notice))
        return false;
    work_t *work = s_intake_find (pool, notice.ref);
    if (!work || work->final)
        return true;
    view_copy (notice.message, work->notice, sizeof work->notice);
    work->listener->noticed (work, notice.code < CADRE_ERROR_END ? (cadre_error_t) notice.code
                                                                 : CADRE_ERROR_INTERNAL);
    return true;
}

bool intake_frame (cadre_t *pool, uint8_t verb, cursor_t body)
{
    switch (verb) {
    case WIRE_results: return s_on_results (pool, body);
    case WIRE_output: return s_intake_on_output (pool, body);
    case WIRE_job_opened: return s_on_opened (pool, body);
    case WIRE_job_state: return s_on_state (pool, body);
    case WIRE_notice: return s_on_notice (pool, body);
    case WIRE_beat: return s_intake_on_beat (pool);
    case WIRE_reply: return request_take_reply (pool, body);
    default: return true;
    }
}
