//  mutation.c - attack: one value of a frame of the protocol is replaced

#include "tests/lib/hostile/mutation.h"

#include "common/cursor.h"
#include "common/pack.h"
#include "common/wire.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof (list) / sizeof *(list))
#define DEPTH_MAX 64
#define LONG_BYTES 1000000u //  Nearly a frame

typedef struct copy {
    unsigned *seed; //  What is put in
    size_t nodes;   //  Values copied so far
    size_t target;  //  The one that is changed, counted from 0
} copy_t;

unsigned mutation_chance (unsigned *seed, unsigned below)
{
    return (unsigned) rand_r (seed) / 5 % below;
}

//  ---- values that are put in ------------------------------------------------------

static void s_odd_text (unsigned *seed, buffer_t *out)
{
    static const char *const texts [] = {"",
                                         "square",
                                         "\xff\xfe\x80",
                                         "\x1b[2J\x1b]0;title\x07",
                                         "a\nbroker: forged line",
                                         "../../etc/passwd",
                                         "%s%n%s",
                                         "job.list",
                                         "all",
                                         "\xe2\x80\xae right to left"};
    if (mutation_chance (seed, 5)) {
        pack_text (out, texts [mutation_chance (seed, COUNT (texts))]);
        return;
    }
    size_t size = mutation_chance (seed, mutation_chance (seed, 2) ? LONG_BYTES : 300);
    char *text = malloc (size + 1);
    if (!text)
        abort ();
    memset (text, 'x', size);
    pack_text_of (out, text, size);
    free (text);
}

static void s_odd_number (unsigned *seed, buffer_t *out)
{
    static const uint64_t numbers [] = {
        0,          1,          2,           255,           65535,
        65536,      UINT32_MAX, 1ull << 32,  1ull << 40,    INT64_MAX,
        UINT64_MAX, 1ull << 63, 4294967294u, 1000000000000, 23};
    if (mutation_chance (seed, 4))
        pack_uint (out, numbers [mutation_chance (seed, COUNT (numbers))]);
    else
        pack_int (out, -(int64_t) mutation_chance (seed, 1000) - 1);
}

static void s_odd_nest (unsigned *seed, buffer_t *out)
{
    unsigned depth = 18 + mutation_chance (seed, 12);
    for (unsigned i = 0; i < depth; i++)
        pack_array (out, 1);
    pack_nil (out);
}

static void s_odd_map (unsigned *seed, buffer_t *out)
{
    pack_map (out, 2);
    pack_int (out, (int64_t) mutation_chance (seed, 5) - 2);
    pack_text (out, "integer key");
    pack_text (out, mutation_chance (seed, 2) ? "job" : "message");
    s_odd_number (seed, out);
}

static void s_odd_value (unsigned *seed, buffer_t *out)
{
    static const int8_t types [] = {1, 2, 9, -1};
    uint8_t bytes [8] = {0, 0, 0, 0, 0, 0, 0, (uint8_t) mutation_chance (seed, 4)};
    switch (mutation_chance (seed, 9)) {
    case 0: pack_nil (out); break;
    case 1: pack_bool (out, mutation_chance (seed, 2)); break;
    case 2: s_odd_text (seed, out); break;
    case 3: pack_blob (out, bytes, mutation_chance (seed, sizeof bytes)); break;
    case 4:
        pack_ext (out, types [mutation_chance (seed, COUNT (types))], bytes, sizeof bytes);
        break;
    case 5: s_odd_nest (seed, out); break;
    case 6: s_odd_map (seed, out); break;
    case 7: pack_double (out, 0.0 / (mutation_chance (seed, 2) ? 1.0 : 0.0)); break;
    default: s_odd_number (seed, out);
    }
}

//  ---- values that are changed -----------------------------------------------------

static void s_change_number (unsigned *seed, buffer_t *out, cursor_t at)
{
    uint64_t value = 0;
    if (!cursor_uint (&at, &value) || mutation_chance (seed, 3) == 0) {
        s_odd_number (seed, out);
        return;
    }
    pack_uint (out, mutation_chance (seed, 2) ? value + 1 + mutation_chance (seed, 3)
                                              : value - 1 - mutation_chance (seed, 3));
}

static void s_change_bytes (unsigned *seed, buffer_t *out, cursor_t at, bool text)
{
    view_t view = {0};
    cursor_bytes (&at, &view);
    if (view.size == 0 || view.size > LONG_BYTES || mutation_chance (seed, 3) == 0) {
        s_odd_text (seed, out);
        return;
    }
    uint8_t *copy = malloc (view.size);
    if (!copy)
        abort ();
    memcpy (copy, view.data, view.size);
    copy [mutation_chance (seed, (unsigned) view.size)] ^=
        (uint8_t) (1u << mutation_chance (seed, 8));
    size_t size =
        mutation_chance (seed, 3) ? view.size : mutation_chance (seed, (unsigned) view.size);
    if (text)
        pack_text_of (out, (const char *) copy, size);
    else
        pack_blob (out, copy, size);
    free (copy);
}

