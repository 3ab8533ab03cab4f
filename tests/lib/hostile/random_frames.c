//  random_frames.c - attack: valid and nearly valid messages with random fields, at the wrong time

#include "tests/lib/hostile/random_frames.h"
#include "common/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof (list) / sizeof *(list))

unsigned random_frames_chance (random_frames_t *self, unsigned below)
{
    return (unsigned) rand_r (&self->seed) / 5 % below;
}

void random_frames_end (random_frames_t *self)
{
    for (size_t i = 0; i < COUNT (self->texts); i++)
        buffer_free (&self->texts [i]);
}

static buffer_t *s_buffer (random_frames_t *self)
{
    buffer_t *buffer = &self->texts [self->used++ % COUNT (self->texts)];
    buffer_clear (buffer);
    return buffer;
}

//  ---- fields ----------------------------------------------------------------------

static uint64_t s_uint (random_frames_t *self)
{
    static const uint64_t rare [] = {1u << 16, UINT32_MAX, UINT64_C (1) << 40, UINT64_MAX,
                                     UINT64_MAX - 1};
    unsigned chance = random_frames_chance (self, 10);
    return chance == 0 ? rare [random_frames_chance (self, COUNT (rare))]
                       : random_frames_chance (self, chance < 8 ? 4 : 300);
}

static int64_t s_sint (random_frames_t *self)
{
    return (int64_t) s_uint (self) - 1;
}

static bool s_flag (random_frames_t *self)
{
    return random_frames_chance (self, 2);
}

static view_t s_text (random_frames_t *self)
{
    static const char *const words [] = {"",
                                         "square",
                                         "echo",
                                         "nothing",
                                         WIRE_MAGIC,
                                         "job.info",
                                         "job.list",
                                         "task.list",
                                         "ipc",
                                         "task.explain",
                                         "broker.info",
                                         "worker.list",
                                         "function.list",
                                         "task.info",
                                         "queue"};
    return wire_view (words [random_frames_chance (self, COUNT (words))]);
}

//  Often a UUID, and one of few.
static view_t s_blob (random_frames_t *self)
{
    buffer_t *buffer = s_buffer (self);
    size_t size =
        random_frames_chance (self, 5) ? WIRE_UUID_BYTES : random_frames_chance (self, 2000);
    uint8_t filler = (uint8_t) random_frames_chance (self, 4);
    for (size_t i = 0; i < size; i++)
        buffer_append (buffer, &filler, 1);
    return wire_view_of (buffer);
}

static void s_pack_any (random_frames_t *self, buffer_t *buffer)
{
    switch (random_frames_chance (self, 7)) {
    case 0: pack_nil (buffer); break;
    case 1: pack_uint (buffer, s_uint (self)); break;
    case 2: pack_text (buffer, "text"); break;
    case 3: wire_pack_parts (buffer, s_uint (self)); break;
    case 4:
        pack_map (buffer, 2);
        pack_text (buffer, random_frames_chance (self, 2) ? "job" : "worker-lost");
        pack_uint (buffer, s_uint (self));
        pack_text (buffer, "task");
        pack_uint (buffer, s_uint (self));
        break;
    default: pack_array (buffer, 1); pack_uint (buffer, s_uint (self));
    }
}

static view_t s_raw (random_frames_t *self)
{
    buffer_t *buffer = s_buffer (self);
    s_pack_any (self, buffer);
    return wire_view_of (buffer);
}

static wire_list_t s_list (random_frames_t *self);

//  A struct with random fields, for messages and records alike.
#define s_later_uint s_uint
#define s_later_flag s_flag
#define s_later_raw s_raw
#define s_later_text s_text
#define s_later_list s_list
#define FIELD(type, field, meaning) fields->field = s_##type (self);
#define FILL(name, ...)                                                                            \
    static void s_fill_##name (random_frames_t *self, wire_##name##_t *fields)                     \
    {                                                                                              \
        (void) self, (void) fields;                                                                \
        WIRE_FIELDS_##name (FIELD)                                                                 \
    }
WIRE_RECORDS (FILL)
WIRE_MESSAGES (FILL)

#define ELEMENT(name, ...)                                                                         \
    if (random_frames_chance (self, 3) == 0) {                                                     \
        wire_##name##_t fields;                                                                    \
        s_fill_##name (self, &fields);                                                             \
        wire_pack_##name (buffer, &fields);                                                        \
        return;                                                                                    \
    }

static void s_pack_element (random_frames_t *self, buffer_t *buffer, unsigned depth)
{
    if (depth || random_frames_chance (self, 2)) {
        s_pack_any (self, buffer);
        return;
    }
    WIRE_RECORDS (ELEMENT)
    pack_text (buffer, "label");
}

//  Elements of one kind, or of any.
static wire_list_t s_list (random_frames_t *self)
{
    static unsigned depth;
    buffer_t elements = {0}, *kept = s_buffer (self);
    size_t count = random_frames_chance (self, 4);
    unsigned seed = self->seed;
    bool alike = random_frames_chance (self, 4) != 0;
    depth++;
    for (size_t i = 0; i < count; i++) {
        if (alike)
            self->seed = seed;
        s_pack_element (self, &elements, depth - 1);
    }
    depth--;
    buffer_append (kept, elements.data, elements.size);
    buffer_free (&elements);
    return wire_list_of (kept, count);
}

//  ---- frames ----------------------------------------------------------------------

#define WRITE(name, verb, ...)                                                                     \
    case WIRE_##name: {                                                                            \
        wire_##name##_t fields;                                                                    \
        s_fill_##name (self, &fields);                                                             \
        wire_write_##name (frame, envelope, &fields);                                              \
        break;                                                                                     \
    }

static void s_write (random_frames_t *self, wire_verb_t verb, wire_envelope_t envelope,
                     buffer_t *frame)
{
    switch (verb) {
        WIRE_MESSAGES (WRITE)
    default: break;
    }
}

#define VERB(name, ...) WIRE_##name,

static wire_verb_t s_verb (random_frames_t *self)
{
    static const wire_verb_t verbs [] = {WIRE_MESSAGES (VERB)};
    for (;;) {
        char name [64];
        wire_verb_t verb = verbs [random_frames_chance (self, COUNT (verbs))];
        snprintf (name, sizeof name, " %s ", wire_verb_name (verb));
        if (!self->skip || !strstr (self->skip, name))
            return verb;
    }
}

static bool s_counts (wire_verb_t verb)
{
    return verb == WIRE_part
           || (verb >= WIRE_job_open && verb <= WIRE_lane_job_end && verb != WIRE_client_welcome)
           || (verb >= WIRE_sink_results && verb <= WIRE_sink_drained);
}

//  Mostly what is due.
static uint64_t s_sequence (random_frames_t *self, wire_verb_t verb)
{
    unsigned chance = random_frames_chance (self, 20);
    if (chance == 0)
        return self->sequence;
    if (chance == 1)
        return self->sequence + 1 + random_frames_chance (self, 3);
    if (chance == 2 || (!s_counts (verb) && chance > 4))
        return 0;
    return ++self->sequence;
}

buffer_t random_frames_next (random_frames_t *self)
{
    wire_verb_t verb = s_verb (self);
    bool other = random_frames_chance (self, 30) == 0;
    wire_envelope_t envelope = {.session = other ? s_uint (self) : self->session,
                                .sequence = s_sequence (self, verb)};
    buffer_t frame = {0};
    self->used = 0;
    s_write (self, verb, envelope, &frame);
    if (frame.size && random_frames_chance (self, 25) == 0)
        frame.size = random_frames_chance (self, (unsigned) frame.size);
    return frame;
}
