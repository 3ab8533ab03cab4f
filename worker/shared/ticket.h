/*  ticket.h - who runs what, in a page that a worker and its slot share
 *
 *  A worker sends a slot several short tasks in one write and must be able to
 *  take those back that have not begun, and to say after a crash which one was
 *  being run. Both are answered by one u64 in shared memory, `claim`, that packs
 *  {next, limit}, and by the results that the slot has published (ring.h).
 *
 *  Tickets number the tasks sent to one slot: 1, 2, 3 … without a gap, modulo
 *  2^32. No number is ever used again by that slot.
 *
 *      ... answered | running | next ... waiting ... limit
 *                              \____ may be claimed ____/
 *
 *      worker: offer   CAS {next, limit} → {next, limit + n}, then writes the n tasks, numbered
 *                      from the old limit
 *      slot:   claim   meets ticket t in its pipe, in order:
 *                        t before next → it was revoked: skip it silently, send nothing
 *                        t == next     → CAS {t, limit} → {t + 1, limit}; won: run it; lost: look
 *                                      again
 *      slot:   answer  publishes the whole result of t, before it claims another one
 *      worker: revoke  CAS {next, limit} → {limit, limit}: tickets next … limit - 1 are the
 *                      worker's again
 *
 *  Why this is right:
 *  1. Every ticket below limit is consumed exactly once. next only moves forward, only by CAS, and
 *     passes a ticket either by one claim (by one) or by one revoke (a range): two CAS cannot both
 *     move it past the same ticket.
 *  2. A revoked ticket is never run. Revoke moved next behind it, next never moves back, and the
 *     slot runs t only if its CAS found next == t.
 *  3. A ticket that was not revoked is run. The limit was raised before the task was written, and
 *     tickets come through the pipe in order, so when the slot meets t all before it are consumed:
 *     next >= t. If t was not revoked, next == t < limit, and the CAS wins sooner or later, since
 *     it only fails when an offer or a revoke came in between, and each of those is one CAS of a
 *     worker that has other things to do.
 *  4. A task is finished when its whole result is published, and not before. A slot runs one task
 *     at a time and publishes before it claims, so at most one task has begun and has no result.
 *     What was published outlives the slot. So when it is dead and the worker has read all of that:
 *     of the tickets that the worker offered, did not revoke and has no answer to, the first one is
 *     the one that ran, if the slot has noted that it began it (share.h); none behind it has begun.
 *     A slot that dies between claim and note has not begun it.
 *  5. The limit as well as next wrap at 2^32. They are compared by the sign of their 32-bit
 *     difference, which is right as long as they are less than 2^31 apart; at most TICKET_AHEAD_MAX
 *     tickets are out at a time.
 *  6. started_us is stored before the claim, so whoever sees that t is claimed sees its time or a
 *     later one, never the one of the task before it: a task is never timed out too early.
 *
 *  A task runs in the slot's process and may write anything into the page. So the worker keeps a
 *  desk: its own copy of limit, and of next as it saw it last. A claim with another limit, or whose
 *  next went back or beyond the limit, was written over: desk functions say false, and the slot is
 *  broken. The other words are hints, and their readers bound them.
 *
 *  Functions marked "worker" or "slot" belong to that side's thread; the others may be called from
 *  anywhere. All are async-signal-safe.
 */

#ifndef WORKER_SHARED_TICKET_H_INCLUDED
#define WORKER_SHARED_TICKET_H_INCLUDED

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TICKET_AHEAD_MAX 4096u //  Tickets that may be out at a time, running one included

typedef struct ticket_page {
    _Atomic uint64_t claim;     //  High 32 bits: next; low 32 bits: limit
    _Atomic uint64_t cancelled; //  TICKET_CANCELLED | ticket of the task that should stop; 0: none
    _Atomic int64_t started_us; //  When the running task was claimed, on the boot-time clock
    _Atomic int32_t process_group; //  Group of the command being run, 0 if none: killed by the
                                   //  worker after the slot's death
    _Atomic int32_t fatal_signal;  //  Stored by the slot's handler before it re-raises; 0 if none
} ticket_page_t;

//  What the worker knows by itself of a page.
typedef struct ticket_desk {
    ticket_page_t *page; //  Borrowed
    uint32_t limit;      //  Tickets before it were offered
    uint32_t next;       //  Tickets before it were claimed or revoked when it looked last
} ticket_desk_t;

#define TICKET_CANCELLED (UINT64_C (1) << 32)

typedef enum ticket_verdict {
    TICKET_RUN,    //  Claimed: run it
    TICKET_SKIP,   //  Revoked: forget it, send nothing
    TICKET_UNKNOWN //  Never offered, or out of order: the worker broke the protocol
} ticket_verdict_t;

//  An empty page; the first ticket will be 1.
void ticket_page_init (ticket_page_t *self);

//  Worker: the desk of an empty page.
ticket_desk_t ticket_desk_of (ticket_page_t *page);

//  Worker: looks at the page. False when somebody wrote over it; so with the next two.
bool ticket_look (ticket_desk_t *self);

//  Worker: before count tasks are written. *first is the ticket of the first; the others count up.
bool ticket_offer (ticket_desk_t *self, uint32_t count, uint32_t *first);

//  Worker: takes back all that wait: *count tickets, *first, *first + 1 …
bool ticket_revoke (ticket_desk_t *self, uint32_t *first, uint32_t *count);

//  Worker: was a ticket that was offered, and not revoked, claimed? As of the last look.
bool ticket_is_claimed (const ticket_desk_t *self, uint32_t ticket);

//  Worker: asks the running task of this ticket to stop.
void ticket_cancel (ticket_page_t *self, uint32_t ticket);

//  Slot: tries to claim the ticket that came next through the pipe.
ticket_verdict_t ticket_claim (ticket_page_t *self, uint32_t ticket, int64_t now_us);

//  Slot: should the task of this ticket stop?
bool ticket_is_cancelled (const ticket_page_t *self, uint32_t ticket);

//  Does ticket a come before ticket b?
static inline bool ticket_before (uint32_t a, uint32_t b)
{
    return (int32_t) (a - b) < 0;
}

#endif
