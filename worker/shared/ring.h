/*  ring.h - a byte stream from a slot to its worker, in shared memory
 *
 *  The slot copies bytes in and publishes them by advancing head; the worker copies them out and
 *  advances tail. No system call is needed for that; the notification of the worker is not part of
 *  the ring. Published bytes stay readable after the slot has died.
 *
 *      bytes:  ... taken | tail ... published ... | head ... room ... | tail + RING_BYTES
 *
 *  Only the slot writes head and only the worker writes tail; each keeps a private copy and never
 *  reads its own value back. Both count bytes modulo 2^32. The worker does not trust the content:
 *  it checks head, and copies bytes before it parses them, because the slot may change them at any
 *  time. A slot that finds no room waits at tail (a futex); the worker wakes it.
 *
 *  One thread on each side. The memory may be mapped at different addresses.
 */

#ifndef WORKER_SHARED_RING_H_INCLUDED
#define WORKER_SHARED_RING_H_INCLUDED

#include "common/buffer.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_BYTES (256u * 1024u) //  A power of two
#define RING_BELL 0x07      //  The byte that a slot sends through its socket after it has published
#define RING_BELL_FILE 0x06 //  The same for a byte with a file, which the next result refers to

typedef struct ring {
    _Alignas(64) _Atomic uint32_t head; //  Bytes published
    _Alignas(64) _Atomic uint32_t tail; //  Bytes consumed
    _Atomic uint32_t waits;             //  The slot waits at tail
    _Alignas(64) uint8_t bytes [RING_BYTES];
} ring_t;

//  The slot's side.
typedef struct ring_writer {
    ring_t *ring;
    uint32_t head; //  As last published
} ring_writer_t;

//  The worker's side.
typedef struct ring_reader {
    ring_t *ring;  //  Borrowed
    uint32_t tail; //  As last written
} ring_reader_t;

//  Slot: copies as many of the bytes as there is room for, and publishes them. Returns how many.
size_t ring_put (ring_writer_t *self, const void *bytes, size_t size_bytes);

//  Slot: waits for room, at most wait_ms.
void ring_wait (ring_writer_t *self, unsigned wait_ms);

//  Worker: moves all published bytes to the end of a buffer. False when head is invalid: the slot
//  overwrote it.
bool ring_take (ring_reader_t *self, buffer_t *to);

#endif
