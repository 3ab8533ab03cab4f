/*  buffer.h - growable bytes
 *
 *  A buffer owns its bytes. It grows by doubling and aborts when memory runs out: windows limit
 *  what is put into buffers, so external input cannot cause that. A checked buffer, used for data
 *  from the application, fails instead when large data finds no memory (memory_check.h): test
 *  `failed` before its bytes are used. A zeroed buffer_t is an empty buffer. Any thread may use a
 *  buffer, one at a time.
 *
 *  Several buffers can share large bytes that do not change any more (bulk.h): such a buffer can
 *  only be read, taken or freed.
 */

#ifndef COMMON_BUFFER_H_INCLUDED
#define COMMON_BUFFER_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bulk;
struct gather;

typedef struct buffer {
    uint8_t *data;         //  NULL until something is appended
    size_t size;           //  Bytes in use
    size_t capacity;       //  Bytes allocated
    bool checked;          //  Data without memory is omitted, and failed set; kept by buffer_free
    bool failed;           //  Data was omitted since the last clear or free
    struct bulk *bulk;     //  Owner of the bytes, if they are shared; else NULL
    struct gather *gather; //  Large data is noted there instead of copied; borrowed, or NULL
} buffer_t;

//  Makes room for size_bytes more and returns where they go; size does not change. NULL when the
//  buffer is checked and there is no memory.
uint8_t *buffer_reserve (buffer_t *self, size_t size_bytes);

void buffer_append (buffer_t *self, const void *bytes, size_t size_bytes);

//  Frees unused capacity; for buffers that live long.
#define BUFFER_AIR_BYTES 256u
void buffer_trim (buffer_t *self);

//  Removes the content and keeps the memory.
void buffer_clear (buffer_t *self);

//  Removes the first size_bytes bytes.
void buffer_consume (buffer_t *self, size_t size_bytes);

//  Frees the memory; the buffer is empty and usable afterwards.
void buffer_free (buffer_t *self);

//  Moves the content of *other_p into a buffer returned by value; *other_p is empty afterwards.
buffer_t buffer_take (buffer_t *other);

//  A buffer of those bytes; the bulk is taken over.
buffer_t buffer_of_bulk (struct bulk *bulk);

//  Another buffer with the same bytes: no copy is made when self holds a bulk.
buffer_t buffer_share (const buffer_t *self);

//  The bytes become a bulk of plain memory, so that they can be shared. Not for an empty one.
void buffer_freeze (buffer_t *self);

#endif
