/*  slot_memory.h - the memory that a worker and one slot share
 *
 *  A page with the tickets of tasks (ticket.h), a stream of the slot's messages (ring.h), and the
 *  results of a map's items (item_values.h). After the page, the slot records the ticket that it
 *  began last, after the claim and before the task runs. The claims say which side has a task; this
 *  record says which task ran when the slot dies, even when a task overwrote the page. The memory
 *  is a memfd (descriptor 4 of a process slot) whose size is sealed: a slot can corrupt it but
 *  cannot shrink it. It is freed with the last mapping.
 */

#ifndef WORKER_SHARED_SLOT_MEMORY_H_INCLUDED
#define WORKER_SHARED_SLOT_MEMORY_H_INCLUDED

#include "worker/shared/item_values.h"
#include "worker/shared/ring.h"
#include "worker/shared/ticket.h"

#define SLOT_MEMORY_PAGE_BYTES 4096u

typedef struct slot_memory {
    ticket_page_t page; //  Tickets of tasks
    uint8_t rest_of_page [SLOT_MEMORY_PAGE_BYTES - sizeof (ticket_page_t)];
    _Alignas(64) _Atomic uint32_t begun; //  The ticket that the slot began last; 0: none
    ring_t ring;                         //  Messages of the slot
    item_values_t item_values;           //  Results of a map's items
} slot_memory_t;

//  Worker: creates the memory and its memfd (close-on-exec). NULL and errno on failure.
slot_memory_t *slot_memory_new (int *fd);

//  Either side: maps it by its descriptor. NULL and errno on failure.
slot_memory_t *slot_memory_map (int fd);

//  Unmaps; accepts a pointer to NULL. The descriptor stays open.
void slot_memory_destroy (slot_memory_t **self_p);

#endif
