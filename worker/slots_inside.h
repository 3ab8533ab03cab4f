/*  slots_inside.h - what slots.c, umpire.c, usher.c and expiry.c share
 *
 *  slots.c takes leases and orders in and owns everything; usher.c gives leases to seats; umpire.c
 *  says how they ended: results, limits of time; coroner.c says it when a slot has died, or must
 *  die; patrol.c looks whether slots begin and go on; expiry.c returns what was
 *  not begun in time. Nobody else includes this.
 */

#ifndef WORKER_SLOTS_INSIDE_H_INCLUDED
#define WORKER_SLOTS_INSIDE_H_INCLUDED

#include "worker/oom.h"
#include "worker/slots.h"

#define SLOTS_STARTS_MAX 3     //  Slots of one seat that may die in a row before they are ready
#define SLOTS_STRANDINGS_MAX 3 //  Slots that may end, one after the other, without having begun a lease

struct slots {
    slots_options_t options; //  As given
    jobs_t *jobs;            //  Known jobs
    seat_t *seats;           //  options.count of them
    lease_t *queue;          //  Waiting, in order
    size_t waiting;          //  Length of queue
    size_t held;             //  Leases without an answer, without dropped ones
    size_t dropped;          //  Dropped ones that are still being run
    size_t held_bytes;       //  Payloads of both
    int epoll;               //  Watches all seats
    alarm_t watch;           //  Looks for slow tasks with others behind them
    buffer_t functions;      //  As the first slot told them
    size_t functions_count;  //  How many
    vessel_t *abandoned;     //  Threads that did not end
    size_t abandoned_count;  //  How many
    bool refuses;            //  Embedded: no thread task is run any more
    oom_t oom;               //  Kills for lack of memory
    fault_t start_fault;     //  Why the last slot could not be started
    unsigned failures;       //  Slots that ended before they were ready, in a row
    alarm_t pause;           //  While it is set no slot is started
    alarm_t patrol;          //  The next look at the slots
    int64_t turn_us;         //  When the present turn began
    alarm_t expiry;          //  The first lease that must be begun by then, or be returned
};

//  ---- umpire.c: how leases end --------------------------------------------

//  Answers a lease that is in no list any more, and frees it.
void umpire_answer (slots_t *self, lease_t *lease, const slots_result_t *result);
void umpire_return (slots_t *self, lease_t *lease);
void umpire_fail (slots_t *self, lease_t *lease, const char *kind, const char *message);
void umpire_cancelled (slots_t *self, lease_t *lease, const char *message);

//  The answer of a lease with this kind and message in its detail.
void umpire_explain (slots_t *self, lease_t *lease, slots_result_t result, const char *kind,
                     const char *message, bool abandoned);

//  Ends a lease that was being stopped, as its verdict says.
void umpire_carry_out (slots_t *self, lease_t *lease, int64_t run_us, bool abandoned);

//  Reads a seat's messages, and acts on them.
void umpire_hear (slots_t *self, seat_t *seat);

//  The same, and notices when the slot is broken or has ended. The seat may be empty afterwards.
void umpire_read (slots_t *self, seat_t *seat, bool ended);

//  What the seat's alarm will do, and when; nothing.
void umpire_alarm (slots_t *self, seat_t *seat, seat_stage_t stage, uint64_t delay_ms);
void umpire_calm (slots_t *self, seat_t *seat);

//  Begins to end a task of a seat with this verdict; one that is not the first is ended when its turn comes.
void umpire_stop (slots_t *self, seat_t *seat, lease_t *lease, lease_verdict_t verdict);

//  The seat's alarm rang.
void umpire_ring (void *owner, int64_t now_us);

//  SIGKILL, and a look whether it has ended from time to time.
void umpire_kill (slots_t *self, seat_t *seat);

//  Forgets a job that has ended and has no lease left; *job_p may be NULL afterwards.
void umpire_forget_job (slots_t *self, job_t **job_p);

//  The first task of a seat has changed: watch its limit.
void umpire_watch (slots_t *self, seat_t *seat);

//  ---- coroner.c: the end of a slot, and whom it costs what -----------------

//  The slot is broken: its end begins, and another takes its place. The seat still has its leases.
void coroner_condemn (slots_t *self, seat_t *seat, seat_fault_t fault);

//  Its socket has been closed for a while, and it lives. The seat of a thread is empty afterwards.
void coroner_cut_off (slots_t *self, seat_t *seat);

//  Has the slot ended? Then its last words were heard, its leases were answered or given back, and
//  the seat is empty.
bool coroner_has_ended (slots_t *self, seat_t *seat);

//  Leaves a thread behind: the seat is empty afterwards.
void coroner_abandon (slots_t *self, seat_t *seat);

//  A slot ended that had been given this lease, and had not begun it. True when it was answered,
//  because it was one slot too many.
bool coroner_strand (slots_t *self, const seat_t *seat, lease_t *lease);

//  Threads that have come back after all.
void coroner_sweep (slots_t *self);

//  ---- patrol.c: looks from time to time -------------------------------------

//  From now on, while slots start or have tasks.
void patrol_go (slots_t *self);
void patrol_ring (void *owner, int64_t now_us);

//  ---- expiry.c: leases that may not wait for ever ---------------------------

//  The lease was pushed.
void expiry_watch (slots_t *self, const lease_t *lease);

//  Returns those that have waited for too long.
void expiry_ring (void *owner, int64_t now_us);

//  ---- usher.c: who gets what ---------------------------------------------

//  Takes back what waits in a seat, to the front of the queue.
void usher_take_back (slots_t *self, seat_t *seat);

//  Puts a list of leases at the front of the queue, in its order.
void usher_requeue (slots_t *self, lease_t *list);

//  Gives out what waits.
void usher_turn (slots_t *self);

//  Starts the slot of an empty seat.
cadre_error_t usher_start (slots_t *self, seat_t *seat);

//  A slot died before it was ready: wait for longer and longer before the next one.
void usher_start_failed (slots_t *self);

//  Lets a slot go that runs nothing.
void usher_farewell (slots_t *self, seat_t *seat, int patience_ms);

//  Watches, or watches no more, the seat's descriptors.
void usher_writable (slots_t *self, seat_t *seat, bool wanted);

//  Rings while tasks wait in slots.
void usher_watch (void *owner, int64_t now_us);

#endif
