//  cursor.c - reads msgpack in place, and rejects invalid bytes before they use memory

#include "common/cursor.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

//  A value's first byte and the number after it:
//  https://github.com/msgpack/msgpack/blob/master/spec.md
typedef cursor_head_t head_t;

typedef struct shape {
    uint8_t kind;   //  cursor_kind_t
    uint8_t length; //  Bytes of the head
    uint8_t
        bytes; //  Big-endian bytes of the number after the first byte; 0: it is in the first byte
    uint8_t mask;  //  Bits of the first byte that are the number
    uint8_t fixed; //  The number, if it is implied by the first byte
    bool has_sign; //  An integer that may be negative
} shape_t;

#define TIMES_4(...) __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__
#define TIMES_16(...) TIMES_4 (TIMES_4 (__VA_ARGS__))
#define IN_FIRST(kind, mask) kind, 1, 0, mask, 0, false
#define FIXED(kind, number) kind, 1, 0, 0, number, false
#define BEHIND(kind, bytes) kind, 1 + bytes, bytes, 0, 0, false
#define SIGNED(bytes) CURSOR_INT, 1 + bytes, bytes, 0, 0, true
#define EXT(bytes, size) CURSOR_EXT, 2 + bytes, bytes, 0, size, false

//  Indexed by the first byte.
static const shape_t s_shapes [256] = {
    TIMES_4 (TIMES_16 ({IN_FIRST (CURSOR_INT, 0x7f)})), //  0x00
    TIMES_4 (TIMES_16 ({IN_FIRST (CURSOR_INT, 0x7f)})), //  0x40
    TIMES_16 ({IN_FIRST (CURSOR_MAP, 0x0f)}),           //  0x80
    TIMES_16 ({IN_FIRST (CURSOR_ARRAY, 0x0f)}),         //  0x90
    TIMES_16 ({IN_FIRST (CURSOR_TEXT, 0x1f)}),          //  0xa0
    TIMES_16 ({IN_FIRST (CURSOR_TEXT, 0x1f)}),          //  0xb0
    {FIXED (CURSOR_NIL, 0)},                            //  0xc0
    {FIXED (CURSOR_END, 0)},
    {FIXED (CURSOR_BOOL, 0)},
    {FIXED (CURSOR_BOOL, 1)},
    {BEHIND (CURSOR_BLOB, 1)},
    {BEHIND (CURSOR_BLOB, 2)},
    {BEHIND (CURSOR_BLOB, 4)},
    {EXT (1, 0)},
    {EXT (2, 0)},
    {EXT (4, 0)},
    {BEHIND (CURSOR_FLOAT, 4)},
    {BEHIND (CURSOR_FLOAT, 8)},
    {BEHIND (CURSOR_INT, 1)},
    {BEHIND (CURSOR_INT, 2)},
    {BEHIND (CURSOR_INT, 4)},
    {BEHIND (CURSOR_INT, 8)},
    {SIGNED (1)}, //  0xd0
    {SIGNED (2)},
    {SIGNED (4)},
    {SIGNED (8)},
    {EXT (0, 1)},
    {EXT (0, 2)},
    {EXT (0, 4)},
    {EXT (0, 8)},
    {EXT (0, 16)},
    {BEHIND (CURSOR_TEXT, 1)},
    {BEHIND (CURSOR_TEXT, 2)},
    {BEHIND (CURSOR_TEXT, 4)},
    {BEHIND (CURSOR_ARRAY, 2)},
    {BEHIND (CURSOR_ARRAY, 4)},
    {BEHIND (CURSOR_MAP, 2)},
    {BEHIND (CURSOR_MAP, 4)},
    TIMES_16 ({CURSOR_INT, 1, 0, 0xff, 0, true}), //  0xe0
    TIMES_16 ({CURSOR_INT, 1, 0, 0xff, 0, true}), //  0xf0
};

static inline uint64_t s_big_endian (const uint8_t *bytes, size_t count)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (count) {
    case 1: return *bytes;
    case 2: memcpy (&two, bytes, sizeof two); return be16toh (two);
    case 4: memcpy (&four, bytes, sizeof four); return be32toh (four);
    default: memcpy (&eight, bytes, sizeof eight); return be64toh (eight);
    }
}

//  Integers of fewer than 8 bytes are sign-extended.
static inline void s_cursor_sign (head_t *head, size_t bytes)
{
    uint64_t top = (uint64_t) 1 << (bytes * 8 - 1);
    head->negative = head->number & top;
    if (head->negative && bytes < 8)
        head->number |= ~(uint64_t) 0 << (bytes * 8);
}

