//  attack_client.c - attacks of a client

#include "tests/bench/attack.h"

#include "common/entropy.h"
#include "common/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPEC_BYTES (500 << 10)

//  ==== jobs ========================================================================

static void s_open (attack_t *self, wire_job_open_t open)
{
    uint8_t uuid [WIRE_UUID_BYTES];
    buffer_t frame = {0};
    entropy_uuid (uuid);
    attack_read (self);
    open.ref = ++self->ref;
    open.uuid = (view_t){uuid, WIRE_UUID_BYTES};
    if (!open.kind)
        open.kind = WIRE_KIND_CALL;
    if (!open.function.size)
        open.function = wire_view ("square");
    wire_write_job_open (&frame, (wire_envelope_t){0}, &open);
    attack_put (self, &frame, true);
    self->job_session = self->sessions;
}

static bool s_has_job (attack_t *self)
{
    attack_read (self);
    return self->job_session == self->sessions;
}

//  As many as a frame and the window have room for, at most `count`, each of those bytes.
static uint64_t s_add (attack_t *self, uint64_t first, uint64_t count, const void *payload,
                       size_t size)
{
    buffer_t list = {0}, frame = {0};
    attack_await_window (self, 0, 0);
    if (!s_has_job (self))
        return 0;
    uint64_t room = self->tasks_window - self->tasks, most = (WIRE_FRAME_MAX - 100) / size;
    count = count < room ? count : room;
    count = count < most ? count : most;
    count = count < WIRE_FRAME_TASKS_MAX ? count : WIRE_FRAME_TASKS_MAX;
    if (!count)
        attack_pause (1);
    for (uint64_t i = 0; i < count; i++)
        buffer_append (&list, payload, size);
    wire_job_tasks_t tasks = {
        .ref = self->ref, .first = first, .payloads = wire_list_of (&list, count)};
    wire_write_job_tasks (&frame, (wire_envelope_t){0}, &tasks);
    attack_await_window (self, count, frame.size);
    if (s_has_job (self))
        attack_put (self, &frame, true);
    else
        buffer_free (&frame);
    buffer_free (&list);
    return count;
}

static void s_seal (attack_t *self, uint64_t count)
{
    buffer_t frame = {0};
    if (!s_has_job (self))
        return;
    wire_write_job_seal (&frame, (wire_envelope_t){0},
                         &(wire_job_seal_t){.ref = self->ref, .count = count});
    attack_put (self, &frame, true);
}

static void s_cancel (attack_t *self)
{
    buffer_t frame = {0};
    if (!s_has_job (self))
        return;
    wire_write_job_cancel (&frame, (wire_envelope_t){0},
                           &(wire_job_cancel_t){.ref = self->ref, .all = true});
    attack_put (self, &frame, true);
}

static const uint8_t s_one [] = {0x91, 0x07};

//  A job of one task after the other.
static void s_jobs_like (attack_t *self, const wire_job_open_t *open)
{
    attack_enter_client (self);
    for (;;) {
        s_open (self, *open);
        s_add (self, 0, 1, s_one, sizeof s_one);
        s_seal (self, 1);
    }
}

static void s_jobs (attack_t *self)
{
    s_jobs_like (self, &(wire_job_open_t){0});
}

static void s_detached (attack_t *self)
{
    s_jobs_like (self, &(wire_job_open_t){.detached = true});
}

static void s_durable (attack_t *self)
{
    s_jobs_like (self, &(wire_job_open_t){.durable = true, .detached = true});
}

//  A job that nobody can run, with a name, needs or priority of its own.
static void s_names (attack_t *self)
{
    char name [64];
    attack_enter_client (self);
    for (uint64_t i = 0;; i++) {
        snprintf (name, sizeof name, "function-%llu", (unsigned long long) i);
        s_open (self, (wire_job_open_t){.function = wire_view (name)});
        s_add (self, 0, 1, s_one, sizeof s_one);
        s_seal (self, 1);
    }
}

static void s_needs (attack_t *self)
{
    char name [64];
    attack_enter_client (self);
    for (uint64_t i = 0;; i++) {
        buffer_t needs = {0};
        snprintf (name, sizeof name, "need-%llu", (unsigned long long) i);
        pack_text (&needs, name);
        s_open (self, (wire_job_open_t){.needs = wire_list_of (&needs, 1)});
        s_add (self, 0, 1, s_one, sizeof s_one);
        s_seal (self, 1);
        buffer_free (&needs);
    }
}

static void s_priorities (attack_t *self)
{
    attack_enter_client (self);
    for (int64_t i = 0;; i++) {
        s_open (self, (wire_job_open_t){.priority = (i * 7919) % 1000003 - 2000000});
        s_add (self, 0, 1, s_one, sizeof s_one);
        s_seal (self, 1);
    }
}

