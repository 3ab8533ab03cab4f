/*  front_session.h - frames to one client, and the end of its session
 *
 *  Shared state of the client side. Room, jobs, requests, frames and turns use it, and front.h is
 *  above all of them. Only these files include this header.
 */

#ifndef BROKER_FRONT_FRONT_SESSION_H_INCLUDED
#define BROKER_FRONT_FRONT_SESSION_H_INCLUDED

#include "broker/core/answer_rate.h"
#include "broker/core/key_quota.h"
#include "broker/front/front.h"
#include "broker/front/windows.h"
#include "broker/peers/follower.h"

//  Cost limit of all clients' requests in one turn, in visits of a task: about 0.1 ms.
#define FRONT_STEPS 16384u

struct front {
    context_t *ctx;            //  Borrowed
    void *router;              //  The front socket; borrowed
    back_t *back;              //  The workers' side, for orders; borrowed
    client_t *by_uuid;         //  Sessions by uuid (uthash)
    client_t *by_route;        //  Connected sessions, by route (uthash)
    key_quota_t *quota;        //  Number of sessions of each key
    int64_t swept_us;          //  Time of the last search for abandoned sessions
    answer_rate_t answer_rate; //  Rate limit for WHO and REFUSED
    alarm_t report;            //  Fires when job states are due
    windows_t windows;         //  What clients may send ahead
    buffer_t frame;            //  The frame that is being packed
    uint64_t rate_done;        //  Tasks ended at the last measurement of the rate
    int64_t rate_us;           //  Time of that measurement
    double rate;               //  Results per second since then
    uint64_t arrivals;         //  pager_arrivals when requests were last checked
    client_t *asking;          //  Clients with requests that may be continued (utlist)
    bool waits_store;          //  Some request waits for data from the store
    uint32_t steps;            //  What requests may cost in the rest of this turn
};

//  When a session leaves a connection with more unsent bytes than this, the connection is closed.
#define FRONT_CUT_BYTES 65536u

//  Sends self->frame and clears it.
cadre_error_t front_session_send (front_t *self, sockets_route_t route);

//  Asks a route without a session to send HELLO. Rate-limited per route.
void front_session_who (front_t *self, sockets_route_t route);

//  Sends REFUSED with a code and a message. Rate-limited per route.
void front_session_refuse (front_t *self, sockets_route_t route, cadre_error_t code,
                           const char *message);

//  Removes the session, and the client's attached jobs.
void front_session_forget (front_t *self, client_t *client);

//  The client broke the protocol with a frame of that name: refuses it and removes the session.
void front_session_break (front_t *self, client_t *client, const char *what);

//  The session ends because the client acknowledges nothing.
void front_session_end_stuck (front_t *self, client_t *client);

//  Sets the client's route; 0: not connected.
void front_session_move (front_t *self, client_t *client, sockets_route_t route);

//  Number of sessions.
size_t front_session_count (const front_t *self);

#endif
