/*  slots_private.h - the state that the files about slots share
 *
 *  slots.c takes leases and orders in and owns everything. The files below it, from
 *  the top: slot_scheduler, slot_patrol and slot_expiry (who gets what, and what
 *  waits too long), slot_events (a slot writes, ends, or is late), slot_death,
 *  completion (what a slot says), limits, and at the bottom answers, slot_queue,
 *  slot_starts and slot_stage. Nobody else includes this.
 */

#ifndef WORKER_SLOTS_SLOTS_PRIVATE_H_INCLUDED
#define WORKER_SLOTS_SLOTS_PRIVATE_H_INCLUDED

#include "worker/slots/oom.h"
#include "worker/slots/slots.h"

#define SLOTS_STARTS_MAX 3 //  Slots of one seat that may die in a row before they are ready
#define SLOTS_STRANDINGS_MAX                                                                       \
    3 //  Slots that may end, one after the other, without having begun a lease

struct slots {
    slots_options_t options;   //  As given
    jobs_t *jobs;              //  Known jobs
    slot_handle_t *seats;      //  options.count of them
    lease_t *queue;            //  Waiting, in order
    size_t waiting;            //  Length of queue
    size_t held;               //  Leases without an answer, without dropped ones
    size_t dropped;            //  Dropped ones that are still being run
    size_t held_bytes;         //  Payloads of both
    int epoll;                 //  Watches all seats
    alarm_t watch;             //  Looks for slow tasks with others behind them
    buffer_t functions;        //  As the first slot told them
    size_t functions_count;    //  How many
    slot_backend_t *abandoned; //  Threads that did not end
    size_t abandoned_count;    //  How many
    bool refuses;              //  Embedded: no thread task is run any more
    oom_t oom;                 //  Kills for lack of memory
    fault_t start_fault;       //  Why the last slot could not be started
    unsigned failures;         //  Slots that ended before they were ready, in a row
    alarm_t pause;             //  While it is set no slot is started
    alarm_t patrol;            //  The next look at the slots
    int64_t turn_us;           //  When the present turn began
    alarm_t expiry;            //  The first lease that must be begun by then, or be returned
};

#endif
