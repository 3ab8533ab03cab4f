//  fake_slot.c - fake: slots as the worker meets them, and slots_rig, a worker's slots_t over them

#include "tests/lib/fakes/fake_slot.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static slot_backend_t s_start (void *context, size_t place, int fd, slot_memory_t *memory)
{
    fake_slot_t *self = &((slots_rig_t *) context)->slot [place];
    if (self->fd >= 0)
        close (self->fd);
    buffer_clear (&self->in);
    self->fd = fd;
    self->memory = memory;
    self->page = &memory->page;
    self->ring = (ring_writer_t){.ring = &memory->ring};
    self->backend = (slot_backend_fake_t){0};
    self->starts++;
    return (slot_backend_t){.kind = SLOT_BACKEND_FAKE, .pidfd = -1, .fake = &self->backend};
}

static void s_text (view_t detail, const char *key, char *text, size_t size)
{
    cursor_t cursor = cursor_find (detail, key);
    view_t value;
    if (cursor_text (&cursor, &value))
        view_copy (value, text, size);
}

static void s_on_result (void *context, const lease_t *lease, const slots_result_t *result)
{
    slots_rig_t *self = context;
    char kind [100] = "", message [400] = "";
    assert (self->heard_count < FAKE_HEARD_MAX);
    fake_heard_t *heard = &self->heard [self->heard_count++];
    *heard = (fake_heard_t){.serial = lease->serial,
                            .outcome = result->outcome,
                            .code = result->code,
                            .run_us = result->run_us};
    if (result->value.size && result->value.size <= sizeof heard->value) {
        memcpy (heard->value, result->value.data, result->value.size);
        heard->value_bytes = result->value.size;
    }
    if (result->detail.size) {
        s_text (result->detail, "kind", kind, sizeof kind);
        s_text (result->detail, "message", message, sizeof message);
        snprintf (heard->detail, sizeof heard->detail, "%s: %s", kind, message);
    }
}

static void s_on_returned (void *context, const lease_t *lease)
{
    slots_rig_t *self = context;
    assert (self->heard_count < FAKE_HEARD_MAX);
    self->heard [self->heard_count++] = (fake_heard_t){.serial = lease->serial};
}

static void s_on_output (void *context, const lease_t *lease, unsigned stream, view_t bytes)
{
    (void) lease;
    (void) stream;
    ((slots_rig_t *) context)->output_bytes += bytes.size;
}

void slots_rig_open (slots_rig_t *self, size_t count, const slots_options_t *options)
{
    slots_options_t own = options ? *options : (slots_options_t){.commands = true};
    *self = (slots_rig_t){.time = {.now_us = 1000000}};
    assert (count <= FAKE_SLOTS_MAX);
    for (size_t i = 0; i < FAKE_SLOTS_MAX; i++)
        self->slot [i].fd = -1;
    self->clock = fake_clock_of (&self->time);
    self->timers = timers_new ();
    own.worker = "alpha";
    own.count = count;
    own.start =
        (slot_handle_start_t){.fake = s_start, .context = self, .threads = own.start.threads};
    own.clock = &self->clock;
    own.timers = self->timers;
    own.events = (slots_events_t){
        .context = self, .result = s_on_result, .returned = s_on_returned, .output = s_on_output};
    self->slots = slots_new (&own, NULL);
    assert (self->slots);
}

void slots_rig_close (slots_rig_t *self)
{
    for (size_t i = 0; i < FAKE_SLOTS_MAX; i++)
        self->slot [i].backend.ended = true;
    slots_destroy (&self->slots);
    timers_destroy (&self->timers);
    for (size_t i = 0; i < FAKE_SLOTS_MAX; i++) {
        if (self->slot [i].fd >= 0)
            close (self->slot [i].fd);
        buffer_free (&self->slot [i].in);
    }
}

void slots_rig_job (slots_rig_t *self, uint64_t job, unsigned kind, uint64_t timeout_ms,
                    uint64_t grace_ms)
{
    slots_open_job (self->slots, &(wire_lane_job_t){.job = job,
                                                    .kind = kind,
                                                    .function = wire_view ("square"),
                                                    .timeout_ms = timeout_ms,
                                                    .grace_ms = grace_ms});
}

void slots_rig_push (slots_rig_t *self, uint64_t job, uint64_t serial, size_t count)
{
    slots_rig_push_by (self, job, serial, count, 0);
}

void slots_rig_push_by (slots_rig_t *self, uint64_t job, uint64_t serial, size_t count,
                        int64_t begin_by_us)
{
    static const uint8_t empty_array [] = {0x90};
    for (size_t i = 0; i < count; i++) {
        wire_lane_task_t task = {
            .index = i, .attempt = 1, .payload = {empty_array, sizeof empty_array}};
        lease_t *lease = lease_new (slots_job (self->slots, job), serial + i, &task);
        lease->output_window = 1000;
        lease->begin_by_us = begin_by_us;
        slots_push (self->slots, &lease);
    }
}

void slots_rig_turn (slots_rig_t *self)
{
    slots_read (self->slots);
    timers_run (self->timers, self->time.now_us);
    slots_turn (self->slots);
}

