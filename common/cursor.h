/*  cursor.h - reads msgpack in place, and refuses hostile bytes before they cost memory
 *
 *  A cursor walks bytes that somebody else owns and hands out views into them:
 *  nothing is allocated or copied, whatever the bytes declare. It checks each
 *  declared count against the bytes that are left, so five bytes that announce
 *  four billion elements are refused at once.
 *
 *  The first failure sticks: later calls do nothing and return false, so a
 *  reader may ask for several values and test once. A cursor is a small value;
 *  copying it makes a bookmark. Views stay valid as long as the bytes do.
 */

#ifndef COMMON_CURSOR_H_INCLUDED
#define COMMON_CURSOR_H_INCLUDED

#include "common/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  How deep arrays and maps may nest in a value from outside.
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
    CURSOR_END //  No byte is left, or the next one starts no value
} cursor_kind_t;

typedef struct cursor {
    const uint8_t *at;  //  Next byte
    const uint8_t *end; //  Behind the last byte
    bool failed;        //  A read failed: the rest is not to be trusted
} cursor_t;

//  The beginning of a value, taken apart. The bytes of a text, blob or ext follow it, and the
//  elements of an array or map.
typedef struct cursor_head {
    uint64_t
        number; //  The integer (two's complement), float bits, flag, count (pairs of a map) or size
    cursor_kind_t kind; //  What it is
    bool negative;      //  The integer is below zero
    uint8_t length;     //  Bytes of the head itself, number and type of an ext included
} cursor_head_t;

cursor_t cursor_of (const void *bytes, size_t size_bytes);
cursor_t cursor_of_view (view_t view);

//  What comes next; never moves.
cursor_kind_t cursor_peek (const cursor_t *self);

//  What comes next, for those who walk the bytes themselves: never moves, and checks neither count
//  nor size against the bytes that are left. False when the head is cut off, or starts no value
//  (then cursor_peek says CURSOR_END however many bytes follow).
bool cursor_head (const cursor_t *self, cursor_head_t *head);

//  True when everything was read and nothing failed.
bool cursor_done (const cursor_t *self);

//  Each reads one value of that kind, stores it and returns true; else the cursor fails.
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

//  Skips one whole value, checked to CURSOR_DEPTH_MAX, and stores where it lay (value may be NULL).
bool cursor_skip (cursor_t *self, view_t *value);

//  The same for so many values, one behind the other.
bool cursor_skip_many (cursor_t *self, size_t count, view_t *values);

//  Steps into a map and looks for a text key. On success the cursor returned stands at the value;
//  else it is failed. The map must have been skipped (checked) before.
cursor_t cursor_find (view_t map, const char *key);

#endif
