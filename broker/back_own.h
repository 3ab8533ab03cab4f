//  back_own.h - what the files of the workers' side share among themselves; see back.h

#ifndef BROKER_BACK_OWN_H_INCLUDED
#define BROKER_BACK_OWN_H_INCLUDED

#include "broker/askers.h"
#include "broker/back.h"
#include "broker/berths.h"
#include "broker/breach.h"
#include "broker/outputs.h"
#include "broker/pace.h"
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

void back_send (back_t *self, sockets_route_t route);
void back_who (back_t *self, sockets_route_t route);
void back_refuse (back_t *self, sockets_route_t route, const fault_t *fault);

//  Acknowledges what was received of the sink.
void back_send_beat (back_t *self, agent_t *agent);

//  The worker is told WHO; its leases stay valid until it is lost.
void back_end_session (back_t *self, agent_t *agent, const char *why);

//  The agent leaves the roster, its tasks go elsewhere.
void back_forget (back_t *self, agent_t *agent, bool free_of_cost);

//  A HELLO.
void back_register (back_t *self, sockets_route_t route, cursor_t *body);

//  Tells workers how much output is welcome, where that was due.
void back_grant_outputs (back_t *self);

//  Tells again what was granted, to a worker in a new session.
void back_repeat_grants (back_t *self, const agent_t *agent);

#endif
