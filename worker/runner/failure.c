//  failure.c - the map that describes how a task failed

#include "worker/runner/failure.h"

#include <string.h>

#include "common/pack.h"
#include "common/utf8.h"
#include "common/wire.h"
#include "worker/runner/runner.h"

#define WORKER_BYTES 256
#define SLOT_DETAIL_MAX WIRE_FRAME_MAX //  A larger detail is ignored

typedef struct entry {
    const char *key;    //  Of the map
    size_t limit_bytes; //  Of the text
} entry_t;

static const entry_t s_texts [] = {
    {"kind", RUNNER_KIND_BYTES}, {"message", RUNNER_MESSAGE_BYTES}, {"trace", RUNNER_TRACE_BYTES}};
static const char *const s_numbers [] = {"user_us", "system_us", "max_rss_bytes"};

//  Packs any bytes as valid text; a long one is truncated.
static void s_failure_pack_text (buffer_t *self, const char *key, view_t text, size_t limit_bytes)
{
    buffer_t whole = {0};
    bool fits = text.size <= limit_bytes;
    text = utf8_cut (text, fits ? limit_bytes : limit_bytes - UTF8_TRUNCATED_BYTES);
    buffer_append (&whole, text.data, text.size);
    utf8_repair (whole.data, whole.size);
    if (!fits)
        buffer_append (&whole, UTF8_TRUNCATED, UTF8_TRUNCATED_BYTES);
    pack_text (self, key);
    pack_text_of (self, (const char *) whole.data, whole.size);
    buffer_free (&whole);
}

void failure_pack (buffer_t *self, const char *kind, const char *message, const char *worker,
                   bool abandoned)
{
    pack_map (self, abandoned ? 4 : 3);
    s_failure_pack_text (self, "kind", wire_view (kind), RUNNER_KIND_BYTES);
    s_failure_pack_text (self, "message", wire_view (message), RUNNER_MESSAGE_BYTES);
    s_failure_pack_text (self, "worker", wire_view (worker), WORKER_BYTES);
    if (!abandoned)
        return;
    pack_text (self, "abandoned");
    pack_bool (self, true);
}

//  The text of that key; or message, when there is one and the key is that of the message.
static bool s_find_text (view_t map, const char *key, const char *message, view_t *text)
{
    cursor_t cursor = cursor_find (map, key);
    if (message && strcmp (key, "message") == 0) {
        *text = wire_view (message);
        return true;
    }
    return cursor_text (&cursor, text);
}

//  Packs the known entries with valid types; returns how many.
static size_t s_pack_known (buffer_t *self, view_t map, const char *message)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof s_texts / sizeof *s_texts; i++) {
        view_t text = {0};
        if (!s_find_text (map, s_texts [i].key, message, &text))
            continue;
        s_failure_pack_text (self, s_texts [i].key, text, s_texts [i].limit_bytes);
        count++;
    }
    for (size_t i = 0; i < sizeof s_numbers / sizeof *s_numbers; i++) {
        uint64_t number = 0;
        cursor_t cursor = cursor_find (map, s_numbers [i]);
        if (!cursor_uint (&cursor, &number))
            continue;
        pack_text (self, s_numbers [i]);
        pack_uint (self, number);
        count++;
    }
    return count;
}

void failure_pack_with_worker (buffer_t *self, view_t detail, const char *worker,
                               const char *message)
{
    buffer_t others = {0};
    view_t map = detail.size <= SLOT_DETAIL_MAX ? detail : (view_t){0};
    size_t kept = s_pack_known (&others, map, message);
    pack_map (self, kept + 1);
    pack_raw (self, others.data, others.size);
    s_failure_pack_text (self, "worker", wire_view (worker), WORKER_BYTES);
    buffer_free (&others);
}
