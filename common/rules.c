//  rules.c - validity rules for values and messages

#include "common/rules.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

#define KEY_BYTES 40

const rules_shape_t rules_value = {.name = "value", .depth_max = RULES_DEPTH_MAX};
const rules_shape_t rules_item = {
    .name = "value", .depth_max = RULES_DEPTH_MAX, .failures = RULES_FAILED_ITSELF};
const rules_shape_t rules_items = {
    .name = "value", .depth_max = RULES_DEPTH_MAX + 1, .failures = RULES_FAILED_ITEMS};
const rules_shape_t rules_call = {
    .name = "arguments", .depth_max = RULES_DEPTH_MAX + 1, .failures = RULES_ANY_FAILURES};
const rules_shape_t rules_map = {
    .name = "items", .depth_max = RULES_PAYLOAD_DEPTH_MAX, .failures = RULES_ANY_FAILURES};
const rules_shape_t rules_command = {
    .name = "command", .depth_max = RULES_PAYLOAD_DEPTH_MAX, .any_texts = true};
const rules_shape_t rules_any = {.name = "payload",
                                 .depth_max = RULES_PAYLOAD_DEPTH_MAX,
                                 .failures = RULES_ANY_FAILURES,
                                 .any_texts = true,
                                 .doubts = true};

const rules_shape_t *rules_payload (uint64_t kind)
{
    return kind == WIRE_KIND_COMMAND ? &rules_command
           : kind == WIRE_KIND_MAP   ? &rules_map
                                     : &rules_call;
}

//  ---- places ----------------------------------------------------------------------

//  The bytes of the value that have arrived.
typedef struct piece {
    const uint8_t *start; //  Of the value
    size_t size;          //  Number of bytes
} piece_t;

static cursor_t s_cursor (const piece_t *piece, size_t at)
{
    return cursor_of (piece->start + at, piece->size - at);
}

//  Prints [7], or ["name"], truncated and cleaned.
static void s_print_key (const piece_t *piece, size_t at, char *text, size_t size)
{
    cursor_t cursor = s_cursor (piece, at);
    char name [KEY_BYTES];
    view_t view = {0};
    uint64_t number = 0;
    int64_t below = 0;
    cursor_t again = cursor;
    if (cursor_peek (&cursor) == CURSOR_INT) {
        if (cursor_uint (&cursor, &number))
            snprintf (text, size, "[%" PRIu64 "]", number);
        else if (cursor_int (&again, &below))
            snprintf (text, size, "[%" PRId64 "]", below);
        return;
    }
    if (!cursor_text (&cursor, &view))
        return;
    view_copy (utf8_cut (view, sizeof name - 1), name, sizeof name);
    utf8_repair (name, strlen (name));
    snprintf (text, size, "[\"%s\"]", name);
}

//  Prints value[3]["name"].
static void s_print_path (const rules_scan_t *self, const piece_t *piece, char *text, size_t size)
{
    int used = snprintf (text, size, "%s", self->shape->doubts ? "" : self->shape->name);
    for (unsigned depth = 1; depth <= self->depth && used >= 0 && (size_t) used < size; depth++) {
        const rules_level_t *level = &self->levels [depth];
        uint32_t begun = level->count - level->left;
        char step [KEY_BYTES * 2] = "";
        if (begun == 0)
            break;
        if (level->map)
            s_print_key (piece, level->key, step, sizeof step);
        else
            snprintf (step, sizeof step, "[%" PRIu32 "]", begun - 1);
        used += snprintf (text + used, size - (size_t) used, "%s", step);
    }
}

static bool s_rules_refuse (const rules_scan_t *self, const piece_t *piece, fault_t *fault,
                            const char *what)
{
    char path [RULES_PATH_BYTES];
    if (!fault)
        return false;
    s_print_path (self, piece, path, sizeof path);
    fault_set (fault, CADRE_ERROR_ARGUMENT, "%s%s: %s",
               self->shape->doubts ? self->shape->name : "", path, what);
    return false;
}

