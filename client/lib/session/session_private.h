/*  session_private.h - what session.c (the protocol) and session_put.c (what goes in and out) share
 *
 *  Nobody else includes this.
 */

#ifndef CLIENT_LIB_SESSION_SESSION_PRIVATE_H_INCLUDED
#define CLIENT_LIB_SESSION_SESSION_PRIVATE_H_INCLUDED

#include "client/lib/session/session.h"
#include "common/address.h"
#include "common/entropy.h"

struct session {
    session_handler_t handler;             //  Where frames go to
    uint8_t state;                         //  session_state_t: see the diagram in the header
    uint8_t uuid [ENTROPY_UUID_BYTES];     //  This connection's identity
    char name [128];                       //  Label for people
    char address [ADDRESS_ENDPOINT_BYTES]; //  Of the broker, for messages
    uint64_t number;                       //  The session's; 0 while there is none
    uint64_t epoch;                        //  Of the broker that was here last; 0: it did not say
    stream_t *out;                         //  What we send; NULL while there is no session
    uint64_t puts;                         //  Frames put into it
    stream_in_t in;                        //  What we have received
    parts_t *parts;                        //  Large payloads that arrive
    allowance_t allowance;                 //  What the broker may send
    amount_t offered;                      //  In the last HELLO
    uint64_t acknowledged;                 //  What the broker was told last
    size_t unacknowledged_bytes;           //  Received since
    uint64_t frame_tasks;                  //  The first window, at most FRAME_TASKS
    int64_t beat_us;                       //  Between two beats
    int64_t lost_us;                       //  Silence that is too long
    int64_t patience_us;                   //  Silence after which all is given up; negative: never
    int64_t hello_us;                      //  When the next HELLO is due
    int64_t beat_due_us;                   //  When the next BEAT is due
    int64_t heard_us;                      //  When the broker was heard last
    int64_t tick_us;                       //  When session_tick was called last
    bool silent;                           //  It was not heard for lost_us
    bool given_up;                         //  Nor for patience_us
    fault_t fault;                         //  Why the session ended
};

#endif
