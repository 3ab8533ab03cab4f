//  work.c - a job as the connection sees it

#include "client/lib/work_own.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/entropy.h"

static void s_enter (work_t *self, cadre_t *pool, const work_listener_t *listener)
{
    self->pool = pool;
    self->listener = listener;
    self->batch.checked = true;
    self->ref = ++pool->last_ref;
    HASH_ADD (hh, pool->works, ref, sizeof self->ref, self);
}

static bool s_may_put (const work_t *self)
{
    return session_accepts (pool_session (self->pool)) && !self->asking;
}

uint64_t work_put_frame (work_t *self, buffer_t *frame)
{
    self->settled = false;
    if (s_may_put (self))
        self->last_put = session_put (pool_session (self->pool), frame, 0, false);
    else
        self->last_put = WORK_UNPUT;
    buffer_free (frame);
    return self->last_put;
}

uint64_t work_put_list (work_t *self, uint32_t first, uint32_t count, const buffer_t *list)
{
    self->settled = false;
    if (!s_may_put (self))
        return self->last_put = WORK_UNPUT;
    wire_job_tasks_t tasks = {.ref = self->ref, .first = first, .payloads = wire_list_of (list, count)};
    buffer_t frame = {0};
    wire_write_job_tasks (&frame, (wire_envelope_t){0}, &tasks);
    self->last_put = session_put (pool_session (self->pool), &frame, count, true);
    if (self->once)
        risk_put (&self->risk, first, count, self->last_put, session_sent (pool_session (self->pool)));
    return self->last_put;
}

//  The frame that opens the work goes out, and is kept.
static void s_put_opening (work_t *self, buffer_t *frame)
{
    buffer_append (&self->opening, frame->data, frame->size);
    work_put_frame (self, frame);
    connection_touch (self->pool->connection);
}

cadre_error_t work_open (work_t *self, cadre_t *pool, const work_listener_t *listener,
                         const wire_job_open_t *fields, fault_t *fault)
{
    if (pool_ready (pool, fault))
        return fault->code;
    s_enter (self, pool, listener);
    self->detached = fields->detached;
    self->durable = fields->durable;
    self->once = risk_runs_once (fields);
    uint8_t uuid [ENTROPY_UUID_BYTES];
    entropy_uuid (uuid);
    wire_job_open_t open = *fields;
    open.ref = self->ref;
    if (!open.uuid.size)
        open.uuid = (view_t){uuid, sizeof uuid};
    buffer_t frame = {0};
    wire_write_job_open (&frame, (wire_envelope_t){0}, &open);
    s_put_opening (self, &frame);
    return CADRE_OK;
}

cadre_error_t work_follow (work_t *self, cadre_t *pool, const work_listener_t *listener, uint64_t number,
                           unsigned what, fault_t *fault)
{
    if (pool_ready (pool, fault))
        return fault->code;
    s_enter (self, pool, listener);
    self->detached = self->follow = self->sealed = self->seal_put = true;
    wire_job_follow_t follow = {.ref = self->ref,
                                .number = number,
                                .results = what & CADRE_FOLLOW_RESULTS,
                                .output = what & CADRE_FOLLOW_OUTPUT,
                                .wait = what & CADRE_FOLLOW_WAIT};
    buffer_t frame = {0};
    wire_write_job_follow (&frame, (wire_envelope_t){0}, &follow);
    s_put_opening (self, &frame);
    return CADRE_OK;
}

//  ---- tasks -----------------------------------------------------------------------

//  A job that outlives the connection is kept until the broker has it; that it does, its number tells.
static void s_forget_acknowledged (work_t *self)
{
    if (self->detached && self->number && s_may_put (self))
        kept_acknowledge (&self->kept, session_acknowledged (pool_session (self->pool)));
}

void work_put (work_t *self)
{
    if (self->batch_count) {
        s_forget_acknowledged (self);
        uint64_t put = work_put_list (self, self->sent, self->batch_count, &self->batch);
        kept_add (&self->kept, self->sent, self->batch_count, wire_view_of (&self->batch), put);
        self->sent += self->batch_count;
        self->batch_count = 0;
        buffer_clear (&self->batch);
    }
    if (self->sealed && !self->seal_put) {
        wire_job_seal_t seal = {.ref = self->ref, .count = self->count};
        buffer_t frame = {0};
        wire_write_job_seal (&frame, (wire_envelope_t){0}, &seal);
        work_put_frame (self, &frame);
        self->seal_put = true;
    }
}

static void s_gather (work_t *self)
{
    if (!self->gathered) {
        self->gathered = true;
        self->next_gathered = self->pool->gathered;
        self->pool->gathered = self;
    }
    connection_touch (self->pool->connection);
}

