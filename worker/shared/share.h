/*  share.h - the memory that a worker and one slot share
 *
 *  A page that says who runs what (ticket.h), a stream of what the slot says (ring.h), and what it
 *  has done of a map (harvest.h). Behind the page the slot notes which ticket it has begun last,
 *  after it has claimed it and before it runs it: claims say who may have a task, the note says
 *  what has run when the slot dies, also when a task wrote over the page. It lives in a memfd
 *  (descriptor 4 of a process slot) whose size is sealed: a slot may scribble, but it cannot take
 *  the memory away from under its worker. The file goes with the last mapping.
 */

#ifndef WORKER_SHARED_SHARE_H_INCLUDED
#define WORKER_SHARED_SHARE_H_INCLUDED

#include "worker/shared/harvest.h"
#include "worker/shared/ring.h"
#include "worker/shared/ticket.h"

#define SHARE_PAGE_BYTES 4096u

typedef struct share {
    ticket_page_t page; //  Who runs what
    uint8_t rest_of_page [SHARE_PAGE_BYTES - sizeof (ticket_page_t)];
    _Alignas(64) _Atomic uint32_t begun; //  The ticket that the slot has begun last; 0: none
    ring_t ring;                         //  What the slot says
    harvest_t harvest;                   //  What it has done of a map
} share_t;

//  Worker: memory that a child can map, and its memfd (close-on-exec). NULL and errno when that
//  fails.
share_t *share_new (int *fd);

//  Either side: maps it by its descriptor. NULL and errno when that fails.
share_t *share_map (int fd);

//  Unmaps; accepts a pointer to NULL. The descriptor stays open.
void share_destroy (share_t **self_p);

#endif
