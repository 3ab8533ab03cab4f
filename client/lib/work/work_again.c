//  work_again.c - resubmits works to a broker that does not know them

#include "client/lib/work/work_again.h"

#include <assert.h>

#include "client/lib/work/work_private.h"
#include "common/pack.h"

//  Marks everything as not put.
static void s_unput (work_t *self)
{
    cancels_renumber (&self->cancels, WORK_UNPUT);
    unacked_renumber (&self->kept, WORK_UNPUT);
}

static void s_cancel_again (work_t *self)
{
    size_t count;
    cancel_t *cancels = cancels_list (&self->cancels, &count);
    for (size_t i = 0; i < count; i++)
        if (cancels [i].all || self->detached || unacked_has (&self->kept, cancels [i].index))
            work_put_cancel (self, &cancels [i]);
}

//  ---- tasks ---------------------------------------------------------------------------

static void s_work_again_flush (work_t *self, uint32_t end, uint32_t *count, buffer_t *list)
{
    if (*count)
        work_put_list (self, end - *count, *count, list);
    *count = 0;
    buffer_clear (list);
}

//  Puts the tasks from first on again. Tasks that have ended, according to JOB_OPEN, are sent as
//  nil; from plain on they are sent completely.
static void s_tasks_again (work_t *self, uint32_t first, uint32_t plain)
{
    session_t *session = pool_session (self->pool);
    unacked_at_t at = {.index = first};
    buffer_t list = {0};
    uint32_t count = 0;
    while (at.index < self->sent) {
        view_t payload = unacked_read (&self->kept, &at, at.index >= plain);
        bool large = payload.size > WIRE_INLINE_MAX;
        if (large || list.size >= WIRE_BATCH_BYTES || count >= session_put_frame_tasks (session))
            s_work_again_flush (self, at.index - 1, &count, &list);
        if (large) {
            buffer_t whole = unacked_whole (&self->kept, &at, payload);
            session_put_parts (session, &whole, &list);
            buffer_free (&whole);
        } else if (payload.size)
            pack_raw (&list, payload.data, payload.size);
        else
            pack_nil (&list);
        count++;
        if (large)
            s_work_again_flush (self, at.index, &count, &list);
    }
    s_work_again_flush (self, at.index, &count, &list);
    buffer_free (&list);
}

//  Sends everything after JOB_OPEN: tasks, cancels, the current batch, the seal.
static void s_rest_again (work_t *self, uint32_t first, uint32_t plain)
{
    s_tasks_again (self, first, plain);
    s_cancel_again (self);
    self->seal_put = false;
    work_put (self);
    unacked_renumber (&self->kept, self->last_put);
    connection_touch (self->pool->connection);
}

//  ---- jobs ------------------------------------------------------------------------------

//  Sends the same JOB_OPEN, with the tasks whose results are here. False when that exceeds a frame.
static bool s_open_again (work_t *self, const wire_list_t *ended)
{
    wire_envelope_t envelope;
    cursor_t body;
    wire_job_open_t open;
    cadre_error_t error = wire_open (self->opening.data, self->opening.size, &envelope, &body);
    assert (!error);
    bool read = wire_read_job_open (&body, &open);
    assert (read);
    open.ended = *ended;
    buffer_t frame = {0};
    wire_write_job_open (&frame, (wire_envelope_t){0}, &open);
    bool fits = frame.size <= WIRE_FRAME_MAX;
    if (fits)
        work_put_frame (self, &frame);
    buffer_free (&frame);
    return fits;
}

//  A task that may have been started, and must not run twice, ends here.
static void s_lose (work_t *self, uint32_t index)
{
    static const char why [] =
        "the broker was restarted when it may have run, and it must not run twice: check what it has done, then submit it again";
    buffer_t detail = {0};
    result_t result;
    pack_map (&detail, 2);
    pack_text (&detail, "kind");
    pack_text (&detail, "worker-lost");
    pack_text (&detail, "message");
    pack_text (&detail, why);
    wire_result_t record = {
        .outcome = CADRE_OUTCOME_WORKER_LOST, .attempt = 1, .detail = wire_view_of (&detail)};
    bool fine = result_of (&result, &record, (view_t){NULL, 0});
    assert (fine);
    buffer_free (&detail);
    unacked_end (&self->kept, index);
    dedup_ends (&self->heard, index);
    self->ended++;
    self->listener->result (self, index, &result);
}