//  Decodes the next value's head; false when there is none or it is incomplete.
static inline bool s_head (const cursor_t *self, head_t *head)
{
    size_t left = (size_t) (self->end - self->at);
    if (self->failed || left == 0)
        return false;
    uint8_t first = *self->at;
    const shape_t *shape = &s_shapes [first];
    if (shape->kind == CURSOR_END || left < shape->length)
        return false;
    head->kind = shape->kind;
    head->length = shape->length;
    head->negative = false;
    head->number = shape->bytes ? s_big_endian (self->at + 1, shape->bytes)
                                : (uint64_t) (first & shape->mask) + shape->fixed;
    if (shape->has_sign)
        s_cursor_sign (head, shape->bytes ? shape->bytes : 1);
    return true;
}

//  Number of bytes after a head that belong to the value itself.
static inline uint64_t s_body_bytes (const head_t *head)
{
    return head->kind == CURSOR_TEXT || head->kind == CURSOR_BLOB || head->kind == CURSOR_EXT
               ? head->number
               : 0;
}

//  Number of values after a head that are its elements.
static inline uint64_t s_elements (const head_t *head)
{
    if (head->kind == CURSOR_ARRAY)
        return head->number;
    return head->kind == CURSOR_MAP ? head->number * 2 : 0;
}

//  Reads a head and the value's own bytes, if they are complete and there could be enough bytes for
//  the elements.
static inline bool s_cursor_take (cursor_t *self, head_t *head)
{
    if (!s_head (self, head)) {
        self->failed = true;
        return false;
    }
    uint64_t left = (uint64_t) (self->end - self->at) - head->length;
    if (s_body_bytes (head) > left || s_elements (head) > left) {
        self->failed = true;
        return false;
    }
    self->at += head->length + s_body_bytes (head);
    return true;
}

//  Reads a head of the wanted kind; does not move when the next value is of another kind.
static inline bool s_want (cursor_t *self, cursor_kind_t kind, head_t *head)
{
    if (!s_cursor_take (self, head))
        return false;
    if (head->kind != kind)
        self->failed = true;
    return head->kind == kind;
}

cursor_t cursor_of (const void *bytes, size_t size_bytes)
{
    const uint8_t *start = bytes;
    return (cursor_t){.at = start, .end = size_bytes ? start + size_bytes : start};
}

cursor_t cursor_of_view (view_t view)
{
    return cursor_of (view.data, view.size);
}

cursor_kind_t cursor_peek (const cursor_t *self)
{
    size_t left = (size_t) (self->end - self->at);
    if (self->failed || left == 0)
        return CURSOR_END;
    const shape_t *shape = &s_shapes [*self->at];
    return left < shape->length ? CURSOR_END : (cursor_kind_t) shape->kind;
}

bool cursor_head (const cursor_t *self, cursor_head_t *head)
{
    return s_head (self, head);
}

bool cursor_done (const cursor_t *self)
{
    return !self->failed && self->at == self->end;
}

//  Fast path for a number in the shortest form; false: another form, and nothing has moved.
static inline bool s_quick_uint (cursor_t *self, uint64_t *value)
{
    size_t left = (size_t) (self->end - self->at);
    if (self->failed || left == 0)
        return false;
    uint8_t first = *self->at;
    size_t bytes = first < 0x80 ? 0 : (size_t) 1 << (first & 3);
    if ((first >= 0x80 && (first & 0xfc) != 0xcc) || bytes >= left)
        return false;
    *value = bytes ? s_big_endian (self->at + 1, bytes) : first;
    self->at += 1 + bytes;
    return true;
}

static bool s_uint (cursor_t *self, uint64_t *value)
{
    head_t head;
    if (!s_want (self, CURSOR_INT, &head))
        return false;
    if (head.negative) {
        self->failed = true;
        return false;
    }
    *value = head.number;
    return true;
}

bool cursor_uint (cursor_t *self, uint64_t *value)
{
    return s_quick_uint (self, value) || s_uint (self, value);
}

static bool s_int (cursor_t *self, int64_t *value)
{
    head_t head;
    if (!s_want (self, CURSOR_INT, &head))
        return false;
    if (!head.negative && head.number > INT64_MAX) {
        self->failed = true;
        return false;
    }
    *value = (int64_t) head.number;
    return true;
}

bool cursor_int (cursor_t *self, int64_t *value)
{
    if (self->failed || self->at == self->end || *self->at >= 0x80)
        return s_int (self, value);
    *value = *self->at++;
    return true;
}

bool cursor_bool (cursor_t *self, bool *value)
{
    head_t head;
    if (!s_want (self, CURSOR_BOOL, &head))
        return false;
    *value = head.number != 0;
    return true;
}

static double s_float (const head_t *head)
{
    if (head->length == 5) {
        uint32_t bits = (uint32_t) head->number;
        float value;
        memcpy (&value, &bits, sizeof value);
        return (double) value;
    }
    double value;
    memcpy (&value, &head->number, sizeof value);
    return value;
}

