/*  worker_private.h - what worker.c (the loop), broker_events.c (what the broker says) and leave.c
 *  share
 *
 *  Nobody else includes this, but a fuzzer that plays the broker.
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
    worker_config_t charter;     //  What it was told
    moment_clock_t clock;        //  What time it is
    void *context;               //  ZeroMQ's, borrowed
    timers_t *timers;            //  Of everything here
    slots_t *slots;              //  What runs
    outbox_t *outbox;            //  What is to be told
    link_t *link;                //  The broker
    link_options_t link_options; //  For link_new
    int wake;                    //  eventfd: worker_signal was called
    worker_phase_t phase;        //  How far the end is
    bool drained_told;           //  SINK_DRAINED is in the outbox
    bool wants_restart;          //  Threads are stuck
    link_state_t reported;       //  The link's state that the supervisor was told
    serials_t missing;           //  Leases that the broker took to be here
    size_t held_before;          //  At the last look, for the idle timeout
    alarm_t deadline;            //  Draining: reclaim what runs; leaving: go
    alarm_t idle;                //  Leave after so long without a task
    alarm_t lifetime;            //  Drain after so long
};

//  broker_events.c: what the link calls.
link_events_t broker_events (worker_t *self);

//  What follows from all that was read in this turn of the loop.
void worker_turn (worker_t *self);

#endif
