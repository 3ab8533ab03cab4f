/*  cursor.h - reads msgpack in place, and rejects invalid bytes before they use memory
 *
 *  A cursor reads borrowed bytes and returns views into them; nothing is allocated or copied. It
 *  checks each declared count against the remaining bytes, so five bytes that announce four billion
 *  elements are rejected at once.
 *
 *  After the first failure all calls do nothing and return false, so a reader may read several
 *  values and test once. A cursor is a small value; a copy of it is a bookmark. Views stay valid as
 *  long as the bytes.
 */

#ifndef COMMON_CURSOR_H_INCLUDED
#define COMMON_CURSOR_H_INCLUDED

#include "common/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  Maximum nesting of arrays and maps in an external value.
#define CURSOR_DEPTH_MAX 24

typedef enum cursor_kind {
    CURSOR_NIL,
    CURSOR_BOOL,
    CURSOR_INT, //  Any integer, signed or unsigned
    CURSOR_FLOAT,
    CURSOR_TEXT,
    CURSOR_BLOB,
    CURSOR_ARRAY,
    CURSOR_MAP,
    CURSOR_EXT,
    CURSOR_END //  No bytes are left, or the next byte starts no value
} cursor_kind_t;

typedef struct cursor {
    const uint8_t *at;  //  Next byte
    const uint8_t *end; //  After the last byte
    bool failed;        //  A read failed: the rest must not be used
} cursor_t;

//  The decoded head of a value. The bytes of a text, blob or ext, or the elements of an array or
//  map, follow it.
typedef struct cursor_head {
    uint64_t
        number; //  The integer (two's complement), float bits, flag, count (pairs of a map) or size
    cursor_kind_t kind; //  Kind of the value
    bool negative;      //  The integer is negative
    uint8_t length;     //  Bytes of the head, including the type of an ext
} cursor_head_t;

cursor_t cursor_of (const void *bytes, size_t size_bytes);
cursor_t cursor_of_view (view_t view);

//  The kind of the next value; does not advance.
cursor_kind_t cursor_peek (const cursor_t *self);

//  The head of the next value, without an advance and without a check of count or size against the
//  remaining bytes. False when the head is incomplete, or invalid (then cursor_peek returns
//  CURSOR_END although bytes follow).
bool cursor_head (const cursor_t *self, cursor_head_t *head);

//  True when everything was read and nothing failed.
bool cursor_done (const cursor_t *self);

//  Each reads one value of that kind, stores it and returns true; otherwise the cursor fails.
bool cursor_uint (cursor_t *self, uint64_t *value); //  Integers from 0 to 2^64-1
bool cursor_int (cursor_t *self, int64_t *value);   //  Integers from -2^63 to 2^63-1
bool cursor_bool (cursor_t *self, bool *value);
bool cursor_double (cursor_t *self, double *value); //  Floats, and integers converted
bool cursor_nil (cursor_t *self);
bool cursor_text (cursor_t *self, view_t *value);  //  str only
bool cursor_blob (cursor_t *self, view_t *value);  //  bin only
bool cursor_bytes (cursor_t *self, view_t *value); //  str or bin
bool cursor_array (cursor_t *self, size_t *count); //  The header; count elements follow
bool cursor_map (cursor_t *self, size_t *count);   //  The header; count pairs follow
bool cursor_ext (cursor_t *self, int8_t *type, view_t *value);

//  Skips one whole value, checked to CURSOR_DEPTH_MAX, and stores its bytes (value may be NULL).
bool cursor_skip (cursor_t *self, view_t *value);

//  The same for so many consecutive values.
bool cursor_skip_many (cursor_t *self, size_t count, view_t *values);

//  Finds a text key in a map. Returns a cursor at its value, or a failed cursor. The map must have
//  been checked by cursor_skip.
cursor_t cursor_find (view_t map, const char *key);

#endif
