/*  back_session.h - frames to one worker, and the end of its session
 *
 *  Shared state of the worker side. Registration, sink and output grants use it, and back.h is
 *  above all of them. Only these files include this header.
 */

#ifndef BROKER_BACK_BACK_SESSION_H_INCLUDED
#define BROKER_BACK_BACK_SESSION_H_INCLUDED

#include "broker/back/back.h"
#include "broker/back/breach.h"
#include "broker/back/lane_limits.h"
#include "broker/core/answer_rate.h"
#include "broker/core/pace.h"
#include "broker/peers/outputs.h"
#include "common/timers.h"

struct back {
    context_t *ctx;            //  Borrowed
    void *router;              //  The back socket; borrowed
    back_joined_fn *joined;    //  Called when workers come or go
    void *owner;               //  Its first argument
    buffer_t frame;            //  The frame that is being packed
    outputs_t *outputs;        //  Output of running tasks
    bool starved;              //  Some output waits for a grant
    pace_t pace;               //  Rate of output grants
    alarm_t grants;            //  Fires when the next grants are due
    answer_rate_t answer_rate; //  Rate limit for WHO and REFUSED
    lane_limits_t lane_limits; //  Room for lanes
    breach_t breach;           //  Details about the current sink frame, in case it is invalid
    uint32_t next_port;        //  Where the search for a lane's port begins
    uint32_t next_name;        //  …, for lanes that are files or names
};

//  Sends self->frame and clears it. Marks a worker that does not read as deaf.
void back_session_send (back_t *self, sockets_route_t route);

//  Asks a route without a session to register. Rate-limited per route.
void back_session_who (back_t *self, sockets_route_t route);
void back_session_refuse (back_t *self, sockets_route_t route, const fault_t *fault);

//  Acknowledges the frames received on the sink.
void back_session_beat (back_t *self, worker_record_t *worker);

//  Sends WHO to the worker; its leases stay valid until it is lost.
void back_session_end (back_t *self, worker_record_t *worker, const char *why);

//  Removes the worker from the roster. Returns how many of its tasks run again.
size_t back_session_forget (back_t *self, worker_record_t *worker, bool free_of_cost);

#endif
