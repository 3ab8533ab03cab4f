//  failure.c - maps of kind, message and worker

#include "worker/failure.h"

void failure_pack (buffer_t *self, const char *kind, const char *message, const char *worker, bool abandoned)
{
    pack_map (self, abandoned ? 4 : 3);
    pack_text (self, "kind");
    pack_text (self, kind);
    pack_text (self, "message");
    pack_text (self, message);
    pack_text (self, "worker");
    pack_text (self, worker);
    if (!abandoned)
        return;
    pack_text (self, "abandoned");
    pack_bool (self, true);
}

void failure_pack_with_worker (buffer_t *self, view_t detail, const char *worker, const char *message)
{
    cursor_t cursor = cursor_of_view (detail);
    size_t pairs = 0, kept = 0;
    buffer_t others = {0};
    if (detail.size && cursor_peek (&cursor) == CURSOR_MAP)
        cursor_map (&cursor, &pairs);
    for (size_t i = 0; i < pairs; i++) {
        view_t key = {0}, value = {0};
        cursor_t mark = cursor;
        view_t text = {0};
        bool is_text = cursor_peek (&mark) == CURSOR_TEXT && cursor_text (&mark, &text);
        if (!cursor_skip (&cursor, &key) || !cursor_skip (&cursor, &value))
            break;
        if (is_text && (view_is (text, "worker") || (message && view_is (text, "message"))))
            continue;
        buffer_append (&others, key.data, key.size);
        buffer_append (&others, value.data, value.size);
        kept++;
    }
    pack_map (self, kept + (message ? 2 : 1));
    pack_raw (self, others.data, others.size);
    if (message) {
        pack_text (self, "message");
        pack_text (self, message);
    }
    pack_text (self, "worker");
    pack_text (self, worker);
    buffer_free (&others);
}
