//  ring.c - copies bytes to and from shared memory; a full ring is waited for by a futex

#include "worker/shared/ring.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert((RING_BYTES & (RING_BYTES - 1)) == 0, "places are counted by a mask");
_Static_assert(sizeof (_Atomic uint32_t) == 4, "the kernel waits at 32 bits");

static size_t s_ring_room (const ring_writer_t *self, uint32_t tail)
{
    uint32_t used = self->head - tail;
    return used <= RING_BYTES ? RING_BYTES - used : 0;
}

size_t ring_put (ring_writer_t *self, const void *bytes, size_t size_bytes)
{
    uint8_t *to = self->ring->bytes;
    size_t room =
        s_ring_room (self, atomic_load_explicit (&self->ring->tail, memory_order_acquire));
    size_t count = size_bytes < room ? size_bytes : room;
    size_t at = self->head % RING_BYTES;
    size_t until_end = RING_BYTES - at < count ? RING_BYTES - at : count;
    memcpy (to + at, bytes, until_end);
    memcpy (to, (const uint8_t *) bytes + until_end, count - until_end);
    self->head += (uint32_t) count;
    atomic_store_explicit (&self->ring->head, self->head, memory_order_release);
    return count;
}

//  Either we see the worker's new tail, or the worker sees that we wait: hence the sequentially
//  consistent order of waits and tail on both sides.
void ring_wait (ring_writer_t *self, unsigned wait_ms)
{
    const struct timespec limit = {.tv_sec = wait_ms / 1000,
                                   .tv_nsec = (long) (wait_ms % 1000) * 1000000};
    atomic_store (&self->ring->waits, 1);
    uint32_t tail = atomic_load (&self->ring->tail);
    if (s_ring_room (self, tail) == 0)
        syscall (SYS_futex, &self->ring->tail, FUTEX_WAIT, tail, &limit, NULL, 0);
}

static void s_ring_tell (ring_reader_t *self)
{
    atomic_store (&self->ring->tail, self->tail);
    if (atomic_load (&self->ring->waits) == 0)
        return;
    atomic_store (&self->ring->waits, 0);
    syscall (SYS_futex, &self->ring->tail, FUTEX_WAKE, 1, NULL, NULL, 0);
}

bool ring_take (ring_reader_t *self, buffer_t *to)
{
    const uint8_t *from = self->ring->bytes;
    size_t count = atomic_load_explicit (&self->ring->head, memory_order_acquire) - self->tail;
    if (count == 0)
        return true;
    if (count > RING_BYTES)
        return false;
    size_t at = self->tail % RING_BYTES;
    size_t until_end = RING_BYTES - at < count ? RING_BYTES - at : count;
    buffer_append (to, from + at, until_end);
    buffer_append (to, from, count - until_end);
    self->tail += (uint32_t) count;
    s_ring_tell (self);
    return true;
}
