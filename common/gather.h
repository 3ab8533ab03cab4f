/*  gather.h - large data that is packed is copied only once
 *
 *  When a buffer has a gather, large texts and blobs that are packed into it are not copied: their
 *  position is noted. gather_take then writes everything at once, to a sealed file (bulk.h) or, if
 *  that is not possible, to plain memory. The data must stay valid until then. One thread at a
 *  time.
 *
 *      gather_t gather = {0};
 *      buffer_t payload = {.gather = &gather};
 *      pack_blob (&payload, bytes, size_bytes);
 *      gather_take (&gather, &payload);
 */

#ifndef COMMON_GATHER_H_INCLUDED
#define COMMON_GATHER_H_INCLUDED

#include "common/buffer.h"
#include "common/view.h"

#define GATHER_LEAST (128u * 1024u) //  What is smaller is copied
#define GATHER_PIECES 16u           //  More than so many are copied, too

typedef struct gather {
    size_t count;                 //  Pieces that were noted
    size_t size;                  //  Their bytes
    size_t at [GATHER_PIECES];    //  Bytes of the buffer that come before each
    view_t bytes [GATHER_PIECES]; //  The pieces; borrowed
} gather_t;

//  Appends bytes to the buffer, or notes them in its gather if it has one.
void gather_append (buffer_t *buffer, const void *bytes, size_t size_bytes);

//  Bytes of both together.
size_t gather_size (const gather_t *self, const buffer_t *buffer);

//  What was noted belongs into another buffer, size_bytes further on.
void gather_shift (gather_t *self, size_t size_bytes);

//  The buffer holds everything then, and has no gather any more: as a bulk in a sealed file if that
//  is to be had, else in plain memory; failed, as with any checked buffer, if there is none. Of
//  fewer than least bytes no file is made.
void gather_take (gather_t *self, buffer_t *buffer, size_t least);

#endif
