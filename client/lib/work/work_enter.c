//  work_enter.c - reserves memory for large tasks and their copies

#include "client/lib/work/work_private.h"
#include "common/memory_check.h"

#include <string.h>

//  A large task in flight.
typedef struct work_entry {
    uint32_t index; //  Of the task
    size_t size;    //  Bytes of its payload
} work_entry_t;

//  Copies of a payload: here and in frames; in an embedded pool also those of broker and worker,
//  and of a slot that is a thread. Measured maxima, including buffers that grow by doubling.
#define COPIES_HERE 3u
#define COPIES_EMBEDDED 7u
#define COPIES_THREADS 11u
#define QUEUED 2u //  In flight besides running ones

static size_t s_copies (const cadre_t *pool)
{
    if (!pool->own_slots)
        return COPIES_HERE;
    return pool->own_threads ? COPIES_THREADS : COPIES_EMBEDDED;
}

cadre_error_t work_enter (work_t *self, size_t size_bytes, bool failed, fault_t *fault)
{
    if (size_bytes < MEMORY_CHECK_LEAST && !failed)
        return CADRE_OK;
    const cadre_t *pool = self->pool;
    const work_entry_t entry = {.index = self->count, .size = size_bytes};
    if (failed || !memory_check_enter (size_bytes, s_copies (pool), QUEUED + pool->own_slots))
        return memory_check_lacks (size_bytes, "arguments", fault);
    buffer_append (&self->entered, &entry, sizeof entry);
    return CADRE_OK;
}

void work_enter_undo (work_t *self, uint32_t index, bool all)
{
    for (size_t at = 0; at < self->entered.size;) {
        work_entry_t entry;
        memcpy (&entry, self->entered.data + at, sizeof entry);
        if (!all && entry.index != index) {
            at += sizeof entry;
            continue;
        }
        memory_check_leave (entry.size);
        self->entered.size -= sizeof entry;
        memmove (self->entered.data + at, self->entered.data + at + sizeof entry,
                 self->entered.size - at);
    }
}
