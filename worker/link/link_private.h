/*  link_private.h - what link.c (the session) and link_receive.c (what the broker says) share
 *
 *  Nobody else includes this.
 */

#ifndef WORKER_LINK_LINK_PRIVATE_H_INCLUDED
#define WORKER_LINK_LINK_PRIVATE_H_INCLUDED

#include "worker/link/link.h"
#include "worker/link/orders.h"

#include "common/machine.h"
#include "common/parts.h"
#include "common/stream.h"
#include "common/tour.h"

struct link {
    link_options_t options;         //  As given
    uint8_t state;                  //  link_state_t
    uint8_t uuid [WIRE_UUID_BYTES]; //  Of this worker process
    tour_t *tour;                   //  Where a broker is looked for
    void *back;                     //  DEALER
    void *lane;                     //  PULL of the session, or NULL
    void *sink;                     //  PUSH of the session, or NULL
    parts_t *parts;                 //  Large payloads of the session
    uint64_t session;               //  Its number, 0 if none
    uint64_t epoch;                 //  Of leases held
    stream_in_t in;                 //  Frames of the lane
    bool lane_hello;                //  LANE_HELLO has come
    unsigned stalls;                //  Beats in a row that showed no progress of the lane
    int64_t judged_us;              //  When its progress was last judged
    uint64_t seen_at_beat;          //  What had been received at the last beat
    uint64_t received_tasks;        //  In this session
    uint64_t received_bytes;        //  Of metered frames
    uint64_t told_bytes;            //  Of these, those that the last BEAT told of
    uint64_t granted_tasks;         //  Last window that was told
    uint64_t granted_bytes;         //  Last window that was told
    uint64_t free_tasks;            //  What could come now
    uint64_t free_bytes;            //  What could come now
    uint64_t capacity_tasks;        //  What fits at all
    uint32_t beat_ms;               //  As the broker said
    uint32_t lost_ms;               //  As the broker said
    uint64_t sink_bytes;            //  As the broker said
    uint64_t output_bytes;          //  As the broker said
    int64_t heard_us;               //  When the broker last said something
    int64_t turn_us;                //  When we last had a turn
    int64_t greeting_us;            //  Since when we look for a broker
    int wait_ms;                    //  Between two HELLOs
    int64_t hello_us;               //  When the next one is due
    int64_t opened_us;              //  When the last session began
    unsigned hasty;                 //  Sessions in a row that ended soon
    bool warned;                    //  A line about it has been written
    int64_t room_us;                //  When it was last told that the broker has no room
    alarm_t hello;                  //  The next HELLO, or the next place for one
    alarm_t beat;                   //  The next beat
    orders_t orders;                //  Waiting for lane frames
    fault_t fault;                  //  Why it ended
};

void link_move (link_t *self, link_state_t to);

//  Ends the link for good; returns code.
cadre_error_t link_end (link_t *self, cadre_error_t code, const char *text);

//  Closes the session and says HELLO again.
void link_begin_anew (link_t *self, const char *why);
void link_close_session (link_t *self);

//  WELCOME has come.
void link_on_welcome (link_t *self, uint64_t session, const wire_worker_welcome_t *fields);

#endif
