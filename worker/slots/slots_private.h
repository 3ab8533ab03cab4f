/*  slots_private.h - the state that the files about slots share
 *
 *  slots.c receives leases and orders, and owns everything. The files below it, from the top:
 *  slot_scheduler, slot_patrol and slot_expiry (assignment, and what waits too long), slot_events
 *  (messages, end, alarm of a slot), slot_death, completion (messages), limits, and at the bottom
 *  answers, slot_queue, slot_starts and slot_stage. Only these files include this header.
 */

#ifndef WORKER_SLOTS_SLOTS_PRIVATE_H_INCLUDED
#define WORKER_SLOTS_SLOTS_PRIVATE_H_INCLUDED

#include "worker/slots/oom.h"
#include "worker/slots/slots.h"

#define SLOTS_STARTS_MAX 3 //  Consecutive slots of one handle that may die before they are ready
#define SLOTS_STRANDINGS_MAX 3 //  Consecutive slots that may end without having begun a lease

struct slots {
    slots_options_t options;   //  As given
    job_cache_t *jobs;         //  Known jobs
    slot_handle_t *handles;    //  options.count of them
    lease_t *queue;            //  Waiting, in order
    size_t waiting;            //  Length of queue
    size_t held;               //  Leases without an answer, except dropped ones
    size_t dropped;            //  Dropped leases that still run
    size_t held_bytes;         //  Payloads of both
    int epoll;                 //  Watches all handles
    alarm_t watch;             //  Finds slow tasks with others behind them
    buffer_t functions;        //  As reported by the first slot
    size_t functions_count;    //  How many
    slot_backend_t *abandoned; //  Threads that did not end
    size_t abandoned_count;    //  How many
    bool refuses;              //  Embedded: thread tasks are no longer run
    oom_t oom;                 //  Kills for lack of memory
    fault_t start_fault;       //  Why the last start of a slot failed
    unsigned failures;         //  Consecutive slots that ended before they were ready
    alarm_t pause;             //  While it is set, no slot is started
    alarm_t patrol;            //  The next check of the slots
    int64_t turn_us;           //  When the current turn began
    alarm_t expiry;            //  The earliest time at which a waiting lease must be returned
};

#endif