void slots_rig_pass_ms (slots_rig_t *self, int64_t ms)
{
    fake_clock_pass_ms (&self->time, ms);
    slots_rig_turn (self);
}

void slots_rig_pass_s (slots_rig_t *self, unsigned s)
{
    for (unsigned i = 0; i < s; i++)
        slots_rig_pass_ms (self, 1000);
}

wire_list_t slots_rig_span (buffer_t *buffer, uint64_t first, uint64_t count)
{
    buffer_clear (buffer);
    wire_pack_span (buffer, &(wire_span_t){.first = first, .count = count});
    return wire_list_of (buffer, 1);
}

size_t fake_slot_read (fake_slot_t *self, uint32_t *tickets, size_t max, uint32_t *verbs)
{
    size_t count = 0, offset = 0;
    ssize_t got;
    while ((got = recv (self->fd, buffer_reserve (&self->in, 65536), 65536, MSG_DONTWAIT)) > 0)
        self->in.size += (size_t) got;
    while (self->in.size - offset > 4) {
        uint32_t length;
        memcpy (&length, self->in.data + offset, 4);
        length = be32toh (length);
        if (self->in.size - offset - 4 < length)
            break;
        uint8_t verb = self->in.data [offset + 4];
        cursor_t body = cursor_of (self->in.data + offset + 5, length - 1);
        wire_slot_task_t task;
        if (verbs)
            *verbs |= UINT32_C (1) << (verb - 0x60);
        if (verb == WIRE_slot_task && wire_read_slot_task (&body, &task) && count < max)
            tickets [count++] = (uint32_t) task.ticket;
        offset += 4 + length;
    }
    buffer_consume (&self->in, offset);
    return count;
}

void fake_slot_ring (fake_slot_t *self, const void *bytes, size_t size_bytes)
{
    ssize_t sent = send (self->fd, bytes, size_bytes, MSG_NOSIGNAL);
    assert (sent == (ssize_t) size_bytes);
}

void fake_slot_say (fake_slot_t *self, const void *bytes, size_t size_bytes)
{
    size_t put = ring_put (&self->ring, bytes, size_bytes);
    assert (put == size_bytes);
    fake_slot_ring (self, &(uint8_t){RING_BELL}, 1);
}

static void s_send (fake_slot_t *self, uint8_t verb, const buffer_t *body)
{
    uint32_t length = htobe32 ((uint32_t) body->size + 1);
    buffer_t frame = {0};
    buffer_append (&frame, &length, 4);
    buffer_append (&frame, &verb, 1);
    buffer_append (&frame, body->data, body->size);
    fake_slot_say (self, frame.data, frame.size);
    buffer_free (&frame);
}

void fake_slot_refuse (fake_slot_t *self, unsigned code, const char *message)
{
    buffer_t body = {0};
    wire_pack_slot_ready (&body,
                          &(wire_slot_ready_t){.code = code, .message = wire_view (message)});
    s_send (self, WIRE_slot_ready, &body);
    buffer_free (&body);
}

void fake_slot_ready (fake_slot_t *self)
{
    fake_slot_refuse (self, 0, "");
}

void fake_slot_result (fake_slot_t *self, uint32_t ticket, cadre_outcome_t outcome, uint64_t run_us)
{
    buffer_t body = {0};
    wire_pack_slot_result (
        &body, &(wire_slot_result_t){.ticket = ticket, .outcome = outcome, .run_us = run_us});
    s_send (self, WIRE_slot_result, &body);
    buffer_free (&body);
}

void fake_slot_result_file (fake_slot_t *self, uint32_t ticket, uint64_t size_bytes)
{
    buffer_t body = {0}, value = {0};
    wire_pack_file (&value, size_bytes);
    wire_pack_slot_result (&body, &(wire_slot_result_t){.ticket = ticket,
                                                        .outcome = CADRE_OUTCOME_OK,
                                                        .value = wire_view_of (&value)});
    s_send (self, WIRE_slot_result, &body);
    buffer_free (&body);
    buffer_free (&value);
}

void fake_slot_output (fake_slot_t *self, uint32_t ticket, const char *text)
{
    buffer_t body = {0};
    wire_pack_slot_output (
        &body, &(wire_slot_output_t){.ticket = ticket, .stream = 1, .bytes = wire_view (text)});
    s_send (self, WIRE_slot_output, &body);
    buffer_free (&body);
}

ticket_verdict_t fake_slot_claim (fake_slot_t *self, uint32_t ticket, int64_t now_us)
{
    ticket_verdict_t verdict = ticket_claim (self->page, ticket, now_us);
    if (verdict == TICKET_RUN)
        self->memory->begun = ticket;
    return verdict;
}

void fake_slot_run (fake_slot_t *self, uint32_t ticket, uint64_t run_us)
{
    ticket_verdict_t verdict = fake_slot_claim (self, ticket, 0);
    assert (verdict == TICKET_RUN);
    fake_slot_result (self, ticket, CADRE_OUTCOME_OK, run_us);
}

void fake_slot_die (fake_slot_t *self, int status)
{
    self->backend.ended = true;
    self->backend.status = status;
    close (self->fd);
    self->fd = -1;
}