//  Records the first position of something that not all shapes allow.
static void s_doubt (rules_scan_t *self, const piece_t *piece, rules_doubt_t doubt)
{
    if (!self->shape->doubts || self->doubts >> doubt & 1)
        return;
    self->doubts |= (uint8_t) (1u << doubt);
    s_print_path (self, piece, self->paths [doubt], RULES_PATH_BYTES);
}

//  ---- one step ---------------------------------------------------------------------

typedef enum step { STEP_ON, STEP_WAIT, STEP_BAD } step_t;

static step_t s_bad (const rules_scan_t *self, const piece_t *piece, fault_t *fault,
                     const char *what)
{
    s_rules_refuse (self, piece, fault, what);
    return STEP_BAD;
}

//  Waits for more bytes; if all have arrived, the value is incomplete.
static step_t s_rules_wait (const rules_scan_t *self, const piece_t *piece, fault_t *fault)
{
    return piece->size < self->total ? STEP_WAIT : s_bad (self, piece, fault, "it is incomplete");
}

static bool s_is_failure (view_t body)
{
    cursor_t cursor = cursor_of_view (body);
    size_t count = 0;
    view_t text;
    if (!cursor_array (&cursor, &count) || count != 3)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!cursor_text (&cursor, &text) || !utf8_is_valid (text))
            return false;
    return cursor_done (&cursor);
}

static step_t s_ext (rules_scan_t *self, const piece_t *piece, const cursor_head_t *head,
                     fault_t *fault)
{
    const rules_shape_t *shape = self->shape;
    int8_t type = (int8_t) piece->start [self->at + head->length - 1u];
    char what [120];
    bool here =
        shape->failures == RULES_ANY_FAILURES
        || (shape->failures == RULES_FAILED_ITSELF && self->depth == 0)
        || (shape->failures == RULES_FAILED_ITEMS && self->depth == 1 && !self->levels [1].map);
    if (type != WIRE_EXT_ERROR || !here) {
        snprintf (what, sizeof what, "ext type %d%s", type,
                  type == WIRE_EXT_ERROR   ? ": only an item of a map's result can be a failure"
                  : type == WIRE_EXT_PARTS ? ": only the protocol itself refers to parts"
                                           : ": a value has no ext types");
        return s_bad (self, piece, fault, what);
    }
    view_t body = {.data = piece->start + self->at + head->length, .size = (size_t) head->number};
    if (piece->size - self->at - head->length < head->number)
        return s_rules_wait (self, piece, fault);
    if (!s_is_failure (body))
        return s_bad (self, piece, fault,
                      "ext type 1 that does not hold kind, message and trace as texts");
    s_doubt (self, piece,
             self->depth == 1 && !self->levels [1].map ? RULES_DOUBT_ITEM : RULES_DOUBT_FAILURE);
    self->at += head->length + body.size;
    return STEP_ON;
}

//  Checks the current text as far as it has arrived.
static step_t s_rules_text (rules_scan_t *self, const piece_t *piece, fault_t *fault)
{
    size_t end = self->text_end < piece->size ? self->text_end : piece->size;
    if (self->shape->any_texts && (!self->shape->doubts || self->doubts & 1u << RULES_DOUBT_TEXT))
        self->at = end;
    else
        self->at += utf8_prefix (piece->start + self->at, end - self->at);
    bool bad = self->at < end && (end == self->text_end || end - self->at > 3);
    if (bad && self->shape->any_texts) {
        s_doubt (self, piece, RULES_DOUBT_TEXT);
        self->at = end;
    } else if (bad) {
        char what [80];
        snprintf (what, sizeof what,
                  "a text that is not UTF-8 (byte 0x%02x): bytes travel as a blob",
                  piece->start [self->at]);
        return s_bad (self, piece, fault, what);
    }
    if (self->at < self->text_end)
        return s_rules_wait (self, piece, fault);
    self->text_end = 0;
    return STEP_ON;
}

static step_t s_begin_text (rules_scan_t *self, const piece_t *piece, const cursor_head_t *head,
                            fault_t *fault)
{
    if (head->number > self->total - self->at - head->length)
        return s_bad (self, piece, fault, "it is incomplete");
    self->at += head->length;
    self->text_end = self->at + (size_t) head->number;
    return s_rules_text (self, piece, fault);
}

