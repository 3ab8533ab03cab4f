//  attack_worker.c - attacks of a worker

#include "tests/bench/attack.h"

#include "common/entropy.h"
#include "common/pack.h"

#include <string.h>
#include <zmq.h>

#define LABEL_BYTES 200
#define COMERS 64
#define STALE 10000 //  Results in a frame

static void s_hellos (attack_t *self)
{
    attack_connect (self, "back");
    entropy_uuid (self->uuid);
    for (;;)
        attack_hello_worker (self, false, NULL);
}

//  Several at a time, so many a second.
static void s_comes_with (attack_t *self, const wire_list_t *labels)
{
    void *former [COMERS] = {0};
    for (size_t i = 0;; i = (i + 1) % COMERS) {
        attack_connect (self, "back");
        attack_hello_worker (self, true, labels);
        if (former [i])
            zmq_close (former [i]);
        former [i] = self->socket;
        self->socket = NULL;
        attack_pause (1000 / (long) self->number);
    }
}

static void s_comes (attack_t *self)
{
    s_comes_with (self, NULL);
}

//  As many labels as a frame has room for; more than may be, too.
static void s_large (attack_t *self)
{
    buffer_t labels = {0};
    char label [LABEL_BYTES + 1] = {0};
    memset (label, 'x', LABEL_BYTES);
    for (size_t i = 0; i < 4500; i++)
        pack_text (&labels, label);
    wire_list_t list = wire_list_of (&labels, 4500);
    s_comes_with (self, &list);
}

static void s_outputs (attack_t *self)
{
    static uint8_t bytes [100 << 10];
    attack_enter_worker (self);
    for (uint64_t i = 0;; i++) {
        buffer_t frame = {0};
        wire_sink_output_t output = {.job = 1 + i % 5,
                                     .index = i % 1000,
                                     .serial = i,
                                     .stream = WIRE_STREAM_STDOUT,
                                     .bytes = {bytes, self->number}};
        wire_write_sink_output (&frame, (wire_envelope_t){0}, &output);
        attack_put_sink (self, &frame);
    }
}

static void s_stale (attack_t *self)
{
    attack_enter_worker (self);
    for (uint64_t serial = 1;; serial += STALE) {
        buffer_t list = {0}, frame = {0};
        for (uint64_t i = 0; i < self->number; i++)
            wire_pack_sink_result (
                &list, &(wire_sink_result_t){
                           .job = 1 + i % 5, .index = i, .serial = serial + i, .outcome = 1});
        wire_sink_results_t results = {.results = wire_list_of (&list, self->number)};
        wire_write_sink_results (&frame, (wire_envelope_t){0}, &results);
        attack_put_sink (self, &frame);
        buffer_free (&list);
    }
}

static void s_returned (attack_t *self)
{
    attack_enter_worker (self);
    for (uint64_t serial = 1;; serial += STALE) {
        buffer_t list = {0}, frame = {0};
        for (uint64_t i = 0; i < self->number; i++)
            wire_pack_lease (&list,
                             &(wire_lease_t){.job = 1 + i % 5, .index = i, .serial = serial + i});
        wire_sink_returned_t returned = {.leases = wire_list_of (&list, self->number)};
        wire_write_sink_returned (&frame, (wire_envelope_t){0}, &returned);
        attack_put_sink (self, &frame);
        buffer_free (&list);
    }
}

static void s_junk_sink (attack_t *self)
{
    uint8_t bytes [256];
    attack_enter_worker (self);
    for (;;) {
        buffer_t frame = {0};
        wire_write_sink_drained (&frame, (wire_envelope_t){0}, &(wire_sink_drained_t){0});
        frame.data [1] = WIRE_sink_results;
        entropy_fill (bytes, sizeof bytes);
        buffer_append (&frame, bytes, sizeof bytes);
        attack_put_sink (self, &frame);
    }
}

static void s_junk_back (attack_t *self)
{
    uint8_t bytes [256];
    attack_enter_worker (self);
    for (;;) {
        buffer_t frame = {0};
        wire_write_beat (&frame, (wire_envelope_t){0}, &(wire_beat_t){0});
        entropy_fill (bytes, sizeof bytes);
        buffer_append (&frame, bytes, sizeof bytes);
        attack_put (self, &frame, false);
    }
}

static void s_parts (attack_t *self)
{
    static uint8_t bytes [WIRE_PART_MAX];
    attack_enter_worker (self);
    for (uint64_t i = 1;; i++) {
        buffer_t frame = {0};
        wire_part_t part = {.payload = i, .total = 900 << 20, .bytes = {bytes, self->number}};
        wire_write_part (&frame, (wire_envelope_t){0}, &part);
        attack_put_sink (self, &frame);
    }
}

static void s_windows (attack_t *self)
{
    attack_enter_worker (self);
    for (;;) {
        buffer_t frame = {0};
        wire_write_window (&frame, (wire_envelope_t){0}, &(wire_window_t){0});
        attack_put (self, &frame, false);
    }
}

//  Registers, goes away and registers again.
static void s_registers (attack_t *self)
{
    for (;;)
        attack_enter_worker (self);
}

const attack_kind_t attack_worker_kinds [] = {
    {"hellos", s_hellos, 0, "HELLOs of one UUID on one connection"},
    {"comes", s_comes, 500, "new connections with HELLOs of new UUIDs, so many a second"},
    {"large", s_large, 100, "the same with HELLOs of 900 KB"},
    {"registers", s_registers, 0, "opens one lane after the other"},
    {"outputs", s_outputs, 100 << 10, "output of leases that it has not"},
    {"outputs-small", s_outputs, 1, "the same, byte by byte"},
    {"stale", s_stale, STALE, "results of leases that it has not"},
    {"returned", s_returned, STALE, "gives back leases that it has not"},
    {"junk-sink", s_junk_sink, 0, "results that are none"},
    {"junk-back", s_junk_back, 0, "BEATs that are none"},
    {"parts", s_parts, WIRE_PART_MAX, "values of which one part comes"},
    {"parts-small", s_parts, 1, "the same, with parts of one byte"},
    {"windows", s_windows, 0, "WINDOWs as fast as they are read"},
    {"endless", attack_endless, 65536, "messages without end, in parts of so many bytes"},
    {0}};
