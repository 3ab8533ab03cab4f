/*  front_session.h - what the broker says to one client, and how its session ends
 *
 *  The ground of the clients' side: room, jobs, requests, frames and turns stand
 *  on it, and front.h on all of them. Only they include this.
 */

#ifndef BROKER_FRONT_FRONT_SESSION_H_INCLUDED
#define BROKER_FRONT_FRONT_SESSION_H_INCLUDED

#include "broker/core/askers.h"
#include "broker/core/shares.h"
#include "broker/front/front.h"
#include "broker/front/windows.h"
#include "broker/peers/follower.h"

//  What the requests of all clients may cost in one turn, in visits of a task: about 0.1 ms.
#define FRONT_STEPS 16384u

struct front {
    hub_t *hub;         //  Borrowed
    void *router;       //  The front socket; borrowed
    back_t *back;       //  The workers' side, for orders; borrowed
    client_t *by_uuid;  //  Sessions by uuid (uthash)
    client_t *by_route; //  Those that are connected, by route (uthash)
    shares_t *shares;   //  How many sessions each key has
    int64_t swept_us;   //  When sessions that are left were looked for
    askers_t askers;    //  Whom WHO and REFUSED have gone to
    alarm_t report;     //  Rings when states are to be told
    windows_t windows;  //  What clients may send ahead
    buffer_t frame;     //  The one being written
    uint64_t rate_done; //  Tasks ended when the rate was taken last
    int64_t rate_us;    //  When that was
    double rate;        //  Results per second since then
    uint64_t arrivals;  //  Of the journal, when questions were looked at last
    client_t *asking;   //  Clients with requests that may be answered (utlist)
    bool waits_store;   //  One of them waits for what lies in the store
    uint32_t steps;     //  What answers may cost in the rest of this turn
};

//  More bytes on a connection that a session leaves are worth cutting it off.
#define FRONT_CUT_BYTES 65536u

//  Sends self->frame and clears it.
cadre_error_t front_session_send (front_t *self, sockets_route_t route);

//  A route without a session is asked to say HELLO. Bounded for each route.
void front_session_who (front_t *self, sockets_route_t route);

//  REFUSED with a code and a sentence. Bounded for each route.
void front_session_refuse (front_t *self, sockets_route_t route, cadre_error_t code,
                           const char *message);

//  The session is forgotten, and with it the client's attached jobs.
void front_session_forget (front_t *self, client_t *client);

//  The client broke the protocol with a frame of that name: it is refused and forgotten.
void front_session_break (front_t *self, client_t *client, const char *what);

//  The session ends because the client acknowledges nothing.
void front_session_end_stuck (front_t *self, client_t *client);

//  The client is reached by that route from now on; 0: it is not connected.
void front_session_move (front_t *self, client_t *client, sockets_route_t route);

//  How many sessions there are.
size_t front_session_count (const front_t *self);

#endif
