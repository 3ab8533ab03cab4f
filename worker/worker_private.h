/*  worker_private.h - shared by worker.c (the loop), broker_events.c (events from the broker) and
 *  leave.c
 *
 *  Only these files include it, and a fuzzer that acts as the broker.
 */

#ifndef WORKER_WORKER_PRIVATE_H_INCLUDED
#define WORKER_WORKER_PRIVATE_H_INCLUDED

#include "worker/link/link.h"
#include "worker/link/serials.h"
#include "worker/slots/slots.h"
#include "worker/worker.h"
#include "worker/worker_config.h"

typedef enum worker_phase {
    PHASE_SERVING,
    PHASE_DRAINING,
    PHASE_LEAVING,
    PHASE_DONE
} worker_phase_t;

struct worker {
    worker_config_t charter; //  Its options
    clock_source_t clock;
    void *context;               //  ZeroMQ's, borrowed
    timers_t *timers;            //  For all modules of the worker
    slots_t *slots;              //  Runs tasks
    outbox_t *outbox;            //  Answers for the broker
    link_t *link;                //  Session with the broker
    link_options_t link_options; //  For link_new
    int wake;                    //  eventfd: worker_signal was called
    worker_phase_t phase;        //  Progress of the end
    bool drained_told;           //  SINK_DRAINED is in the outbox
    bool wants_restart;          //  Threads are stuck
    link_state_t reported;       //  State of the link as last reported
    serials_t missing;           //  Leases that the broker wrongly believed to be here
    size_t held_before;          //  At the last look, for the idle timeout
    alarm_t deadline;            //  While draining: reclaim running tasks; while leaving: end
    alarm_t idle;                //  Leave after so long without a task
    alarm_t lifetime;            //  Drain after so long
};

//  broker_events.c: the functions that the link calls.
link_events_t broker_events (worker_t *self);

//  Processes everything that was read in this turn of the loop.
void worker_turn (worker_t *self);

#endif
