//  client.c - one client's session

#include "broker/peers/client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/core/budget.h"
#include "broker/core/meter.h"
#include "common/entropy.h"
#include "common/pack.h"

#define FLIGHT_LEAST 65536u //  A batch of results

client_t *client_new (const uint8_t uuid [WIRE_UUID_BYTES])
{
    client_t *self = calloc (1, sizeof *self);
    assert (self);
    memcpy (self->uuid, uuid, WIRE_UUID_BYTES);
    self->session = entropy_u64 ();
    self->backlog.fd = -1;
    self->out = stream_new (self->session);
    self->parts = parts_new ();
    assert (self->out && self->parts);
    stream_overdraw (self->out);
    return self;
}

void client_destroy (client_t **self_p)
{
    assert (self_p);
    client_t *self = *self_p;
    if (!self)
        return;
    assert (!self->dirty && !self->followers && !self->changed && !self->inbox.first);
    ref_t *ref, *next;
    HASH_ITER (hh, self->refs, ref, next) {
        HASH_DEL (self->refs, ref);
        free (ref);
    }
    deferred_frame_t *deferred, *behind;
    DL_FOREACH_SAFE (self->deferred, deferred, behind)
        free (deferred);
    stream_destroy (&self->out);
    parts_destroy (&self->parts);
    buffer_free (&self->batch);
    free (self);
    *self_p = NULL;
}

void client_charge (const client_t *self, context_t *ctx, uint64_t cost_ns)
{
    if (ctx->meter)
        meter_charge (ctx->meter, meter_account (ctx->meter, self->peer), cost_ns, ctx->now_us);
}

void client_touch (client_t *self, context_t *ctx)
{
    if (self->dirty)
        return;
    self->dirty = true;
    DL_APPEND2 (ctx->dirty, self, dirty_prev, dirty_next);
}

ref_t *client_ref (client_t *self, uint64_t ref)
{
    ref_t *found;
    HASH_FIND (hh, self->refs, &ref, sizeof ref, found);
    return found;
}

ref_t *client_ref_add (client_t *self, uint64_t ref, ref_kind_t kind, uint64_t job)
{
    ref_t *added = calloc (1, sizeof *added);
    assert (added);
    added->ref = ref;
    added->kind = kind;
    added->job = job;
    HASH_ADD (hh, self->refs, ref, sizeof added->ref, added);
    return added;
}

void client_ref_remove (client_t *self, uint64_t ref)
{
    ref_t *found = client_ref (self, ref);
    if (!found)
        return;
    HASH_DEL (self->refs, found);
    free (found);
}

static wire_envelope_t s_envelope (void)
{
    return (wire_envelope_t){0}; //  The stream sets the number of frames
}

void client_flush (client_t *self)
{
    if (self->batch_count == 0)
        return;
    buffer_t frame = {0};
    buffer_reserve (&frame, self->batch.size + 64);
    wire_results_t results = {.results = wire_list_of (&self->batch, self->batch_count)};
    wire_write_results (&frame, s_envelope (), &results);
    stream_put (self->out, &frame, self->batch_count, true);
    buffer_clear (&self->batch);
    self->batch_count = 0;
}

//  Makes room for one more item of that size; a full batch is closed first.
static void s_client_begin (client_t *self, context_t *ctx, size_t size_bytes)
{
    if (self->batch.size + size_bytes > WIRE_BATCH_BYTES)
        client_flush (self);
    self->batch_count++;
    client_touch (self, ctx);
}

void client_result (client_t *self, context_t *ctx, uint64_t ref, uint32_t index, uint32_t attempt,
                    view_t tail)
{
    s_client_begin (self, ctx, tail.size + 20);
    pack_array (&self->batch, 8);
    pack_uint (&self->batch, ref);
    pack_uint (&self->batch, index);
    pack_uint (&self->batch, attempt);
    pack_raw (&self->batch, tail.data, tail.size);
}

void client_result_of (client_t *self, context_t *ctx, uint64_t ref, view_t body)
{
    s_client_begin (self, ctx, body.size + 10);
    pack_array (&self->batch, 8);
    pack_uint (&self->batch, ref);
    pack_raw (&self->batch, body.data, body.size);
}

void client_result_large (client_t *self, context_t *ctx, const wire_result_t *result,
                          buffer_t *payload)
{
    uint64_t number = stream_payload_number (self->out);
    buffer_t value = {0}, item = {0}, frame = {0};
    wire_pack_parts (&value, number);
    wire_result_t copy = *result;
    copy.value = wire_view_of (&value);
    wire_pack_result (&item, &copy);
    wire_results_t results = {.results = wire_list_of (&item, 1)};
    wire_write_results (&frame, s_envelope (), &results);
    stream_put_payload (self->out, number, payload, &frame, 1);
    buffer_free (&value);
    buffer_free (&item);
    client_touch (self, ctx);
}

//  The output of a task must precede its result. A result of the same turn is still in the batch,
//  so the order is correct.
void client_output (client_t *self, context_t *ctx, uint64_t ref, view_t body)
{
    buffer_t frame = {0};
    wire_output_t empty = {0};
    wire_write_output (&frame, s_envelope (), &empty);
    frame.size = WIRE_ENVELOPE_BYTES;
    pack_array (&frame, 6);
    pack_uint (&frame, ref);
    pack_raw (&frame, body.data, body.size);
    stream_put (self->out, &frame, 0, true);
    client_touch (self, ctx);
}

void client_state (client_t *self, context_t *ctx, uint64_t ref, const job_t *job, bool final)
{
    client_flush (self);
    buffer_t frame = {0};
    wire_job_state_t state = {.ref = ref,
                              .number = job->number,
                              .total = job->total,
                              .waiting = job->ready + job->delayed,
                              .running = job->leased,
                              .done = job->done,
                              .failed = job->failed,
                              .final = final};
    wire_write_job_state (&frame, s_envelope (), &state);
    stream_put (self->out, &frame, 0, false);
    client_touch (self, ctx);
}

