/*  buffer.h - growable bytes
 *
 *  A buffer owns its bytes. It grows by doubling and aborts when memory runs
 *  out: windows bound what is ever put into one, so that is a broken invariant
 *  and no input's fault. One that is checked, for what people hand over, only
 *  fails when something large finds no room (room.h): look before its bytes
 *  are used. A zeroed buffer_t is an empty buffer.
 *  Any thread may use a buffer, one at a time.
 */

#ifndef COMMON_BUFFER_H_INCLUDED
#define COMMON_BUFFER_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct buffer {
    uint8_t *data;   //  The bytes; NULL while nothing was ever appended
    size_t size;     //  Bytes in use
    size_t capacity; //  Bytes allocated
    bool checked;    //  What finds no room is left out, and failed set; kept when it is freed
    bool failed;     //  Something was left out, since it was cleared or freed
} buffer_t;

//  Makes room for size_bytes more and returns where they would go; size stays as it is. NULL when
//  it is checked, and there is none.
uint8_t *buffer_reserve (buffer_t *self, size_t size_bytes);

void buffer_append (buffer_t *self, const void *bytes, size_t size_bytes);

//  Gives back what it has allocated in vain; for those that are kept.
#define BUFFER_AIR_BYTES 256u
void buffer_trim (buffer_t *self);

//  Forgets the content and keeps the memory.
void buffer_clear (buffer_t *self);

//  Drops the first size_bytes bytes.
void buffer_consume (buffer_t *self, size_t size_bytes);

//  Frees the memory; the buffer is empty and usable afterwards.
void buffer_free (buffer_t *self);

//  Moves the content of *other_p into a buffer returned by value; *other_p is empty afterwards.
buffer_t buffer_take (buffer_t *other);

#endif