void work_gather (cadre_t *pool)
{
    work_t *work;
    while ((work = pool->gathered)) {
        pool->gathered = work->next_gathered;
        work->gathered = false;
        if (!work->final)
            work_put (work);
    }
}

//  A payload too large for a frame: its parts go first, and the batch before them.
static void s_add_parts (work_t *self, size_t mark)
{
    view_t payload = {.data = self->batch.data + mark, .size = self->batch.size - mark};
    buffer_t item = {0};
    self->batch.size = mark;
    work_put (self); //  Leaves the payload where it is, behind the batch
    if (s_may_put (self))
        session_put_parts (pool_session (self->pool), payload, &item);
    uint64_t put = work_put_list (self, self->sent, 1, &item);
    kept_add (&self->kept, self->sent, 1, payload, put);
    self->sent++;
    self->count++;
    buffer_free (&item);
    buffer_free (&self->batch);
}

uint32_t work_add (work_t *self, size_t mark)
{
    uint32_t index = self->count;
    if (self->batch.size - mark > WIRE_INLINE_MAX) {
        s_add_parts (self, mark);
        connection_touch (self->pool->connection);
        return index;
    }
    self->count++;
    self->batch_count++;
    //  The first task does not wait for company
    bool alone = self->ended + 1 == self->count;
    if (alone || self->batch.size >= WIRE_BATCH_BYTES
        || self->batch_count >= session_frame_tasks (pool_session (self->pool))) {
        work_put (self);
        connection_flush (self->pool->connection);
    } else
        s_gather (self);
    return index;
}

void work_seal (work_t *self)
{
    if (self->sealed)
        return;
    self->sealed = true;
    if (!self->final)
        s_gather (self);
}

static void s_cancel (work_t *self, bool all, uint32_t index)
{
    if (self->final || self->ref == 0 || self->follow)
        return;
    work_put (self);
    wire_job_cancel_t cancel = {.ref = self->ref, .all = all, .index = index};
    buffer_t frame = {0};
    wire_write_job_cancel (&frame, (wire_envelope_t){0}, &cancel);
    work_note_cancel (self, all, index, work_put_frame (self, &frame));
    connection_touch (self->pool->connection);
}

void work_cancel (work_t *self)
{
    s_cancel (self, true, 0);
}

void work_cancel_task (work_t *self, uint32_t index)
{
    s_cancel (self, false, index);
}

bool work_done (const work_t *self)
{
    return self->final || (!self->follow && self->ended >= self->count);
}

bool work_synced (const work_t *self)
{
    bool put = self->batch_count == 0 && (self->seal_put || !self->sealed) && !self->asking;
    return self->final
           || (put && (self->settled || self->last_put <= session_acknowledged (pool_session (self->pool))));
}

void work_settle_all (cadre_t *pool)
{
    for (work_t *work = pool->works; work; work = work->hh.next) {
        if (work->final)
            continue;
        if (work->once)
            risk_gone (&work->risk, session_sent (pool_session (pool)));
        if (work->detached) {
            s_forget_acknowledged (work);
            work->settled = work_synced (work);
        }
    }
}

void work_close (work_t *self)
{
    if (self->ref == 0)
        return;
    cadre_t *pool = self->pool;
    for (work_t **at = &pool->gathered; *at && self->gathered; at = &(*at)->next_gathered)
        if (*at == self) {
            *at = self->next_gathered;
            break;
        }
    self->gathered = false;
    HASH_DEL (pool->works, self);
    if (pool->last_work == self)
        pool->last_work = NULL;
    work_leave (self, 0, true);
    buffer_free (&self->entered);
    buffer_free (&self->batch);
    buffer_free (&self->opening);
    buffer_free (&self->orders);
    kept_free (&self->kept);
    risk_free (&self->risk);
    heard_free (&self->heard);
    self->ref = 0;
}

//  ---- frames of the broker ------------------------------------------------------------

static work_t *s_find (cadre_t *pool, uint64_t ref)
{
    if (pool->last_work && pool->last_work->ref == ref)
        return pool->last_work;
    work_t *work = NULL;
    HASH_FIND (hh, pool->works, &ref, sizeof ref, work);
    if (work)
        pool->last_work = work;
    return work;
}

void work_fail (work_t *self, const fault_t *why)
{
    if (self->final)
        return;
    self->final = true;
    self->fault = *why;
    self->listener->failed (self);
}

void work_fail_all (cadre_t *pool, const fault_t *why)
{
    work_t *work, *next;
    HASH_ITER (hh, pool->works, work, next)
        work_fail (work, why);
}

