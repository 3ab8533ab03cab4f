/*  ticket.h - ownership of tasks between a worker and its slot, in a shared page
 *
 *  A worker sends a slot several short tasks in one write. It must be able to take back those that
 *  have not begun, and to know after a crash which one was running. Both follow from one u64 in
 *  shared memory, `claim`, which packs {next, limit}, and from the results that the slot has
 *  published (ring.h).
 *
 *  Tickets number the tasks sent to one slot: 1, 2, 3 … without a gap, modulo 2^32. A slot never
 *  reuses a number.
 *
 *      ... answered | running | next ... waiting ... limit
 *                              \____ may be claimed ____/
 *
 *      worker: offer   CAS {next, limit} → {next, limit + n}, then writes the n tasks, numbered
 *                      from the old limit
 *      slot:   claim   reads ticket t from its pipe, in order:
 *                        t before next → it was revoked: skip it, send nothing
 *                        t == next     → CAS {t, limit} → {t + 1, limit}; success: run it;
 *                                      failure: check again
 *      slot:   answer  publishes the whole result of t before it claims another ticket
 *      worker: revoke  CAS {next, limit} → {limit, limit}: tickets next … limit - 1 belong to
 *                      the worker again
 *
 *  Why this is correct:
 *  1. Every ticket below limit is consumed exactly once. next only moves forward, only by CAS, and
 *     passes a ticket either by one claim (by one) or by one revoke (a range): two CAS cannot both
 *     move it past the same ticket.
 *  2. A revoked ticket is never run. Revoke moved next behind it, next never moves back, and the
 *     slot runs t only if its CAS found next == t.
 *  3. A ticket that was not revoked is run. The limit was raised before the task was written, and
 *     tickets come through the pipe in order, so when the slot reads t all before it are consumed:
 *     next >= t. If t was not revoked, next == t < limit, and the CAS eventually succeeds: it
 *     fails only when an offer or a revoke came in between, and each of those is a single CAS of
 *     a worker that has other work to do.
 *  4. A task is finished when its whole result is published, and not before. A slot runs one task
 *     at a time and publishes before it claims, so at most one task has begun and has no result.
 *     Published results survive the slot. So when the slot is dead and the worker has read all of
 *     them: of the tickets that the worker offered, did not revoke and has no answer to, the first
 *     one is the one that ran, if the slot has recorded that it began it (slot_memory.h); no later
 *     one has begun. A slot that dies between claim and record has not begun the task.
 *  5. limit and next wrap at 2^32. They are compared by the sign of their 32-bit difference,
 *     which is correct as long as they are less than 2^31 apart; at most TICKET_AHEAD_MAX tickets
 *     are outstanding at a time.
 *  6. started_us is stored before the claim, so a reader that sees that t is claimed sees its
 *     time or a later one, never that of the previous task: a task never times out too early.
 *
 *  A task runs in the slot's process and may overwrite the page. So the worker keeps a desk: its
 *  own copy of limit, and of next as last seen. A claim is invalid if limit differs, or if next
 *  moved back or past limit: then the desk functions return false, and the slot is broken. The
 *  other words are hints, which their readers must check.
 *
 *  Functions marked "worker" or "slot" are for that side's thread; the others are for any thread.
 *  All are async-signal-safe.
 */

#ifndef WORKER_SHARED_TICKET_H_INCLUDED
#define WORKER_SHARED_TICKET_H_INCLUDED

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TICKET_AHEAD_MAX                                                                           \
    4096u //  Tickets that may be outstanding at a time, including the running one

typedef struct ticket_page {
    _Atomic uint64_t claim;        //  High 32 bits: next; low 32 bits: limit
    _Atomic uint64_t cancelled;    //  TICKET_CANCELLED | ticket of the task that must stop; 0: none
    _Atomic int64_t started_us;    //  When the running task was claimed, boot-time clock
    _Atomic int32_t process_group; //  Group of the running command, 0 if none: the worker kills it
                                   //  after the slot's death
    _Atomic int32_t fatal_signal;  //  Stored by the slot's handler before it re-raises; 0 if none
} ticket_page_t;

//  The worker's own record of a page.
typedef struct ticket_desk {
    ticket_page_t *page; //  Borrowed
    uint32_t limit;      //  Tickets before it were offered
    uint32_t next;       //  Tickets before it were claimed or revoked at the last look
} ticket_desk_t;

#define TICKET_CANCELLED (UINT64_C (1) << 32)

typedef enum ticket_verdict {
    TICKET_RUN,    //  Claimed by this call: run it
    TICKET_SKIP,   //  Revoked: skip it, send nothing
    TICKET_UNKNOWN //  Never offered, or out of order: a protocol error of the worker
} ticket_verdict_t;

//  An empty page; the first ticket will be 1.
void ticket_page_init (ticket_page_t *self);

//  Worker: the desk of an empty page.
ticket_desk_t ticket_desk_of (ticket_page_t *page);

//  Worker: reads the page. False when it is corrupt; likewise the next two.
bool ticket_look (ticket_desk_t *self);

//  Worker: call before count tasks are written. *first is the ticket of the first; the others
//  follow.
bool ticket_offer (ticket_desk_t *self, uint32_t count, uint32_t *first);

//  Worker: takes back all tasks that wait: *count tickets, *first, *first + 1 …
bool ticket_revoke (ticket_desk_t *self, uint32_t *first, uint32_t *count);

//  Worker: had a ticket, which was offered and not revoked, been claimed at the last look?
bool ticket_is_claimed (const ticket_desk_t *self, uint32_t ticket);

//  Worker: asks the running task of this ticket to stop.
void ticket_cancel (ticket_page_t *self, uint32_t ticket);

//  Slot: tries to claim the next ticket from the pipe.
ticket_verdict_t ticket_claim (ticket_page_t *self, uint32_t ticket, int64_t now_us);

//  Slot: should the task of this ticket stop?
bool ticket_is_cancelled (const ticket_page_t *self, uint32_t ticket);

//  Is ticket a before ticket b?
static inline bool ticket_before (uint32_t a, uint32_t b)
{
    return (int32_t) (a - b) < 0;
}

#endif