static step_t s_blob (rules_scan_t *self, const piece_t *piece, const cursor_head_t *head,
                      fault_t *fault)
{
    if (piece->size - self->at - head->length < head->number)
        return s_rules_wait (self, piece, fault);
    self->at += head->length + (size_t) head->number;
    return STEP_ON;
}

static step_t s_rules_open (rules_scan_t *self, const piece_t *piece, const cursor_head_t *head,
                            fault_t *fault)
{
    bool map = head->kind == CURSOR_MAP;
    uint64_t count = map ? head->number * 2 : head->number;
    char what [60];
    if (count > self->total - self->at - head->length)
        return s_bad (self, piece, fault, "it announces more elements than bytes");
    if (self->depth == self->shape->depth_max) {
        snprintf (what, sizeof what, "nested deeper than %d", RULES_DEPTH_MAX);
        return s_bad (self, piece, fault, what);
    }
    if (self->depth >= RULES_DEPTH_MAX)
        s_doubt (self, piece,
                 self->depth == RULES_DEPTH_MAX ? RULES_DOUBT_DEEP : RULES_DOUBT_DEEPER);
    self->at += head->length;
    self->levels [++self->depth] =
        (rules_level_t){.count = (uint32_t) count, .left = (uint32_t) count, .map = map};
    return STEP_ON;
}

//  The key is invalid, so the position is that of its map.
static step_t s_bad_key (rules_scan_t *self, const piece_t *piece, fault_t *fault)
{
    self->depth--;
    return s_bad (self, piece, fault, "a map with a key that is neither text nor integer");
}

//  No value begins here, or its head is incomplete.
static step_t s_headless (const rules_scan_t *self, const piece_t *piece, fault_t *fault)
{
    if (piece->size > self->at && piece->start [self->at] == 0xc1)
        return s_bad (self, piece, fault, "a byte 0xc1, which begins no value");
    return s_rules_wait (self, piece, fault);
}

//  Enters a value as far as possible in one step.
static step_t s_rules_enter (rules_scan_t *self, const piece_t *piece, const cursor_head_t *head,
                             fault_t *fault)
{
    switch (head->kind) {
    case CURSOR_EXT: return s_ext (self, piece, head, fault);
    case CURSOR_BLOB: return s_blob (self, piece, head, fault);
    case CURSOR_ARRAY:
    case CURSOR_MAP: return s_rules_open (self, piece, head, fault);
    case CURSOR_TEXT: return s_begin_text (self, piece, head, fault);
    default: self->at += head->length; return STEP_ON;
    }
}

//  Checks the next value or key. It counts as checked, unless it must be repeated when more bytes
//  have arrived.
static step_t s_rules_begin (rules_scan_t *self, const piece_t *piece, fault_t *fault)
{
    rules_level_t *level = &self->levels [self->depth];
    cursor_t cursor = s_cursor (piece, self->at);
    cursor_head_t head;
    bool key = level->map && level->left % 2 == 0;
    bool has_head = cursor_head (&cursor, &head);
    if (key && has_head && head.kind != CURSOR_TEXT && head.kind != CURSOR_INT)
        return s_bad_key (self, piece, fault);
    level->left--;
    if (key)
        level->key = (uint32_t) self->at;
    step_t step =
        has_head ? s_rules_enter (self, piece, &head, fault) : s_headless (self, piece, fault);
    if (step == STEP_WAIT && self->text_end == 0)
        level->left++;
    return step;
}

//  ---- scans ------------------------------------------------------------------------

void rules_scan_begin (rules_scan_t *self, const rules_shape_t *shape, uint64_t total)
{
    assert (total <= UINT32_MAX);
    self->shape = shape;
    self->total = total;
    self->at = self->text_end = 0;
    self->depth = 0;
    self->doubts = 0;
    self->ended = false;
    self->levels [0] = (rules_level_t){.count = 1, .left = 1};
}

