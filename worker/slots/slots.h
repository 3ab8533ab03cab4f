/*  slots.h - runs leases in slots
 *
 *  Leases wait in one queue, in the order of arrival. A free slot gets the next one. A slot gets
 *  more than one only while, according to the measured run times of their jobs, they fit in
 *  SLOTS_AHEAD_US; if the running one then takes longer than SLOTS_SLOW_US, those behind it are
 *  taken back and run elsewhere. Slots are started when they are first needed, and replaced when
 *  they die, when they have run max_tasks, or when a task cannot be ended.
 *
 *  A slot may die or fail at any time (SLOT.md). What it has published is read first. Then its
 *  first lease is answered for it, if that has begun; the others wait again, and no try is used up.
 *  This cannot repeat without end. When a slot ends with leases, either its first lease had begun
 *  and is answered, which uses up a try; or it had not, which is counted in the lease (strandings),
 *  and the third time it is answered. So the number of times that other leases come back is
 *  limited, too. Only the first lease of a handle can begin; it begins within a few checks, or its
 *  slot is ended (slot_watchdog.c). A slot that ends without leases before it has answered any
 *  counts as one that could not be started: after three of them, the waiting leases fail. Leases
 *  are taken back from behind a slow task once while it runs. The broker limits how often its own
 *  orders (recall, drain) take leases back.
 *
 *  Every lease that is pushed is answered exactly once through one of the events, and freed
 *  afterwards, unless it is dropped. slots_turn answers and sends; call it once after each batch of
 *  input. One thread for the whole lifetime: it is the parent of the slots.
 */

#ifndef WORKER_SLOTS_SLOTS_H_INCLUDED
#define WORKER_SLOTS_SLOTS_H_INCLUDED

#include "common/clock.h"
#include "common/fault.h"
#include "worker/slots/slot_handle.h"

#define SLOTS_AHEAD_US 2000
#define SLOTS_SLOW_US 4000
#define SLOTS_ABANDONED_MAX 4 //  Stuck threads after which the worker no longer uses threads

typedef struct slots slots_t;

//  How a lease ended.
typedef struct slots_result {
    const buffer_t *whole;   //  Buffer that holds the value, if that is large; or NULL
    cadre_outcome_t outcome; //  Never NONE
    int64_t code;            //  Exit code or signal
    uint64_t run_us;         //  How long it ran
    view_t value;            //  One msgpack value, or empty
    view_t detail;           //  One msgpack map, or empty
} slots_result_t;

typedef struct slots_events {
    void *context; //  Passed to all of them
    void (*result) (void *context, const lease_t *lease, const slots_result_t *result);
    void (*returned) (void *context,
                      const lease_t *lease); //  Returned to the broker; uses up no try
    void (*output) (void *context, const lease_t *lease, unsigned stream, view_t bytes);
} slots_events_t;

typedef struct slots_options {
    const char *worker;          //  Name of the worker, for messages; borrowed
    size_t count;                //  Number of slots, at least 1
    bool commands;               //  Commands are run
    bool embedded;               //  The process has other uses than this worker
    uint64_t max_tasks;          //  Tasks or items after which a slot is replaced; 0: never
    slot_handle_start_t start;   //  How a slot is started; what it points to is borrowed
    const clock_source_t *clock; //  Borrowed
    timers_t *timers;            //  Borrowed
    slots_events_t events;       //  Copied
} slots_options_t;

slots_t *slots_new (const slots_options_t *options, fault_t *fault);

//  Ends all slots, their commands, and what waits.
void slots_destroy (slots_t **self_p);

//  Starts a slot and waits for its list of functions. Fails when it cannot be used.
cadre_error_t slots_learn (slots_t *self, fault_t *fault);

//  The functions (records `function`) of the first slot that reported some.
wire_list_t slots_functions (const slots_t *self);

//  Jobs of the session. slots_close_jobs: no more tasks of these jobs will come; later jobs belong
//  to a broker with this epoch. Call slots_keep first, to drop leases. slots_open_job returns false
//  when there are too many jobs (job_cache.h).
bool slots_open_job (slots_t *self, const wire_lane_job_t *job);
void slots_end_job (slots_t *self, uint64_t number);
void slots_close_jobs (slots_t *self, uint64_t epoch);
cached_job_t *slots_job (const slots_t *self, uint64_t number);

//  slots_push takes the lease and queues it; slots_refuse takes it and answers it with an error of
//  this kind.
void slots_push (slots_t *self, lease_t **lease_p);
void slots_refuse (slots_t *self, lease_t **lease_p, const char *kind, const char *message);

//  Assigns waiting leases, and writes to slots.
void slots_turn (slots_t *self);

//  Readable when slots_read has work.
int slots_descriptor (const slots_t *self);
void slots_read (slots_t *self);

//  Cancels these leases; those that wait are answered at once.
void slots_cancel (slots_t *self, const wire_list_t *spans);

//  Returns those of these leases that have not begun.
void slots_recall (slots_t *self, const wire_list_t *spans);

//  Returns all leases that have not begun.
void slots_return_waiting (slots_t *self);

//  Ends the running tasks and returns their leases to the broker.
void slots_reclaim_running (slots_t *self);

//  Drops all leases that are not in the list.
void slots_keep (slots_t *self, const wire_list_t *spans);

//  Sets how much output may be sent for a lease, in total; discard: its further output is
//  discarded.
void slots_output_window (slots_t *self, uint64_t serial, uint64_t bytes, bool discard);

//  Grants every lease at least so many bytes more than it has sent. A restarted broker does not
//  know earlier grants.
void slots_output_more (slots_t *self, uint64_t bytes);

size_t slots_held (const slots_t *self);       //  Leases without an answer, except dropped ones
size_t slots_held_bytes (const slots_t *self); //  Size of their payloads
size_t slots_free (const slots_t *self);       //  Slots that run no task
bool slots_idle (const slots_t *self);         //  No lease waits or runs, including dropped ones

//  Calls visit with the serial of each lease held.
void slots_each (const slots_t *self, void (*visit) (void *context, uint64_t serial),
                 void *context);

//  Are too many threads stuck?
bool slots_exhausted (const slots_t *self);

#endif