static bool s_on_opened (cadre_t *pool, cursor_t body)
{
    wire_job_opened_t opened;
    if (!wire_read_job_opened (&body, &opened))
        return false;
    work_t *work = s_find (pool, opened.ref);
    if (!work || work->final)
        return true;
    if (opened.code == 0 && work->asking) {
        work_answered (work, opened.number);
        return true;
    }
    if (opened.code == 0) {
        work->number = opened.number;
        work->listener->changed (work);
        return true;
    }
    cadre_error_t code = opened.code < CADRE_ERROR_END ? (cadre_error_t) opened.code : CADRE_ERROR_REFUSED;
    fault_t fault = {0};
    fault_set (&fault, code, "%.*s", (int) (opened.message.size < 500 ? opened.message.size : 500),
               opened.message.size ? (const char *) opened.message.data : "");
    work_fail (work, &fault);
    return true;
}

//  Is this the first result of that task? One that is not was told before the broker began again.
static bool s_is_first (work_t *self, const wire_result_t *record)
{
    uint32_t index = (uint32_t) record->index;
    if (self->follow)
        return heard_result (&self->heard, index, record->attempt);
    if (!kept_end (&self->kept, index))
        return false;
    //  What it wrote at the broker before is void, though it wrote nothing since
    if (heard_ends (&self->heard, index)) {
        wire_output_t nothing = {.index = index, .attempt = record->attempt, .stream = WIRE_STREAM_STDOUT};
        self->listener->output (self, &nothing, true);
    }
    return true;
}

static bool s_take_result (work_t *self, const wire_result_t *record, view_t value)
{
    result_t result;
    if (self->follow ? record->index > WIRE_TASKS_MAX : record->index >= self->sent)
        return false;
    if (!result_of (&result, record, value))
        return false;
    if (s_is_first (self, record)) {
        self->ended++;
        work_leave (self, (uint32_t) record->index, false);
        self->listener->result (self, (uint32_t) record->index, &result);
    } else
        result_free (&result);
    return true;
}

static bool s_on_result (cadre_t *pool, cursor_t *cursor)
{
    wire_result_t record;
    if (!wire_read_result (cursor, &record))
        return false;
    view_t value = record.value;
    buffer_t whole = {0};
    uint64_t parts = wire_parts_of (value);
    if (parts && !session_take_parts (pool_session (pool), parts, &whole))
        return false;
    if (parts)
        value = wire_view_of (&whole);
    work_t *work = s_find (pool, record.ref);
    bool fine = !work || work->final || s_take_result (work, &record, value);
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
        if (!s_on_result (pool, &cursor))
            return false;
    return true;
}

static bool s_on_output (cadre_t *pool, cursor_t body)
{
    wire_output_t output;
    if (!wire_read_output (&body, &output) || output.stream < WIRE_STREAM_STDOUT
        || output.stream > WIRE_STREAM_PARTIAL)
        return false;
    work_t *work = s_find (pool, output.ref);
    if (!work || work->final)
        return true;
    if (work->follow ? output.index > WIRE_TASKS_MAX : output.index >= work->count)
        return false;
    if (!work->follow) {
        bool anew = heard_writes (&work->heard, (uint32_t) output.index);
        work->listener->output (work, &output, anew);
    } else if (heard_output (&work->heard, &output))
        work->listener->output (work, &output, false);
    return true;
}

//  A job that outlives its clients may have ended before it was opened here: what is still said of it is compared by the broker, whose last word it is then.
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

static bool s_on_beat (cadre_t *pool)
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

static bool s_on_state (cadre_t *pool, cursor_t body)
{
    wire_job_state_t state;
    if (!wire_read_job_state (&body, &state))
        return false;
    work_t *work = s_find (pool, state.ref);
    if (!work || work->final)
        return true;
    work->number = state.number;
    work->progress = (cadre_progress_t){state.total, state.waiting, state.running, state.done, state.failed};
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
    work_t *work = s_find (pool, notice.ref);
    if (!work || work->final)
        return true;
    view_copy (notice.message, work->notice, sizeof work->notice);
    work->listener->noticed (work, notice.code < CADRE_ERROR_END ? (cadre_error_t) notice.code
                                                                 : CADRE_ERROR_INTERNAL);
    return true;
}

bool work_on_frame (cadre_t *pool, uint8_t verb, cursor_t body)
{
    switch (verb) {
    case WIRE_results: return s_on_results (pool, body);
    case WIRE_output: return s_on_output (pool, body);
    case WIRE_job_opened: return s_on_opened (pool, body);
    case WIRE_job_state: return s_on_state (pool, body);
    case WIRE_notice: return s_on_notice (pool, body);
    case WIRE_beat: return s_on_beat (pool);
    case WIRE_reply: return request_on_reply (pool, body);
    default: return true;
    }
}