static bool s_walk (rules_scan_t *self, const piece_t *piece, fault_t *fault)
{
    step_t step = self->text_end ? s_rules_text (self, piece, fault) : STEP_ON;
    while (step == STEP_ON) {
        while (self->levels [self->depth].left == 0 && self->depth > 0)
            self->depth--;
        self->ended = self->levels [self->depth].left == 0;
        if (self->ended)
            break;
        step = s_rules_begin (self, piece, fault);
    }
    return step != STEP_BAD;
}

bool rules_scan_go (rules_scan_t *self, const void *bytes, size_t size_bytes, fault_t *fault)
{
    piece_t piece = {.start = bytes, .size = size_bytes};
    assert (size_bytes <= self->total);
    if (!self->ended && !s_walk (self, &piece, fault))
        return false;
    if (self->ended && self->at < self->total)
        return s_rules_refuse (self, &piece, fault, "more bytes follow it");
    return true;
}

bool rules_scan_is_whole (const rules_scan_t *self)
{
    return self->ended && self->at == self->total;
}

static bool s_allows (const rules_shape_t *self, rules_doubt_t doubt)
{
    switch (doubt) {
    case RULES_DOUBT_TEXT: return self->any_texts;
    case RULES_DOUBT_ITEM:
        return self->failures == RULES_FAILED_ITEMS || self->failures == RULES_ANY_FAILURES;
    case RULES_DOUBT_FAILURE: return self->failures == RULES_ANY_FAILURES;
    case RULES_DOUBT_DEEP: return self->depth_max > RULES_DEPTH_MAX;
    default: return self->depth_max > RULES_DEPTH_MAX + 1;
    }
}

bool rules_scan_fits (const rules_scan_t *self, const rules_shape_t *shape, fault_t *fault)
{
    static const char *const words [RULES_DOUBTS] = {
        "a text that is not UTF-8", "ext type 1 outside of an item of a map",
        "ext type 1 outside of an item of a map", "nested too deep", "nested too deep"};
    for (rules_doubt_t doubt = 0; doubt < RULES_DOUBTS; doubt++)
        if (self->doubts >> doubt & 1 && !s_allows (shape, doubt)) {
            fault_set (fault, CADRE_ERROR_ARGUMENT, "%s%s: %s", shape->name, self->paths [doubt],
                       words [doubt]);
            return false;
        }
    return true;
}

bool rules_take (cursor_t *cursor, const rules_shape_t *shape, view_t *value, fault_t *fault)
{
    rules_scan_t scan;
    piece_t piece = {.start = cursor->at, .size = (size_t) (cursor->end - cursor->at)};
    if (cursor->failed)
        return false;
    rules_scan_begin (&scan, shape, piece.size);
    if (!s_walk (&scan, &piece, fault))
        return false;
    *value = (view_t){.data = cursor->at, .size = scan.at};
    cursor->at += scan.at;
    return true;
}

//  Fast path: most values are a number, or a few of them. Returns the end of the one that begins
//  here; NULL: it has another form, or is incomplete.
static const uint8_t *s_behind_plain (const uint8_t *at, const uint8_t *end)
{
    static const uint8_t sizes [] = {1, 0, 1, 1, 0, 0, 0, 0, 0, 0,
                                     5, 9, 2, 3, 5, 9, 2, 3, 5, 9}; //  from 0xc0 on
    if (at == end)
        return NULL;
    size_t size = *at < 0x80 || *at >= 0xe0   ? 1
                  : *at >= 0xc0 && *at < 0xd4 ? sizes [*at - 0xc0]
                                              : 0;
    return size && size <= (size_t) (end - at) ? at + size : NULL;
}

//  One such value, or a short array of them.
static bool s_is_plain (view_t value)
{
    const uint8_t *at = value.data, *end = value.data + value.size;
    size_t count = 1;
    if (*at >= 0x90 && *at < 0xa0)
        count = *at++ & 15;
    for (; at && count > 0; count--)
        at = s_behind_plain (at, end);
    return at == end;
}

bool rules_check (view_t value, const rules_shape_t *shape, fault_t *fault)
{
    rules_scan_t scan;
    if (value.size == 0 || s_is_plain (value))
        return true;
    rules_scan_begin (&scan, shape, value.size);
    return rules_scan_go (&scan, value.data, value.size, fault);
}