//  An element more or less, or the same one twice.
static bool s_change_array (copy_t *self, cursor_t *in, buffer_t *out)
{
    size_t count = 0;
    if (!cursor_array (in, &count))
        return false;
    size_t which = count ? mutation_chance (self->seed, (unsigned) count) : 0;
    bool twice = count == 0 || mutation_chance (self->seed, 2);
    pack_array (out, twice ? count + 1 : count - 1);
    if (count == 0)
        s_odd_value (self->seed, out);
    for (size_t i = 0; i < count; i++) {
        view_t element;
        if (!cursor_skip (in, &element))
            return false;
        if (i != which || twice)
            pack_raw (out, element.data, element.size);
        if (i == which && twice)
            pack_raw (out, element.data, element.size);
    }
    return true;
}

static bool s_change (copy_t *self, cursor_t *in, buffer_t *out, unsigned depth)
{
    cursor_kind_t kind = cursor_peek (in);
    cursor_t at = *in;
    if (kind == CURSOR_ARRAY && depth && mutation_chance (self->seed, 3))
        return s_change_array (self, in, out);
    if (!cursor_skip (in, NULL))
        return false;
    if (kind == CURSOR_INT && mutation_chance (self->seed, 8))
        s_change_number (self->seed, out, at);
    else if ((kind == CURSOR_TEXT || kind == CURSOR_BLOB) && mutation_chance (self->seed, 8))
        s_change_bytes (self->seed, out, at, kind == CURSOR_TEXT);
    else if (kind == CURSOR_BOOL && mutation_chance (self->seed, 8))
        pack_bool (out, mutation_chance (self->seed, 2));
    else
        s_odd_value (self->seed, out);
    return true;
}

static bool s_copy (copy_t *self, cursor_t *in, buffer_t *out, unsigned depth);

static bool s_copy_many (copy_t *self, cursor_t *in, buffer_t *out, size_t count, unsigned depth)
{
    for (size_t i = 0; i < count; i++)
        if (!s_copy (self, in, out, depth + 1))
            return false;
    return true;
}

static bool s_copy (copy_t *self, cursor_t *in, buffer_t *out, unsigned depth)
{
    size_t count = 0;
    if (depth > DEPTH_MAX)
        return false;
    if (self->nodes++ == self->target)
        return s_change (self, in, out, depth);
    switch (cursor_peek (in)) {
    case CURSOR_ARRAY:
        if (!cursor_array (in, &count))
            return false;
        pack_array (out, count);
        return s_copy_many (self, in, out, count, depth);
    case CURSOR_MAP:
        if (!cursor_map (in, &count))
            return false;
        pack_map (out, count);
        return s_copy_many (self, in, out, 2 * count, depth);
    default: {
        view_t value;
        if (!cursor_skip (in, &value))
            return false;
        pack_raw (out, value.data, value.size);
        return true;
    }
    }
}

static void s_change_envelope (unsigned *seed, buffer_t *frame)
{
    size_t at = 4 + mutation_chance (seed, WIRE_ENVELOPE_BYTES - 4);
    frame->data [at] ^= (uint8_t) (1u << mutation_chance (seed, 3));
}

void mutation_apply (unsigned *seed, buffer_t *frame)
{
    if (frame->size <= WIRE_ENVELOPE_BYTES)
        return;
    if (mutation_chance (seed, 12) == 0) {
        s_change_envelope (seed, frame);
        return;
    }
    copy_t copy = {.seed = seed, .target = SIZE_MAX};
    buffer_t out = {0};
    cursor_t body =
        cursor_of (frame->data + WIRE_ENVELOPE_BYTES, frame->size - WIRE_ENVELOPE_BYTES);
    cursor_t first = body;
    bool whole = s_copy (&copy, &first, &out, 0) && copy.nodes > 1;
    if (whole) {
        copy =
            (copy_t){.seed = seed, .target = 1 + mutation_chance (seed, (unsigned) copy.nodes - 1)};
        buffer_clear (&out);
        buffer_append (&out, frame->data, WIRE_ENVELOPE_BYTES);
        whole = s_copy (&copy, &body, &out, 0);
    }
    if (whole) {
        buffer_free (frame);
        *frame = buffer_take (&out);
    }
    buffer_free (&out);
}