//  A job without end, opened anew in each session.
static void s_tasks_like (attack_t *self, const wire_job_open_t *open, const void *payload,
                          size_t size)
{
    attack_enter_client (self);
    for (;;) {
        uint64_t count = 0;
        s_open (self, *open);
        while (s_has_job (self))
            count += s_add (self, count, UINT64_MAX, payload, size);
    }
}

static void s_nils (attack_t *self)
{
    s_tasks_like (self, &(wire_job_open_t){0}, "\xc0", 1);
}

static void s_ones (attack_t *self)
{
    s_tasks_like (self, &(wire_job_open_t){0}, "\x90", 1);
}

//  Arguments of the wrong type.
static void s_retries (attack_t *self)
{
    s_tasks_like (self,
                  &(wire_job_open_t){.retries = 60000, .retries_lost = 60000, .backoff_ms = 1},
                  "\x91\xc0", 2);
}

//  Results of 10,000 bytes. Each session goes on until it has nothing to say any more.
static void s_deaf (attack_t *self)
{
    static const uint8_t size [] = {0x91, 0xcd, 0x27, 0x10};
    for (;;) {
        attack_enter_client (self);
        s_open (self, (wire_job_open_t){.function = wire_view ("blob")});
        s_add (self, 0, self->number, size, sizeof size);
        self->deaf = true;
        attack_pause (500);
        self->deaf = false;
    }
}

static void s_cancels (attack_t *self)
{
    attack_enter_client (self);
    for (;;) {
        s_open (self, (wire_job_open_t){.function = wire_view ("nothing")});
        s_add (self, 0, self->number, s_one, sizeof s_one);
        for (unsigned i = 0; i < 100; i++)
            s_cancel (self);
    }
}

//  ==== large frames ================================================================

static void s_specs (attack_t *self)
{
    char *text = malloc (SPEC_BYTES);
    buffer_t spec = {0};
    memset (text, 'x', SPEC_BYTES);
    text [1] = '=';
    pack_map (&spec, 1);
    pack_text (&spec, "env");
    pack_array (&spec, 1);
    pack_text_of (&spec, text, SPEC_BYTES);
    free (text);
    attack_enter_client (self);
    for (;;)
        s_open (self, (wire_job_open_t){.kind = WIRE_KIND_COMMAND, .spec = wire_view_of (&spec)});
}

//  step 0: the same one over and over.
static void s_spans (attack_t *self, uint64_t count, uint64_t step)
{
    buffer_t spans = {0};
    for (uint64_t i = 0; i < count; i++)
        wire_pack_span (&spans, &(wire_span_t){.first = i * step, .count = 1});
    attack_enter_client (self);
    for (;;)
        s_open (self, (wire_job_open_t){.ended = wire_list_of (&spans, count)});
}

static void s_ended (attack_t *self)
{
    s_spans (self, 140000, 2);
}

static void s_ended_same (attack_t *self)
{
    s_spans (self, 300000, 0);
}

//  Of each payload one part.
static void s_parts (attack_t *self)
{
    static uint8_t bytes [200 << 10];
    attack_enter_client (self);
    for (uint64_t i = 1;; i++) {
        buffer_t frame = {0};
        wire_part_t part = {.payload = i, .total = 900 << 20, .bytes = {bytes, self->number}};
        wire_write_part (&frame, (wire_envelope_t){0}, &part);
        attack_await_window (self, 0, frame.size);
        attack_put (self, &frame, true);
    }
}

const attack_kind_t attack_client_kinds [] = {
    {"jobs", s_jobs, 0, "jobs of one task, as fast as they are read"},
    {"detached", s_detached, 0, "the same, which outlive it"},
    {"durable", s_durable, 0, "the same, in the store"},
    {"names", s_names, 0, "each job wants another function"},
    {"needs", s_needs, 0, "each job has needs of its own that nobody has"},
    {"priorities", s_priorities, 0, "each job has a priority of its own"},
    {"nils", s_nils, 0, "tasks whose payload is nil, a frame full"},
    {"ones", s_ones, 0, "tasks of one byte, a frame full"},
    {"retries", s_retries, 0, "tasks that fail, and are tried again and again"},
    {"deaf", s_deaf, 4000, "results of 10 KB that it does not read"},
    {"cancels", s_cancels, 50000, "cancels so many tasks, a hundred times"},
    {"specs", s_specs, 0, "jobs with a spec of 500 KB"},
    {"ended", s_ended, 0, "jobs with 140,000 spans of ended tasks"},
    {"ended-same", s_ended_same, 0, "jobs with 300,000 times the same span"},
    {"parts", s_parts, 200 << 10, "payloads of which one part comes"},
    {"parts-small", s_parts, 1, "the same, with parts of one byte"},
    ATTACK_KINDS_OF_ALL,
    {0}};