bool cursor_double (cursor_t *self, double *value)
{
    head_t head;
    if (!s_cursor_take (self, &head))
        return false;
    if (head.kind == CURSOR_FLOAT)
        *value = s_float (&head);
    else if (head.kind == CURSOR_INT)
        *value = head.negative ? (double) (int64_t) head.number : (double) head.number;
    else
        self->failed = true;
    return !self->failed;
}

bool cursor_nil (cursor_t *self)
{
    head_t head;
    return s_want (self, CURSOR_NIL, &head);
}

static bool s_cursor_bytes (cursor_t *self, cursor_kind_t kind, view_t *value)
{
    head_t head;
    if (!s_want (self, kind, &head))
        return false;
    *value = (view_t){.data = self->at - head.number, .size = (size_t) head.number};
    return true;
}

bool cursor_text (cursor_t *self, view_t *value)
{
    return s_cursor_bytes (self, CURSOR_TEXT, value);
}

bool cursor_blob (cursor_t *self, view_t *value)
{
    return s_cursor_bytes (self, CURSOR_BLOB, value);
}

bool cursor_bytes (cursor_t *self, view_t *value)
{
    return s_cursor_bytes (self, cursor_peek (self) == CURSOR_TEXT ? CURSOR_TEXT : CURSOR_BLOB,
                           value);
}

bool cursor_array (cursor_t *self, size_t *count)
{
    head_t head;
    if (!s_want (self, CURSOR_ARRAY, &head))
        return false;
    *count = (size_t) head.number;
    return true;
}

bool cursor_map (cursor_t *self, size_t *count)
{
    head_t head;
    if (!s_want (self, CURSOR_MAP, &head))
        return false;
    *count = (size_t) head.number;
    return true;
}

bool cursor_ext (cursor_t *self, int8_t *type, view_t *value)
{
    head_t head;
    if (!s_want (self, CURSOR_EXT, &head))
        return false;
    *value = (view_t){.data = self->at - head.number, .size = (size_t) head.number};
    *type = (int8_t) value->data [-1];
    return true;
}

//  Skips a value that consists of its head only.
static inline bool s_skip_plain (cursor_t *self)
{
    const shape_t *shape = self->at < self->end ? &s_shapes [*self->at] : NULL;
    if (!shape || shape->kind > CURSOR_FLOAT || self->end - self->at < shape->length)
        return false;
    self->at += shape->length;
    return true;
}

//  Enters a short array, which is the form of records and payloads.
static inline bool s_open_short (cursor_t *self, uint64_t *elements)
{
    if (self->at == self->end || (*self->at & 0xf0) != 0x90)
        return false;
    *elements = *self->at & 0x0f;
    if (*elements >= (size_t) (self->end - self->at))
        return false;
    self->at++;
    return true;
}

//  Skips a value without its elements, and returns their number.
static bool s_skip_head (cursor_t *self, uint64_t *elements)
{
    head_t head;
    if (s_open_short (self, elements))
        return true;
    if (!s_cursor_take (self, &head))
        return false;
    *elements = s_elements (&head);
    return true;
}

//  Skips so many values with their elements.
static bool s_skip (cursor_t *self, uint64_t count)
{
    uint64_t open [CURSOR_DEPTH_MAX]; //  Remaining values on each outer level
    uint64_t elements;
    for (size_t depth = 0;;) {
        while (count > 0 && s_skip_plain (self))
            count--;
        if (count == 0 && depth == 0)
            return true;
        if (count == 0) {
            count = open [--depth];
            continue;
        }
        if (!s_skip_head (self, &elements))
            return false;
        count--;
        if (elements == 0)
            continue;
        if (depth == CURSOR_DEPTH_MAX) {
            self->failed = true;
            return false;
        }
        open [depth++] = count;
        count = elements;
    }
}

bool cursor_skip_many (cursor_t *self, size_t count, view_t *values)
{
    const uint8_t *start = self->at;
    if (self->failed || !s_skip (self, count))
        return false;
    if (values)
        *values = (view_t){.data = start, .size = (size_t) (self->at - start)};
    return true;
}

bool cursor_skip (cursor_t *self, view_t *value)
{
    const uint8_t *start = self->at;
    if (self->failed || !s_skip_plain (self))
        return cursor_skip_many (self, 1, value);
    if (value)
        *value = (view_t){.data = start, .size = (size_t) (self->at - start)};
    return true;
}

cursor_t cursor_find (view_t map, const char *key)
{
    cursor_t cursor = cursor_of_view (map);
    size_t count;
    if (!cursor_map (&cursor, &count))
        return cursor;
    for (size_t i = 0; i < count; i++) {
        view_t name = {0};
        if (cursor_peek (&cursor) == CURSOR_TEXT)
            cursor_text (&cursor, &name);
        else
            cursor_skip (&cursor, NULL);
        if (cursor.failed || (name.data && view_is (name, key)))
            return cursor;
        cursor_skip (&cursor, NULL);
    }
    cursor.failed = true;
    return cursor;
}
