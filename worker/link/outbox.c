//  outbox.c - collects results, and keeps them until the broker has them

#include "worker/link/outbox.h"

#include "common/pack.h"
#include "common/sockets.h"
#include "common/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct answer {
    uint64_t serial;   //  The lease
    uint64_t sequence; //  Its frame has this number or a lower one; 0: not sent yet
} answer_t;

struct outbox {
    stream_t *stream;      //  Frames sent or to be sent
    buffer_t results;      //  Collected records of sink_result
    size_t results_count;  //  How many
    buffer_t returned;     //  Collected records of lease
    size_t returned_count; //  How many
    answer_t *answers;     //  Not acknowledged, in order; from first to count
    size_t first;          //  Of answers
    size_t numbered;       //  All before this one have a sequence number
    size_t count;          //  Of answers
    size_t capacity;       //  Of answers
};

static void s_new_stream (outbox_t *self, uint64_t session)
{
    self->stream = stream_new (session);
    stream_grant (self->stream, UINT64_MAX,
                  UINT64_MAX); //  The sink has no stream window: see outbox_send
}

outbox_t *outbox_new (void)
{
    outbox_t *self = calloc (1, sizeof (outbox_t));
    assert (self);
    s_new_stream (self, 0);
    return self;
}

void outbox_destroy (outbox_t **self_p)
{
    assert (self_p);
    outbox_t *self = *self_p;
    if (!self)
        return;
    stream_destroy (&self->stream);
    buffer_free (&self->results);
    buffer_free (&self->returned);
    free (self->answers);
    free (self);
    *self_p = NULL;
}

//  ---- gathering ------------------------------------------------------------------

static void s_outbox_answered (outbox_t *self, uint64_t serial)
{
    if (self->count == self->capacity && self->first > self->capacity / 2) {
        memmove (self->answers, self->answers + self->first,
                 (self->count - self->first) * sizeof (answer_t));
        self->count -= self->first;
        self->numbered -= self->first;
        self->first = 0;
    }
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 256;
        self->answers = realloc (self->answers, self->capacity * sizeof (answer_t));
        assert (self->answers);
    }
    self->answers [self->count++] = (answer_t){.serial = serial};
}

static void s_close_results (outbox_t *self)
{
    buffer_t frame = {0};
    if (self->results_count == 0)
        return;
    wire_write_sink_results (
        &frame, (wire_envelope_t){0},
        &(wire_sink_results_t){.results = wire_list_of (&self->results, self->results_count)});
    stream_put (self->stream, &frame, 0, false);
    buffer_free (&frame);
    buffer_clear (&self->results);
    self->results_count = 0;
}

static void s_close_returned (outbox_t *self)
{
    buffer_t frame = {0};
    if (self->returned_count == 0)
        return;
    wire_write_sink_returned (
        &frame, (wire_envelope_t){0},
        &(wire_sink_returned_t){.leases = wire_list_of (&self->returned, self->returned_count)});
    stream_put (self->stream, &frame, 0, false);
    buffer_free (&frame);
    buffer_clear (&self->returned);
    self->returned_count = 0;
}

void outbox_close (outbox_t *self)
{
    s_close_results (self);
    s_close_returned (self);
}

//  A value too large for a frame is sent first, in parts, and its record has a frame of its own.
static void s_large_result (outbox_t *self, wire_sink_result_t *fields, const buffer_t *whole)
{
    buffer_t payload = {0}, reference = {0}, item = {0}, frame = {0};
    uint64_t number = stream_payload_number (self->stream);
    s_close_results (self);
    if (whole)
        payload = buffer_share (whole);
    else
        buffer_append (&payload, fields->value.data, fields->value.size);
    wire_pack_parts (&reference, number);
    fields->value = wire_view_of (&reference);
    wire_pack_sink_result (&item, fields);
    wire_write_sink_results (&frame, (wire_envelope_t){0},
                             &(wire_sink_results_t){.results = wire_list_of (&item, 1)});
    stream_put_payload (self->stream, number, &payload, &frame, 0);
    buffer_free (&payload);
    buffer_free (&reference);
    buffer_free (&item);
    buffer_free (&frame);
}

