/*  ring.h - a stream of bytes from a slot to its worker, in memory that they share
 *
 *  The slot copies bytes in and publishes them by moving head; the worker
 *  copies them out and moves tail. Neither makes a system call for that: how the
 *  worker hears that there is something is not the ring's business. What was published
 *  stays readable when the slot has died.
 *
 *      bytes:  ... taken | tail ... published ... | head ... room ... | tail + RING_BYTES
 *
 *  head is the slot's word and tail the worker's; each keeps a copy of its own and never reads its
 *  own word back. Both count bytes modulo 2^32. The worker trusts nothing here: it checks head, and
 *  copies bytes before it looks at them, since the slot may change them at any time. A slot that
 *  finds no room waits at tail (a futex): the worker wakes it.
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
#define RING_BELL 0x07 //  The byte by which a slot says through its socket that it has published

typedef struct ring {
    _Alignas(64) _Atomic uint32_t head; //  Bytes published
    _Alignas(64) _Atomic uint32_t tail; //  Bytes taken
    _Atomic uint32_t waits;             //  The slot waits at tail
    _Alignas(64) uint8_t bytes [RING_BYTES];
} ring_t;

//  The slot's side.
typedef struct ring_writer {
    ring_t *ring;  //  Borrowed
    uint32_t head; //  As published last
} ring_writer_t;

//  The worker's side.
typedef struct ring_reader {
    ring_t *ring;  //  Borrowed
    uint32_t tail; //  As told last
} ring_reader_t;

//  Slot: copies as many of the bytes in as there is room for, and publishes them. Returns how many.
size_t ring_put (ring_writer_t *self, const void *bytes, size_t size_bytes);

//  Slot: waits until there is room, but not for long; room or not, it returns.
void ring_wait (ring_writer_t *self, unsigned wait_ms);

//  Worker: moves all that was published to the end of a buffer. False when head cannot be: the slot
//  wrote over it.
bool ring_take (ring_reader_t *self, buffer_t *to);

#endif
