//  stream_fuzz.c - any sequence of operations on a stream, beside a receiver: everything arrives
//  once and in order, windows hold

#include "common/pack.h"
#include "common/parts.h"
#include "common/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

#define OPERATIONS_MAX 400
#define PAYLOADS_MAX 12
#define PLENTY (UINT64_MAX / 2)

typedef struct world {
    stream_t *stream;      // the sender
    stream_in_t in;        // the receiver
    parts_t *parts;        // of the receiver
    uint64_t put;          // small frames put
    uint64_t got;          // small frames received
    uint64_t payloads;     // payloads put
    uint64_t payloads_got; // references received whose payload was whole
    uint64_t tasks, bytes; // granted
} world_t;

static void s_put (world_t *self, uint8_t tasks, bool metered)
{
    buffer_t frame = {0};
    wire_write_job_seal (&frame, (wire_envelope_t){0}, &(wire_job_seal_t){.ref = ++self->put});
    stream_put (self->stream, &frame, tasks, metered);
}

static void s_put_payload (world_t *self, uint8_t scale)
{
    if (self->payloads == PAYLOADS_MAX)
        return;
    size_t size = (size_t) scale * 1500 + 1;
    buffer_t frame = {0}, payload = {0};
    uint8_t *content = calloc (1, size);
    assert (content);
    pack_blob (&payload, content, size);
    free (content);
    uint64_t number = stream_payload_number (self->stream);
    wire_write_job_cancel (&frame, (wire_envelope_t){0}, &(wire_job_cancel_t){.ref = number});
    stream_put_payload (self->stream, number, &payload, &frame, 1);
    self->payloads++;
}

static void s_read (world_t *self, uint8_t verb, cursor_t body)
{
    wire_part_t part;
    wire_job_seal_t seal;
    wire_job_cancel_t reference;
    buffer_t payload = {0};
    if (verb == WIRE_part) {
        assert (wire_read_part (&body, &part) && parts_add (self->parts, &part) == CADRE_OK);
    } else if (verb == WIRE_job_seal) {
        assert (wire_read_job_seal (&body, &seal) && seal.ref == ++self->got);
    } else {
        assert (wire_read_job_cancel (&body, &reference));
        assert (parts_take (self->parts, reference.ref, &payload));
        buffer_free (&payload);
        self->payloads_got++;
    }
}

static void s_receive (world_t *self, const buffer_t *frame)
{
    wire_envelope_t envelope;
    cursor_t body;
    assert (wire_open (frame->data, frame->size, &envelope, &body) == CADRE_OK);
    assert (envelope.session == stream_session (self->stream));
    stream_verdict_t verdict = stream_in_accept (&self->in, envelope.sequence);
    assert (verdict != STREAM_GAP);
    if (verdict == STREAM_NEW)
        s_read (self, envelope.verb, body);
}

static void s_send (world_t *self, unsigned count, bool arrives)
{
    const buffer_t *frame;
    for (unsigned i = 0; i < count && (frame = stream_next (self->stream)); i++)
        if (arrives)
            s_receive (self, frame);
    assert (stream_sent_tasks (self->stream) <= self->tasks
            && stream_sent_bytes (self->stream) <= self->bytes);
}

static void s_grant (world_t *self, uint64_t tasks, uint64_t bytes)
{
    self->tasks = tasks > self->tasks ? tasks : self->tasks;
    self->bytes = bytes > self->bytes ? bytes : self->bytes;
    stream_grant (self->stream, tasks, bytes);
}

//  A new session, whose receiver knows what the old one received: the sender hears of it first
static void s_restart (world_t *self)
{
    assert (stream_acknowledge (self->stream, self->in.received));
    stream_restart (self->stream, stream_session (self->stream) + 1);
    parts_destroy (&self->parts);
    self->parts = parts_new ();
    self->in = (stream_in_t){0};
    self->tasks = self->bytes = 0;
}

static void s_operate (world_t *self, uint8_t what, uint8_t how)
{
    switch (what % 10) {
    case 0: s_put (self, how % 4, true); break;
    case 1: s_put (self, 0, false); break;
    case 2: s_put_payload (self, how); break;
    case 3: s_send (self, how % 8, true); break;
    case 4: s_grant (self, self->tasks + how, self->bytes + (uint64_t) how * 5000); break;
    case 5: assert (stream_acknowledge (self->stream, self->in.received)); break;
    case 6: stream_rewind (self->stream, self->in.received); break;
    case 7:
        s_send (self, how % 8, false);
        stream_rewind (self->stream, self->in.received);
        break;
    case 8:
        if (stream_next (self->stream))
            stream_unsend (self->stream);
        break;
    default: s_restart (self);
    }
    assert (!stream_acknowledge (self->stream, stream_sent (self->stream) + 1 + how));
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    world_t world = {.stream = stream_new (1), .parts = parts_new ()};
    for (size_t i = 0; i + 1 < size && i < 2 * OPERATIONS_MAX; i += 2)
        s_operate (&world, bytes [i], bytes [i + 1]);
    stream_rewind (world.stream, world.in.received);
    s_grant (&world, PLENTY, PLENTY);
    s_send (&world, UINT32_MAX, true);
    assert (world.got == world.put && world.payloads_got == world.payloads);
    assert (stream_unsent_bytes (world.stream) == 0 && stream_unsent_tasks (world.stream) == 0);
    assert (stream_acknowledge (world.stream, world.in.received));
    assert (stream_flying_bytes (world.stream) == 0 && stream_bytes (world.stream) == 0
            && stream_unacknowledged (world.stream) == 0);
    stream_destroy (&world.stream);
    parts_destroy (&world.parts);
    return 0;
}