void client_notice (client_t *self, context_t *ctx, uint64_t ref, cadre_error_t code,
                    const char *message)
{
    if (client_is_full (self, ctx)) //  It has enough unread data
        return;
    buffer_t frame = {0};
    wire_notice_t notice = {.ref = ref, .code = code, .message = wire_view (message)};
    wire_write_notice (&frame, s_envelope (), &notice);
    stream_put (self->out, &frame, 0, false);
    client_touch (self, ctx);
}

void client_tell (client_t *self, context_t *ctx, bool tell)
{
    if (self->telling == tell)
        return;
    self->telling = tell;
    if (tell)
        DL_APPEND2 (ctx->telling, self, telling_prev, telling_next);
    else
        DL_DELETE2 (ctx->telling, self, telling_prev, telling_next);
}

void client_changed (client_t *self, job_t *job)
{
    if (job->changed)
        return;
    job->changed = true;
    DL_APPEND2 (self->changed, job, changed_prev, changed_next);
}

void client_unchanged (client_t *self, job_t *job)
{
    if (!job->changed)
        return;
    job->changed = false;
    DL_DELETE2 (self->changed, job, changed_prev, changed_next);
}

size_t client_backlog (const client_t *self)
{
    return stream_bytes (self->out) + self->batch.size;
}

//  When all clients together hold a quarter of the memory, they share that.
size_t client_backlog_max (const context_t *ctx)
{
    uint64_t quarter = ctx->memory_limit / 4, sessions = HASH_CNT (hh, ctx->clients);
    uint64_t part =
        ctx->client_bytes > quarter ? quarter / (sessions < 16 ? 16 : sessions) : quarter / 2;
    return part < CONTEXT_CLIENT_BYTES ? (size_t) part : CONTEXT_CLIENT_BYTES;
}

//  Data in flight is held twice, so all clients share an eighth of the memory.
uint64_t client_flight_max (const context_t *ctx)
{
    uint64_t most = budget_flight (ctx), sessions = HASH_CNT (hh, ctx->clients);
    if (ctx->client_bytes <= ctx->memory_limit / 4)
        return most;
    return budget_between (ctx->memory_limit / 8 / (sessions ? sessions : 1), FLIGHT_LEAST, most);
}

bool client_is_full (const client_t *self, const context_t *ctx)
{
    uint64_t own = stream_plain_bytes (self->out);
    if (own == 0)
        return false;
    return own >= budget_session_replies (ctx) || ctx->reply_bytes >= budget_replies (ctx)
           || (key_usage_is_one (self->usage)
               && self->usage->reply_bytes >= budget_key_replies (ctx));
}

uint64_t client_refs_bytes (const client_t *self)
{
    return HASH_COUNT (self->refs) * (sizeof (ref_t) + BUDGET_BLOCK_BYTES)
           + (uint64_t) self->follows * CLIENT_FOLLOW_BYTES;
}

//  Frames and requests that wait until replies are acknowledged.
static uint64_t s_waiting_bytes (const client_t *self)
{
    return self->deferred_bytes + self->inbox.bytes + self->inbox.count * INBOX_REQUEST_BYTES;
}

//  Unacknowledged data is held twice: here, and by the socket.
uint64_t client_bytes (const client_t *self)
{
    uint64_t stream =
        stream_bytes (self->out) + stream_unacknowledged (self->out) * STREAM_FRAME_BYTES;
    uint64_t flying = stream_flying_bytes (self->out);
    return CLIENT_REST_BYTES + client_refs_bytes (self) + stream + self->batch.capacity
           + (flying > self->backlog.bytes ? flying : self->backlog.bytes)
           + parts_held (self->parts) + s_waiting_bytes (self);
}

void client_count (client_t *self, context_t *ctx, bool there)
{
    uint64_t bytes = there ? client_bytes (self) : 0,
             replies = there ? stream_plain_bytes (self->out) : 0;
    uint64_t waiting = there ? s_waiting_bytes (self) : 0;
    ctx->client_bytes += bytes - self->counted_bytes;
    ctx->reply_bytes += replies - self->counted_replies;
    self->usage->client_bytes += bytes - self->counted_bytes;
    self->usage->reply_bytes += replies - self->counted_replies;
    if (!there) {
        ctx->promised_bytes -= self->promised_bytes;
        self->usage->promised_bytes -= self->promised_bytes;
        self->promised_bytes = 0;
    }
    ctx->deferred_bytes += waiting - self->counted_waiting;
    self->counted_waiting = waiting;
    self->counted_bytes = bytes;
    self->counted_replies = replies;
}

void client_opened (client_t *self, context_t *ctx, uint64_t ref, uint64_t number,
                    const fault_t *fault)
{
    buffer_t frame = {0};
    wire_job_opened_t fields = {
        .ref = ref, .number = number, .code = fault->code, .message = wire_view (fault->text)};
    wire_write_job_opened (&frame, (wire_envelope_t){0}, &fields);
    ref_t *found = fault->code ? client_ref (self, ref) : NULL;
    if (found) {
        found->kind = REF_REFUSED;
        found->denied = true;
    }
    stream_put (self->out, &frame, 0, false);
    client_touch (self, ctx);
}

uint64_t client_acknowledgeable (const client_t *self)
{
    uint64_t limit = ack_hold_limit (&self->hold, self->in.received);
    if (self->deferred && self->deferred->envelope.sequence <= limit)
        limit = self->deferred->envelope.sequence - 1;
    return self->parts_from && self->parts_from <= limit ? self->parts_from - 1 : limit;
}
