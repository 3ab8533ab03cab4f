/*  link_private.h - shared by link.c (the session) and link_receive.c (frames from the broker)
 *
 *  Only these files include it.
 */

#ifndef WORKER_LINK_LINK_PRIVATE_H_INCLUDED
#define WORKER_LINK_LINK_PRIVATE_H_INCLUDED

#include "worker/link/link.h"
#include "worker/link/orders.h"

#include "common/broker_search.h"
#include "common/parts.h"
#include "common/sharing.h"
#include "common/state_machine.h"
#include "common/stream.h"

struct link {
    link_options_t options;         //  As given
    uint8_t state;                  //  link_state_t
    uint8_t uuid [WIRE_UUID_BYTES]; //  Of this worker process
    broker_search_t *search;        //  Addresses at which a broker is looked for
    void *back;                     //  DEALER
    void *lane;                     //  PULL socket of the session, or NULL
    void *sink;                     //  PUSH socket of the session, or NULL
    bulk_t *probe;                  //  A file that the broker tries to open; NULL: none is offered
    bool shares;                    //  Files of the broker can be opened here
    parts_t *parts;                 //  Large payloads of the session
    uint64_t session;               //  Its number, 0 if none
    uint64_t epoch;                 //  Of leases held
    stream_in_t in;                 //  Received frames of the lane
    bool lane_hello;                //  LANE_HELLO has come
    unsigned stalls;                //  Consecutive BEATs without progress of the lane
    int64_t judged_us;              //  When its progress was last judged
    uint64_t seen_at_beat;          //  Lane frames received at the last BEAT
    uint64_t received_tasks;        //  In this session
    uint64_t received_bytes;        //  Of metered frames
    uint64_t told_bytes;            //  Of these, reported in the last BEAT
    uint64_t granted_tasks;         //  Tasks of the last window sent
    uint64_t granted_bytes;         //  Bytes of the last window sent
    uint64_t free_tasks;            //  Tasks that could be taken now
    uint64_t free_bytes;            //  Bytes that could be taken now
    uint64_t capacity_tasks;        //  Tasks that fit in total
    uint32_t beat_ms;               //  From WELCOME
    uint32_t lost_ms;               //  From WELCOME
    uint64_t sink_bytes;            //  From WELCOME
    uint64_t output_bytes;          //  From WELCOME
    int64_t heard_us;               //  When the last frame of the broker came
    int64_t turn_us;                //  When we last had a turn
    int64_t greeting_us;            //  When the search for a broker began
    int wait_ms;                    //  Between two HELLOs
    int64_t hello_us;               //  When the next one is due
    int64_t opened_us;              //  When the last session began
    unsigned hasty;                 //  Consecutive sessions that ended soon
    bool warned;                    //  A warning about it was logged
    int64_t room_us;                //  When the broker last refused for lack of room
    alarm_t hello;                  //  The next HELLO, or the next address
    alarm_t beat;                   //  The next BEAT
    orders_t orders;                //  Waiting for lane frames
    fault_t fault;                  //  Why it ended
};

void link_move (link_t *self, link_state_t to);

//  Ends the link for good; returns code.
cadre_error_t link_end (link_t *self, cadre_error_t code, const char *text);

//  Closes the session and sends HELLO again.
void link_begin_anew (link_t *self, const char *why);
void link_close_session (link_t *self);

//  Handles WELCOME.
void link_on_welcome (link_t *self, uint64_t session, const wire_worker_welcome_t *fields);

#endif
