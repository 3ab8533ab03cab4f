/*  link_rig.h - rig: a worker's link on a fake clock, over inproc; its broker is played by the test
 *
 *  There is one rig at a time. One thread.
 */

#ifndef TESTS_LIB_RIGS_LINK_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_LINK_RIG_H_INCLUDED

#include "tests/lib/fakes/fake_clock.h"
#include "worker/link/link.h"

#include "common/sockets.h"

#define LINK_RIG_EPOCH 77

typedef struct link_rig {
    fake_clock_t time;     //  Set as the test likes
    clock_source_t clock;  //  Of time
    void *context;         //  ZeroMQ's
    void *back;            //  ROUTER of the broker
    void *sink;            //  PULL of the broker
    void *lane;            //  PUSH of the session
    unsigned lanes;        //  Sessions so far
    sockets_route_t route; //  Of the worker
    timers_t *timers;      //  Of link
    outbox_t *outbox;      //  Of link
    link_t *link;          //  Under test
    uint64_t session;      //  Number of the session
    uint64_t sequence;     //  Last one sent on the lane
    unsigned welcomes;     //  Events
    uint64_t adopted;      //  First serial of the first span adopted, 0 if none
    uint64_t missing;      // a lease that is not there any more: its adoption is not accepted
    size_t tasks;          //  Tasks received
    unsigned cancels;      //  Events
    unsigned recalls;      //  Events
    unsigned stops;        //  Events
    unsigned lines;        //  For people
    buffer_t payload;      //  The last large one
} link_rig_t;

extern link_rig_t link_rig;

//  A link that says HELLO to a broker that has not answered yet.
void link_rig_setup (bool embedded);
//  The same with other addresses; the broker is at inproc://hub.
void link_rig_setup_at (const char *addresses, bool embedded);
void link_rig_teardown (void);
//  A turn of the worker's loop.
void link_rig_turn (void);
void link_rig_pass_ms (int64_t ms);
//  The next frame from the worker with this verb, others skipped; false if there is none.
bool link_rig_hear (void *socket, uint8_t verb, zmq_msg_t *message, wire_envelope_t *envelope,
                    cursor_t *body);
bool link_rig_hears (void *socket, uint8_t verb);
//  Send a frame, and free it.
void link_rig_send_back (buffer_t *frame);
void link_rig_send_lane (buffer_t *frame);
//  Answers HELLO, opens a lane and says LANE_HELLO on it.
void link_rig_welcome (uint64_t epoch);
//  All of that: an open session.
void link_rig_open (void);
void link_rig_send_tasks (uint64_t serial, size_t count);
void link_rig_send_beat (uint64_t received, uint64_t sent);
//  A result for this lease in the outbox.
void link_rig_result (uint64_t serial);

#endif