static void s_lose_begun (work_t *self)
{
    for (uint32_t index = unacked_first (&self->kept, self->sent); index < self->risk.end; index++)
        if (unacked_has (&self->kept, index))
            s_lose (self, index);
    self->risk.end = 0;
}

static void s_attached_again (work_t *self)
{
    s_lose_begun (self);
    if (self->sealed && work_done (self)) {
        self->final = true;
        self->listener->changed (self);
        return;
    }
    buffer_t spans = {0};
    uint32_t plain;
    size_t count = unacked_pack_ended (&self->kept, self->sent, &spans, &plain);
    wire_list_t ended = wire_list_of (&spans, count);
    dedup_again (&self->heard);
    if (s_open_again (self, &ended))
        s_rest_again (self, 0, plain);
    else {
        fault_t fault = {0};
        fault_set (
            &fault, CADRE_ERROR_TOO_LARGE,
            "the broker was restarted, and the state of this job is too large for a message: submit it again");
        work_fail (self, &fault);
    }
    buffer_free (&spans);
}

static void s_lost_there (work_t *self)
{
    fault_t fault = {0};
    fault_set (
        &fault, self->follow ? CADRE_ERROR_NOT_FOUND : CADRE_ERROR_CLOSED,
        "the broker at %s was restarted, and job %llu, which was only in its memory, is lost: submit it again",
        pool_address (self->pool), (unsigned long long) self->number);
    work_fail (self, &fault);
}

static void s_may_have_begun (work_t *self)
{
    fault_t fault = {0};
    fault_set (
        &fault, CADRE_ERROR_CLOSED,
        "the broker at %s was restarted when tasks of this job may have run, which must not run twice: check what they have done, then submit again",
        pool_address (self->pool));
    work_fail (self, &fault);
}

//  Acknowledged tasks are no longer kept here, so the broker must still have them. The same holds
//  for started tasks that must not run twice.
static void s_detached_again (work_t *self, bool same)
{
    uint32_t first = unacked_first (&self->kept, self->sent);
    bool begun = self->risk.end > 0 && !(self->durable && same);
    self->risk.end = 0;
    if (first > 0 && !same) {
        s_lost_there (self);
        return;
    }
    if (begun && !(same && self->number)) {
        s_may_have_begun (self);
        return;
    }
    bool settled = self->settled;
    s_open_again (self, &(wire_list_t){0});
    s_unput (self);
    self->settled = settled;
    if (first > 0 || begun) {
        self->asking = true;
        self->last_put = WORK_UNPUT;
    } else
        s_rest_again (self, 0, self->sent);
}

//  Numbers are unique: a different number means that the job was opened as a new one, which must
//  not happen.
void work_again_answer (work_t *self, uint64_t number)
{
    self->asking = false;
    if (number == self->number && self->settled)
        return;
    if (number == self->number) {
        s_rest_again (self, unacked_first (&self->kept, self->sent), self->sent);
        return;
    }
    wire_job_seal_t seal = {.ref = self->ref, .count = 0};
    buffer_t frame = {0};
    wire_write_job_seal (&frame, (wire_envelope_t){0}, &seal);
    work_put_frame (self, &frame);
    s_lost_there (self);
}

static void s_follow_again (work_t *self, bool same)
{
    //  The first JOB_OPEN may never have been answered: then the job was unknown, and nothing is
    //  lost
    if (!same && self->number) {
        s_lost_there (self);
        return;
    }
    buffer_t frame = {0};
    buffer_append (&frame, self->opening.data, self->opening.size);
    dedup_again (&self->heard);
    work_put_frame (self, &frame);
}

static void s_renew (work_t *self, bool same)
{
    self->asking = false;
    if (self->final)
        return;
    if (self->follow)
        s_follow_again (self, same);
    else if (self->detached)
        s_detached_again (self, same);
    else
        s_attached_again (self);
}

void work_again_all (cadre_t *pool, bool same)
{
    work_t *work, *next;
    HASH_ITER (hh, pool->works, work, next)
        s_renew (work, same);
}
