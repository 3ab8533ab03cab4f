/*  back_session.h - what the broker says to one worker, and how its session or the worker itself
 *  ends
 *
 *  The ground of the workers' side: registration, the sink and the grants of
 *  output stand on it, and back.h on all of them. Only they include this.
 */

#ifndef BROKER_BACK_BACK_SESSION_H_INCLUDED
#define BROKER_BACK_BACK_SESSION_H_INCLUDED

#include "broker/back/back.h"
#include "broker/back/berths.h"
#include "broker/back/breach.h"
#include "broker/core/askers.h"
#include "broker/core/pace.h"
#include "broker/peers/outputs.h"
#include "common/timers.h"

struct back {
    hub_t *hub;             //  Borrowed
    void *router;           //  The back socket; borrowed
    back_joined_fn *joined; //  Called when workers come or go
    void *owner;            //  Its first argument
    buffer_t frame;         //  The one being written
    outputs_t *outputs;     //  Output of running tasks
    bool starved;           //  Some output waits for a grant
    pace_t pace;            //  Of grants
    alarm_t grants;         //  Rings when the next may be given
    askers_t askers;        //  Whom WHO and REFUSED have gone to
    berths_t berths;        //  Room for lanes
    breach_t breach;        //  What may be wrong with the frame of the sink at hand
    uint32_t next_port;     //  Where the search for a lane's port begins
    uint32_t next_name;     //  …, for lanes that are files or names
};

//  Sends self->frame and clears it. A worker that does not read is marked as deaf.
void back_session_send (back_t *self, sockets_route_t route);

//  A route without a session is asked to register. Bounded for each route.
void back_session_who (back_t *self, sockets_route_t route);
void back_session_refuse (back_t *self, sockets_route_t route, const fault_t *fault);

//  Acknowledges what was received of the sink.
void back_session_beat (back_t *self, agent_t *agent);

//  The worker is told WHO; its leases stay valid until it is lost.
void back_session_end (back_t *self, agent_t *agent, const char *why);

//  The worker leaves the roster, its tasks go elsewhere.
void back_session_forget (back_t *self, agent_t *agent, bool free_of_cost);

#endif
