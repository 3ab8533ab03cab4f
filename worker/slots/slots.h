/*  slots.h - runs leases in slots
 *
 *  Leases wait in one queue, in the order in which they came. A free slot gets
 *  the next one. More than one is sent to a slot only while the measured run
 *  times of their jobs say that they fit in SLOTS_AHEAD_US; if the one being run then
 *  takes longer than SLOTS_SLOW_US, those behind it are taken back and go
 *  elsewhere. Slots are started when they are first needed, and replaced when they die, when
 *  they have run max_tasks, or when their task would not end.
 *
 *  A slot may die or break at any time (SLOT.md). What it published is read first. Then the first
 *  of its leases is answered for it, if it has begun; the others wait again, untried. No lease goes
 *  round like that without end, since for each slot that ends with leases
 *  - either its first lease had begun, and is answered: that costs it a try;
 *  - or it had not: that is counted in the lease (strandings), and answered at the third.
 *  So leases behind the first one come back at most as often as first ones are answered or counted.
 *  Only the first lease of a seat can begin, and it begins or its slot is ended, within a few looks
 *  (slot_patrol.c). A slot that ends without a lease before it has answered any counts as one that
 *  could not be started: three of them, and what waits fails. Leases are taken back from behind a
 *  slow task once while it runs. What the broker asks for (recall, drain) is counted there.
 *
 *  Every lease that is pushed is answered exactly once through one of the events and is freed after
 *  it, unless it is dropped. slots_turn answers and sends; call it once after each batch of input.
 *  One thread, the same for the whole life: it is the parent of the slots.
 */

#ifndef WORKER_SLOTS_SLOTS_H_INCLUDED
#define WORKER_SLOTS_SLOTS_H_INCLUDED

#include "common/fault.h"
#include "common/moment.h"
#include "worker/slots/slot_handle.h"

#define SLOTS_AHEAD_US 2000
#define SLOTS_SLOW_US 4000
#define SLOTS_ABANDONED_MAX 4 //  Threads that may be stuck before the worker gives up on threads

typedef struct slots slots_t;

//  How a lease ended.
typedef struct slots_result {
    cadre_outcome_t outcome; //  Never NONE
    int64_t code;            //  Exit code or signal
    uint64_t run_us;         //  How long it ran
    view_t value;            //  One msgpack value, or empty
    view_t detail;           //  One msgpack map, or empty
} slots_result_t;

typedef struct slots_events {
    void *context; //  Handed to all of them
    void (*result) (void *context, const lease_t *lease, const slots_result_t *result);
    void (*returned) (void *context, const lease_t *lease); //  Goes back to the broker untried
    void (*output) (void *context, const lease_t *lease, unsigned stream, view_t bytes);
} slots_events_t;

typedef struct slots_options {
    const char *worker;          //  Name of the worker, for messages; borrowed
    size_t count;                //  Slots, at least 1
    bool commands;               //  Commands are run
    bool embedded;               //  The process is not the worker's own
    uint64_t max_tasks;          //  A slot is replaced after so many; 0: never
    slot_handle_start_t start;   //  How a slot is started; what it points to is borrowed
    const moment_clock_t *clock; //  Borrowed
    timers_t *timers;            //  Borrowed
    slots_events_t events;       //  Copied
} slots_options_t;

slots_t *slots_new (const slots_options_t *options, fault_t *fault);

//  Ends all slots, their commands, and what waits.
void slots_destroy (slots_t **self_p);

//  Starts a slot and waits until it has said which functions it has. Fails when it is of no use.
cadre_error_t slots_learn (slots_t *self, fault_t *fault);

//  Functions of record function, as the first slot that had some told them.
wire_list_t slots_functions (const slots_t *self);

//  Jobs of the session. slots_close_jobs: no task of any of them will come; those that come are of
//  a broker with this epoch. What is not kept was dropped before. False when there are too many to
//  keep one more (job.h).
bool slots_open_job (slots_t *self, const wire_lane_job_t *job);
void slots_end_job (slots_t *self, uint64_t number);
void slots_close_jobs (slots_t *self, uint64_t epoch);
job_t *slots_job (const slots_t *self, uint64_t number);

//  Takes the lease; with slots_refuse it ends in an error of this kind.
void slots_push (slots_t *self, lease_t **lease_p);
void slots_refuse (slots_t *self, lease_t **lease_p, const char *kind, const char *message);

//  Hands out what waits, and writes.
void slots_turn (slots_t *self);

//  A descriptor that is readable when slots_read has something to do.
int slots_descriptor (const slots_t *self);
void slots_read (slots_t *self);

//  Cancels these leases; answers those that wait.
void slots_cancel (slots_t *self, const wire_list_t *spans);

//  Returns those of these that have not begun.
void slots_recall (slots_t *self, const wire_list_t *spans);

//  Returns all that have not begun.
void slots_return_waiting (slots_t *self);

//  Ends what runs; it goes back to the broker.
void slots_reclaim_running (slots_t *self);

//  Drops all leases that are not in the list.
void slots_keep (slots_t *self, const wire_list_t *spans);

//  Output that may be sent for a lease, in total; or discard: what it writes from now on is thrown
//  away.
void slots_output_window (slots_t *self, uint64_t serial, uint64_t bytes, bool discard);

//  The same for every lease: at least so much more than was sent. A broker that was restarted does
//  not know what the one before it granted.
void slots_output_more (slots_t *self, uint64_t bytes);

size_t slots_held (const slots_t *self);       //  Leases without an answer, dropped ones excepted
size_t slots_held_bytes (const slots_t *self); //  Of their payloads
size_t slots_free (const slots_t *self);       //  Slots that run nothing
bool slots_idle (const slots_t *self);         //  Nothing waits or runs, dropped ones included

//  Calls back with the serial of each lease held.
void slots_each (const slots_t *self, void (*visit) (void *context, uint64_t serial),
                 void *context);

//  Too many threads are stuck.
bool slots_exhausted (const slots_t *self);

#endif
