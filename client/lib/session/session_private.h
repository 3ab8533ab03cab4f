/*  session_private.h - shared by session.c (the protocol) and session_put.c (sending and receiving)
 *
 *  Only these files include it.
 */

#ifndef CLIENT_LIB_SESSION_SESSION_PRIVATE_H_INCLUDED
#define CLIENT_LIB_SESSION_SESSION_PRIVATE_H_INCLUDED

#include "client/lib/session/session.h"
#include "common/address.h"
#include "common/entropy.h"
#include "common/sharing.h"

struct session {
    session_handler_t handler;             //  Callbacks
    uint8_t state;                         //  session_state_t: see the diagram in the header
    uint8_t uuid [ENTROPY_UUID_BYTES];     //  This connection's identity
    char name [128];                       //  Display name
    char address [ADDRESS_ENDPOINT_BYTES]; //  Of the broker, for messages
    uint64_t number;                       //  The session's; 0 while there is none
    uint64_t epoch;                        //  Of the last broker; 0: unknown
    stream_t *out;                         //  Stream to the broker; NULL while there is no session
    uint64_t puts;                         //  Frames put into it
    stream_in_t in;                        //  Stream from the broker
    bulk_t *probe;                         //  A file that the broker tries to open; NULL: none
    bool shares;                           //  Files of the broker can be opened here
    parts_t *parts;                        //  Large payloads that arrive
    receive_window_t allowance;            //  What the broker may send
    amount_t offered;                      //  In the last HELLO
    uint64_t acknowledged;                 //  Last acknowledgement sent to the broker
    size_t unacknowledged_bytes;           //  Received since then
    uint64_t frame_tasks;                  //  The first window, at most FRAME_TASKS
    int64_t beat_us;                       //  Interval of BEATs
    int64_t lost_us;                       //  A broker that is silent for so long is lost
    int64_t patience_us; //  Silence after which reconnecting is given up; negative: never
    int64_t hello_us;    //  When the next HELLO is due
    int64_t beat_due_us; //  When the next BEAT is due
    int64_t heard_us;    //  When the last frame of the broker came
    int64_t tick_us;     //  When session_tick was called last
    bool silent;         //  No frame came for lost_us
    bool given_up;       //  No frame came for patience_us
    fault_t fault;       //  Why the session ended
};

#endif