void outbox_result (outbox_t *self, const lease_t *lease, const slots_result_t *result)
{
    wire_sink_result_t fields = {.job = lease->job->number,
                                 .index = lease->index,
                                 .serial = lease->serial,
                                 .outcome = result->outcome,
                                 .code = result->code,
                                 .run_us = result->run_us,
                                 .value = result->value,
                                 .detail = result->detail};
    s_outbox_answered (self, lease->serial);
    if (fields.detail.size > WIRE_INLINE_MAX) //  Must fit into a frame; longer messages are useless
        fields.detail = (view_t){0};
    if (fields.value.size > WIRE_INLINE_MAX) {
        s_large_result (self, &fields, result->whole);
    } else {
        wire_pack_sink_result (&self->results, &fields);
        self->results_count++;
        if (self->results.size >= WIRE_BATCH_BYTES)
            s_close_results (self);
    }
}

void outbox_returned (outbox_t *self, uint64_t job, uint32_t index, uint64_t serial, bool begun)
{
    s_outbox_answered (self, serial);
    wire_pack_lease (&self->returned,
                     &(wire_lease_t){.job = job, .index = index, .serial = serial, .begun = begun});
    self->returned_count++;
    if (self->returned.size >= WIRE_BATCH_BYTES)
        s_close_returned (self);
}

void outbox_output (outbox_t *self, const lease_t *lease, unsigned stream, view_t bytes)
{
    wire_sink_output_t fields = {.job = lease->job->number,
                                 .index = lease->index,
                                 .serial = lease->serial,
                                 .stream = stream,
                                 .bytes = bytes,
                                 .end = lease->output_sent};
    buffer_t frame = {0};
    wire_write_sink_output (&frame, (wire_envelope_t){0}, &fields);
    stream_put (self->stream, &frame, 0, false);
    buffer_free (&frame);
}

void outbox_drained (outbox_t *self, size_t leases)
{
    buffer_t frame = {0};
    outbox_close (self);
    wire_write_sink_drained (&frame, (wire_envelope_t){0},
                             &(wire_sink_drained_t){.leases = leases});
    stream_put (self->stream, &frame, 0, false);
    buffer_free (&frame);
}

void outbox_goodbye (outbox_t *self, const char *reason)
{
    buffer_t frame = {0};
    outbox_close (self);
    wire_write_goodbye (&frame, (wire_envelope_t){0},
                        &(wire_goodbye_t){.reason = wire_view (reason)});
    stream_put (self->stream, &frame, 0, false);
    buffer_free (&frame);
}

//  ---- frames that the broker refuses ---------------------------------------------

//  The error that replaces a result.
static void s_pack_error (buffer_t *results, uint64_t job, uint64_t index, uint64_t serial,
                          const char *message)
{
    buffer_t detail = {0};
    pack_map (&detail, 2);
    pack_text (&detail, "kind");
    pack_text (&detail, "protocol");
    pack_text (&detail, "message");
    pack_text (&detail, message);
    wire_pack_sink_result (results, &(wire_sink_result_t){.job = job,
                                                          .index = index,
                                                          .serial = serial,
                                                          .outcome = CADRE_OUTCOME_ERROR,
                                                          .detail = wire_view_of (&detail)});
    buffer_free (&detail);
}

//  Replaces results of a frame; results of other leases stay unchanged.
static size_t s_results_instead (cursor_t *body, uint64_t serial, const char *message,
                                 buffer_t *results)
{
    wire_sink_results_t fields;
    if (!wire_read_sink_results (body, &fields))
        return 0;
    cursor_t cursor = cursor_of_view (fields.results.values);
    for (size_t i = 0; i < fields.results.count; i++) {
        wire_sink_result_t result;
        const uint8_t *start = cursor.at;
        if (!wire_read_sink_result (&cursor, &result))
            return i;
        if (serial == 0 || result.serial == serial)
            s_pack_error (results, result.job, result.index, result.serial, message);
        else
            pack_raw (results, start, (size_t) (cursor.at - start));
    }
    return fields.results.count;
}

//  A lease whose return was refused must be answered, too.
static size_t s_returned_instead (cursor_t *body, const char *message, buffer_t *results)
{
    wire_sink_returned_t fields;
    if (!wire_read_sink_returned (body, &fields))
        return 0;
    cursor_t cursor = cursor_of_view (fields.leases.values);
    for (size_t i = 0; i < fields.leases.count; i++) {
        wire_lease_t lease;
        if (!wire_read_lease (&cursor, &lease))
            return i;
        s_pack_error (results, lease.job, lease.index, lease.serial, message);
    }
    return fields.leases.count;
}

