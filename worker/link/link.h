/*  link.h - a worker's session with its broker
 *
 *  Implements section 5 of SPEC.md: HELLO on the back socket until it is answered, lane and sink of
 *  the session that WELCOME opened, BEATs, windows, and the conditions that end a session (a gap,
 *  no progress, WHO, silence). Then it registers again. When the broker was silent, it tries all
 *  addresses of the list, and all IP addresses of a host name (common/broker_search.h). The owner
 *  handles leases, through link_events_t. Orders that refer to a lane frame that has not arrived
 *  are kept until it has.
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
#include "common/clock.h"
#include "common/keys.h"
#include "common/timers.h"
#include "worker/link/outbox.h"

#include <zmq.h>

typedef struct link link_t;

typedef enum link_state { LINK_GREETING, LINK_OPENING, LINK_OPEN, LINK_ENDED } link_state_t;

typedef struct link_events {
    void *context; //  Passed to all of them
    //  The session is open; the list has the leases that stay valid (empty when the epoch has
    //  changed). False when the broker adopts leases that the worker does not hold: then it
    //  registers again
    bool (*welcome) (void *context, const wire_worker_welcome_t *fields);
    //  False ends the session: there are too many jobs.
    bool (*job) (void *context, const wire_lane_job_t *fields);
    void (*job_end) (void *context, uint64_t job);
    //  False ends the session. Large payloads are fetched by link_take_payload.
    bool (*tasks) (void *context, const wire_lane_tasks_t *fields);
    void (*cancel) (void *context, const wire_list_t *spans);
    void (*recall) (void *context, const wire_list_t *spans);
    void (*output_window) (void *context, uint64_t serial, uint64_t bytes, bool discard);
    void (*drain) (void *context, uint32_t timeout_ms);
    void (*stop) (void *context);
    //  Packs the leases held as spans; returns the number of spans.
    size_t (*held) (void *context, buffer_t *spans);
    //  Prints a line for people.
    void (*say) (void *context, const char *line);
} link_events_t;

typedef struct link_options {
    void *context;                          //  ZeroMQ's
    address_t addresses [ADDRESS_LIST_MAX]; //  Brokers, tried in turn
    size_t addresses_count;                 //  At least 1
    const keys_t *keys;                     //  For tcp addresses, borrowed; NULL: none
    const char *proxy;                      //  SOCKS proxy for tcp addresses, borrowed; NULL: none
    bool embedded;                          //  When the broker is lost, the link ends
    wire_worker_hello_t hello;   //  Without scheme, uuid, epoch and held; views are borrowed
    outbox_t *outbox;            //  Borrowed: sent on the sink
    const clock_source_t *clock; //  Borrowed
    timers_t *timers;            //  Borrowed
    link_events_t events;        //  Copied
} link_options_t;

link_t *link_new (const link_options_t *options);
void link_destroy (link_t **self_p);

//  Starts to look for a broker. HELLO goes to the first address at once, unless it is a host name.
cadre_error_t link_start (link_t *self, fault_t *fault);

//  Items to poll: at most 2.
int link_receive_poll (const link_t *self, zmq_pollitem_t *items);

//  Reads a limited number of frames per turn. True when more are left.
bool link_receive (link_t *self);

//  Sends the content of the outbox, and the window when it has grown enough.
void link_turn (link_t *self);

//  How much the worker can take: its total capacity in tasks, and the tasks and bytes that it has
//  taken and not answered.
void link_set_window (link_t *self, uint64_t capacity_tasks, uint64_t held_tasks,
                      uint64_t held_bytes, bool hungry);

//  A payload that came in parts; the caller owns it. False when it is not complete: a protocol
//  error of the broker.
bool link_take_payload (link_t *self, uint64_t number, buffer_t *payload);

//  The size of a payload that came but could not be allocated. 0: there is none with that number.
uint64_t link_lacked_payload (link_t *self, uint64_t number);

link_state_t link_state (const link_t *self);
bool link_never_opened (const link_t *self);        //  No broker has sent WELCOME yet
uint64_t link_output_bytes (const link_t *self);    //  First window for the output of a lease
const address_t *link_address (const link_t *self); //  The address in use, as it was given

//  Why the link has ended.
const fault_t *link_fault (const link_t *self);

#endif
