/*  link.h - a worker's session with its broker
 *
 *  Speaks section 5 of SPEC.md: HELLO on the back socket until it is answered, lane and sink of the
 *  session that WELCOME opened, beats, windows, and the reasons for which a session ends (a gap, no
 *  progress, WHO, silence). Then it registers anew; when the broker was silent, wherever one
 *  answers: at the addresses of the list, at each number of a name (common/tour.h). What frames
 *  mean to leases is the owner's business and goes through link_events_t. Orders that follow a lane
 *  frame which has not come yet are kept until it has.
 *
 *      GREETING ──WELCOME──► OPENING ──LANE_HELLO──► OPEN
 *         ▲                     │                      │
 *         └──────silence, WHO, gap, a stall────────────┘
 *
 *      REFUSED, or lost while embedded ──► ENDED
 *
 *  One thread.
 */

#ifndef WORKER_LINK_LINK_H_INCLUDED
#define WORKER_LINK_LINK_H_INCLUDED

#include "common/address.h"
#include "common/keys.h"
#include "common/moment.h"
#include "common/timers.h"
#include "worker/link/outbox.h"

#include <zmq.h>

typedef struct link link_t;

typedef enum link_state { LINK_GREETING, LINK_OPENING, LINK_OPEN, LINK_ENDED } link_state_t;

typedef struct link_events {
    void *context; //  Handed to all of them
    //  The session is open, with the leases that stay valid (an empty list when the epoch has
    //  changed). False when what it adopts is not what is held: then the worker registers anew
    bool (*welcome) (void *context, const wire_worker_welcome_t *fields);
    //  False ends the session: there are too many.
    bool (*job) (void *context, const wire_lane_job_t *fields);
    void (*job_end) (void *context, uint64_t job);
    //  False ends the session. Large payloads are fetched by link_take_payload.
    bool (*tasks) (void *context, const wire_lane_tasks_t *fields);
    void (*cancel) (void *context, const wire_list_t *spans);
    void (*recall) (void *context, const wire_list_t *spans);
    void (*output_window) (void *context, uint64_t serial, uint64_t bytes, bool discard);
    void (*drain) (void *context, uint32_t timeout_ms);
    void (*stop) (void *context);
    //  Packs the leases held as spans; returns how many spans.
    size_t (*held) (void *context, buffer_t *spans);
    //  A line for people.
    void (*say) (void *context, const char *line);
} link_events_t;

typedef struct link_options {
    void *context;                          //  ZeroMQ's
    address_t addresses [ADDRESS_LIST_MAX]; //  Of brokers, tried in turn
    size_t addresses_count;                 //  At least 1
    const keys_t *keys;                     //  For addresses on tcp, borrowed; NULL: none
    const char *proxy;           //  SOCKS proxy for addresses on tcp, borrowed; NULL: none
    bool embedded;               //  A broker that is lost is not looked for
    wire_worker_hello_t hello;   //  Without scheme, uuid, epoch and held; views are borrowed
    outbox_t *outbox;            //  Borrowed: sent on the sink
    const moment_clock_t *clock; //  Borrowed
    timers_t *timers;            //  Borrowed
    link_events_t events;        //  Copied
} link_options_t;

link_t *link_new (const link_options_t *options);
void link_destroy (link_t **self_p);

//  Begins to look for a broker; the one given first hears HELLO at once, if it is no name.
cadre_error_t link_start (link_t *self, fault_t *fault);

//  Items to poll: at most 2.
int link_receive_poll (const link_t *self, zmq_pollitem_t *items);

//  Reads what there is, at most as much as fits one turn. True when more is left.
bool link_receive (link_t *self);

//  Sends what the outbox has, and the window when it has grown enough.
void link_turn (link_t *self);

//  How much the worker takes: tasks is its whole capacity, held what it has taken and not answered.
void link_set_window (link_t *self, uint64_t capacity_tasks, uint64_t held_tasks,
                      uint64_t held_bytes, bool hungry);

//  A payload that came in parts; the caller owns it. False when it is not complete: the broker
//  broke the protocol.
bool link_take_payload (link_t *self, uint64_t number, buffer_t *payload);

//  One that came, and that there was no memory for: how many bytes it had. 0: there is none of that
//  number.
uint64_t link_lacked_payload (link_t *self, uint64_t number);

link_state_t link_state (const link_t *self);
bool link_never_opened (const link_t *self);        //  No broker has welcomed this worker yet
uint64_t link_output_bytes (const link_t *self);    //  First window for the output of a lease
const address_t *link_address (const link_t *self); //  The one in use, as it was given

//  Why the link has ended.
const fault_t *link_fault (const link_t *self);

#endif