static size_t s_output_instead (cursor_t *body, const char *message, buffer_t *results)
{
    wire_sink_output_t fields;
    if (!wire_read_sink_output (body, &fields))
        return 0;
    s_pack_error (results, fields.job, fields.index, fields.serial, message);
    return 1;
}

static size_t s_instead (const buffer_t *frame, uint64_t serial, const char *message,
                         buffer_t *results)
{
    wire_envelope_t envelope;
    cursor_t body;
    if (wire_open (frame->data, frame->size, &envelope, &body) != CADRE_OK)
        return 0;
    switch (envelope.verb) {
    case WIRE_sink_results: return s_results_instead (&body, serial, message, results);
    case WIRE_sink_output: return s_output_instead (&body, message, results);
    case WIRE_sink_returned: return s_returned_instead (&body, message, results);
    default: return 0;
    }
}

void outbox_refused (outbox_t *self, uint64_t sequence, uint64_t serial, const char *message)
{
    buffer_t results = {0}, instead = {0};
    const buffer_t *frame = stream_frame (self->stream, sequence);
    if (!frame)
        return;
    size_t count = s_instead (frame, serial, message, &results);
    if (results.size > WIRE_FRAME_MAX / 2) { //  So many that there is no room for the reason
        buffer_clear (&results);
        count = s_instead (frame, serial, "", &results);
    }
    if (count)
        wire_write_sink_results (&instead, (wire_envelope_t){0},
                                 &(wire_sink_results_t){.results = wire_list_of (&results, count)});
    stream_instead (self->stream, sequence, &instead);
    buffer_free (&results);
}

//  ---- sending -----------------------------------------------------------------------

static void s_number_answers (outbox_t *self)
{
    if (self->results_count || self->returned_count || stream_unsent_bytes (self->stream))
        return;
    for (; self->numbered < self->count; self->numbered++)
        self->answers [self->numbered].sequence = stream_sent (self->stream);
}

void outbox_send (outbox_t *self, void *sink, uint64_t limit_bytes)
{
    while (stream_flying_bytes (self->stream) < limit_bytes) {
        const buffer_t *frame = stream_next (self->stream);
        if (!frame)
            break;
        if (sockets_send_bytes (sink, frame->data, frame->size, ZMQ_DONTWAIT) != CADRE_OK) {
            stream_unsend (self->stream);
            break;
        }
    }
    s_number_answers (self);
}

bool outbox_acknowledge (outbox_t *self, uint64_t received)
{
    if (!stream_acknowledge (self->stream, received))
        return false;
    while (self->first < self->numbered && self->answers [self->first].sequence <= received)
        self->first++;
    if (self->first == self->count)
        self->first = self->numbered = self->count = 0;
    return true;
}

void outbox_restart (outbox_t *self, uint64_t session, bool forget)
{
    if (forget) {
        stream_destroy (&self->stream);
        s_new_stream (self, session);
        buffer_clear (&self->results);
        buffer_clear (&self->returned);
        self->results_count = self->returned_count = 0;
        self->first = self->numbered = self->count = 0;
        return;
    }
    stream_restart (self->stream, session);
    stream_grant (self->stream, UINT64_MAX, UINT64_MAX);
    self->numbered = self->first;
}

uint64_t outbox_sent (const outbox_t *self)
{
    return stream_sent (self->stream);
}

size_t outbox_bytes (const outbox_t *self)
{
    return stream_bytes (self->stream) + self->results.size + self->returned.size;
}

bool outbox_is_empty (const outbox_t *self)
{
    return self->results_count == 0 && self->returned_count == 0
           && stream_unacknowledged (self->stream) == 0;
}

size_t outbox_answers (const outbox_t *self)
{
    return self->count - self->first;
}

void outbox_each (const outbox_t *self, void (*visit) (void *context, uint64_t serial),
                  void *context)
{
    for (size_t i = self->first; i < self->count; i++)
        visit (context, self->answers [i].serial);
}

void outbox_share (outbox_t *self)
{
    stream_share (self->stream);
}
