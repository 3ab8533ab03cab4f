//  work.c - a job on the connection: what is sent for it, and who receives its results

#include "client/lib/work/work_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bulk.h"
#include "common/entropy.h"

static void s_work_enter (work_t *self, cadre_t *pool, const work_listener_t *listener)
{
    self->pool = pool;
    self->listener = listener;
    self->batch.checked = true;
    self->ref = ++pool->last_ref;
    HASH_ADD (hh, pool->works, ref, sizeof self->ref, self);
}

static bool s_may_put (const work_t *self)
{
    return session_put_accepts (pool_session (self->pool)) && !self->asking;
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

void work_put_cancel (work_t *self, cancel_t *cancel)
{
    wire_job_cancel_t fields = {
        .ref = self->ref, .all = cancel->all, .index = cancel->index, .waiting = cancel->waiting};
    buffer_t frame = {0};
    wire_write_job_cancel (&frame, (wire_envelope_t){0}, &fields);
    cancel->put = work_put_frame (self, &frame);
}

uint64_t work_put_list (work_t *self, uint32_t first, uint32_t count, const buffer_t *list)
{
    self->settled = false;
    if (!s_may_put (self))
        return self->last_put = WORK_UNPUT;
    wire_job_tasks_t tasks = {
        .ref = self->ref, .first = first, .payloads = wire_list_of (list, count)};
    buffer_t frame = {0};
    wire_write_job_tasks (&frame, (wire_envelope_t){0}, &tasks);
    self->last_put = session_put (pool_session (self->pool), &frame, count, true);
    if (self->once)
        once_guard_put (&self->risk, first, count, self->last_put,
                        session_put_sent (pool_session (self->pool)));
    return self->last_put;
}

//  Sends the frame that opens the work, and keeps a copy.
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
    s_work_enter (self, pool, listener);
    self->detached = fields->detached;
    self->durable = fields->durable;
    self->once = once_guard_runs_once (fields);
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

cadre_error_t work_follow (work_t *self, cadre_t *pool, const work_listener_t *listener,
                           uint64_t number, unsigned what, fault_t *fault)
{
    if (pool_ready (pool, fault))
        return fault->code;
    s_work_enter (self, pool, listener);
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

//  A detached job is kept until the broker has it, which its number proves.
static void s_forget_acknowledged (work_t *self)
{
    if (self->detached && self->number && s_may_put (self))
        unacked_acknowledge (&self->kept, session_put_acknowledged (pool_session (self->pool)));
}

void work_put (work_t *self)
{
    if (self->batch_count) {
        s_forget_acknowledged (self);
        uint64_t put = work_put_list (self, self->sent, self->batch_count, &self->batch);
        unacked_add (&self->kept, self->sent, self->batch_count, wire_view_of (&self->batch), put);
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

static void s_work_gather (work_t *self)
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

uint32_t work_add_large (work_t *self, buffer_t *payload)
{
    uint32_t index = self->count;
    buffer_t item = {0};
    work_put (self); //  What was gathered goes first
    buffer_freeze (payload);
    if (s_may_put (self))
        session_put_parts (pool_session (self->pool), payload, &item);
    uint64_t put = work_put_list (self, self->sent, 1, &item);
    unacked_add_large (&self->kept, self->sent, payload, put);
    self->sent++;
    self->count++;
    buffer_free (&item);
    connection_touch (self->pool->connection);
    return index;
}

//  A payload too large for a frame leaves the batch: for a file, if the broker is on this machine.
static void s_move_out (work_t *self, size_t mark, buffer_t *payload)
{
    view_t whole = {.data = self->batch.data + mark, .size = self->batch.size - mark};
    bulk_t *file =
        session_put_files (pool_session (self->pool)) ? bulk_of_pieces (&whole, 1) : NULL;
    if (file)
        *payload = buffer_of_bulk (file);
    else if (mark == 0)
        *payload = buffer_take (&self->batch);
    else
        buffer_append (payload, whole.data, whole.size);
    payload->checked = false;
    self->batch.size = mark;
    if (mark == 0)
        buffer_free (&self->batch);
}

uint32_t work_add (work_t *self, size_t mark)
{
    uint32_t index = self->count;
    if (self->batch.size - mark > WIRE_INLINE_MAX) {
        buffer_t payload = {0};
        s_move_out (self, mark, &payload);
        return work_add_large (self, &payload);
    }
    self->count++;
    self->batch_count++;
    //  The first task is sent at once
    bool alone = self->ended + 1 == self->count;
    if (alone || self->batch.size >= WIRE_BATCH_BYTES
        || self->batch_count >= session_put_frame_tasks (pool_session (self->pool))) {
        work_put (self);
        connection_flush (self->pool->connection);
    } else
        s_work_gather (self);
    return index;
}

void work_seal (work_t *self)
{
    if (self->sealed)
        return;
    self->sealed = true;
    if (!self->final)
        s_work_gather (self);
}

//  A detached job needs no cancel that the broker has acknowledged; an attached job needs none for
//  a task that has ended.
static bool s_needs (void *owner, const cancel_t *cancel)
{
    work_t *self = owner;
    if (self->detached)
        return cancel->put > session_put_acknowledged (pool_session (self->pool));
    return cancel->all || unacked_has (&self->kept, cancel->index);
}

static void s_work_cancel (work_t *self, cancel_t cancel)
{
    if (self->final || self->ref == 0 || self->follow)
        return;
    work_put (self);
    work_put_cancel (self, &cancel);
    cancels_add (&self->cancels, &cancel, s_needs, self);
    connection_touch (self->pool->connection);
}

void work_cancel (work_t *self)
{
    s_work_cancel (self, (cancel_t){.all = true});
}

void work_cancel_waiting (work_t *self)
{
    s_work_cancel (self, (cancel_t){.all = true, .waiting = true});
}

void work_cancel_task (work_t *self, uint32_t index)
{
    s_work_cancel (self, (cancel_t){.index = index});
}

bool work_done (const work_t *self)
{
    return self->final || (!self->follow && self->ended >= self->count);
}

bool work_synced (const work_t *self)
{
    bool put = self->batch_count == 0 && (self->seal_put || !self->sealed) && !self->asking;
    return self->final
           || (put
               && (self->settled
                   || self->last_put <= session_put_acknowledged (pool_session (self->pool))));
}

void work_settle_all (cadre_t *pool)
{
    for (work_t *work = pool->works; work; work = work->hh.next) {
        if (work->final)
            continue;
        if (work->once)
            once_guard_gone (&work->risk, session_put_sent (pool_session (pool)));
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
    work_enter_undo (self, 0, true);
    buffer_free (&self->entered);
    buffer_free (&self->batch);
    buffer_free (&self->opening);
    cancels_free (&self->cancels);
    unacked_free (&self->kept);
    once_guard_free (&self->risk);
    dedup_free (&self->heard);
    self->ref = 0;
}

//  ---- failing ------------------------------------------------------------------------

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
