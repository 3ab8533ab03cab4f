//  slot_memory.c - a sealed memfd and its mappings

#include "worker/shared/slot_memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(offsetof (slot_memory_t, begun) == SLOT_MEMORY_PAGE_BYTES,
               "the page of tickets is a page");

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static slot_memory_t *s_slot_memory_fill (int fd)
{
    if (ftruncate (fd, sizeof (slot_memory_t)) != 0 || fcntl (fd, F_ADD_SEALS, SEALS) != 0)
        return NULL;
    slot_memory_t *self = slot_memory_map (fd);
    if (self)
        ticket_page_init (&self->page);
    return self;
}

slot_memory_t *slot_memory_new (int *fd)
{
    *fd = memfd_create ("cadre-slot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    slot_memory_t *self = *fd < 0 ? NULL : s_slot_memory_fill (*fd);
    if (self || *fd < 0)
        return self;
    int error = errno;
    close (*fd);
    *fd = -1;
    errno = error;
    return NULL;
}

slot_memory_t *slot_memory_map (int fd)
{
    void *memory = mmap (NULL, sizeof (slot_memory_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void slot_memory_destroy (slot_memory_t **self_p)
{
    assert (self_p);
    if (*self_p)
        munmap (*self_p, sizeof (slot_memory_t));
    *self_p = NULL;
}
