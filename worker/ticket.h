/*  ticket.h - who runs what, in a page that a worker and its slot share
 *
 *  A worker sends a slot several short tasks in one write and must be able to
 *  take those back that have not begun, and to say after a crash which one was
 *  being run. Both are answered by one u64 in shared memory, `claim`, that packs
 *  {next, limit}, and by `finished`.
 *
 *  Tickets number the tasks sent to one slot: 1, 2, 3 … without a gap, modulo
 *  2^32. No number is ever used again by that slot.
 *
 *      ... answered | finished | running | next ... waiting ... limit
 *                                          \____ may be claimed ____/
 *
 *      worker: offer   CAS {next, limit} → {next, limit + n}, then writes the n tasks, numbered from the old limit
 *      slot:   claim   meets ticket t in its pipe, in order:
 *                        t before next → it was revoked: skip it silently, send nothing
 *                        t == next     → CAS {t, limit} → {t + 1, limit}; won: run it; lost: look again
 *      slot:   finish  finished = t, as soon as the function has returned and before its result is sent
 *      worker: revoke  CAS {next, limit} → {limit, limit}: tickets next … limit - 1 are the worker's again
 *
 *  Why this is right:
 *  1. Every ticket below limit is consumed exactly once. next only moves forward, only by CAS, and passes a
 *     ticket either by one claim (by one) or by one revoke (a range): two CAS cannot both move it past the same
 *     ticket.
 *  2. A revoked ticket is never run. Revoke moved next behind it, next never moves back, and the slot runs t only
 *     if its CAS found next == t.
 *  3. A ticket that was not revoked is run. The limit was raised before the task was written, and tickets come
 *     through the pipe in order, so when the slot meets t all before it are consumed: next >= t. If t was
 *     not revoked, next == t < limit, and the CAS wins sooner or later, since it only fails when an offer or a
 *     revoke came in between, and each of those is one CAS of a worker that has other things to do.
 *  4. At most one ticket is claimed and not finished, since a slot runs one task at a time and finishes before
 *     it claims. So, of the tickets that the worker sent, did not revoke and has no answer to: those not before next are
 *     waiting, those up to `finished` are finished, and the one that is left, if any, is being run. When the slot is
 *     dead the page stands still and that one is the culprit; the others are run elsewhere without blame.
 *  5. The limit as well as next wrap at 2^32. They are compared by the sign of their 32-bit difference, which is
 *     right as long as they are less than 2^31 apart; at most TICKET_AHEAD_MAX tickets are out at a time.
 *  6. started_us is stored before the claim, so whoever sees that t is claimed sees its time or a later one, never the one
 *     of the task before it: a task is never timed out too early.
 *
 *  A page lives in a memfd (descriptor 4 of a process slot) or in the process (thread slot). Functions marked
 *  "worker" or "slot" belong to that side's thread; the others may be called from anywhere. All are async-signal-safe.
 */

#ifndef WORKER_TICKET_H_INCLUDED
#define WORKER_TICKET_H_INCLUDED

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TICKET_PAGE_BYTES 4096u
#define TICKET_AHEAD_MAX 4096u //  Tickets that may be out at a time, running one included

typedef struct ticket_page {
    _Atomic uint64_t claim;     //  High 32 bits: next; low 32 bits: limit
    _Atomic uint64_t cancelled; //  TICKET_CANCELLED | ticket of the task that should stop; 0: none
    _Atomic int64_t started_us; //  When the running task was claimed, on the boot-time clock
    _Atomic uint32_t finished;  //  Last ticket whose function has returned; its result may be on its way
    _Atomic int32_t
        process_group; //  Group of the command being run, 0 if none: killed by the worker after the slot's death
    _Atomic int32_t fatal_signal; //  Stored by the slot's handler before it re-raises; 0 if none
} ticket_page_t;

_Static_assert(sizeof (ticket_page_t) <= TICKET_PAGE_BYTES, "the page is one page");

#define TICKET_CANCELLED (UINT64_C (1) << 32)

typedef enum ticket_verdict {
    TICKET_RUN,    //  Claimed: run it
    TICKET_SKIP,   //  Revoked: forget it, send nothing
    TICKET_UNKNOWN //  Never offered, or out of order: the worker broke the protocol
} ticket_verdict_t;

typedef enum ticket_state { TICKET_WAITING, TICKET_RUNNING, TICKET_FINISHED } ticket_state_t;

//  Worker: an empty page; the first ticket will be 1.
void ticket_page_init (ticket_page_t *self);

//  Worker: makes a page that a child can map, and its memfd (close-on-exec). NULL and errno when that fails.
ticket_page_t *ticket_page_new (int *fd);

//  Either side: maps a page by its descriptor. NULL and errno when that fails.
ticket_page_t *ticket_page_map (int fd);

//  Unmaps; accepts a pointer to NULL. The descriptor stays open.
void ticket_page_destroy (ticket_page_t **self_p);

//  Worker: before count tasks are written. Returns the ticket of the first; the others count up.
uint32_t ticket_offer (ticket_page_t *self, uint32_t count);

//  Worker: takes back all that wait. Returns how many; they are *first, *first + 1 …
uint32_t ticket_revoke (ticket_page_t *self, uint32_t *first);

//  Worker: asks the running task of this ticket to stop.
void ticket_cancel (ticket_page_t *self, uint32_t ticket);

//  Slot: tries to claim the ticket that came next through the pipe.
ticket_verdict_t ticket_claim (ticket_page_t *self, uint32_t ticket, int64_t now_us);

//  Slot: the function (or command) of the claimed ticket has ended.
void ticket_finish (ticket_page_t *self, uint32_t ticket);

//  Slot: should the task of this ticket stop?
bool ticket_is_cancelled (const ticket_page_t *self, uint32_t ticket);

//  What became of a ticket that was offered and not revoked.
ticket_state_t ticket_state (const ticket_page_t *self, uint32_t ticket);

//  Does ticket a come before ticket b?
static inline bool ticket_before (uint32_t a, uint32_t b)
{
    return (int32_t) (a - b) < 0;
}

#endif
