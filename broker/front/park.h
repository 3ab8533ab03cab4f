/*  park.h - frames of a session that wait until it acknowledges replies
 *
 *  What JOB_OPEN and JOB_FOLLOW are answered needs no window. A session that opens on and on and
 *  acknowledges nothing would fill the broker's memory; so when it is full (client_is_full), they
 *  wait as requests do (inbox.h), and whatever it says behind them, in order. Few bytes wait here;
 *  what comes then is dropped, and asked for again by WHO when there is room: the client has it
 *  still. None of it is acknowledged. A session to which much is on its way, and which acknowledges
 *  nothing for three times lost_ms, is at its end (park_is_stuck).
 *
 *  Frames of more than 64 KiB that no window bounds have a rate for each key, since reading one may
 *  take 5 ms. What comes beyond it is dropped unread, and asked for again with the next BEAT.
 */

#ifndef BROKER_FRONT_PARK_H_INCLUDED
#define BROKER_FRONT_PARK_H_INCLUDED

#include "broker/peers/client.h"

typedef enum park_verdict {
    PARK_PASS,  //  The frame is handled now
    PARK_TAKEN, //  It waits
    PARK_DROP,  //  It is as if it had not come
    PARK_BROKEN //  It breaks the protocol: the window is passed by
} park_verdict_t;

//  Judges the next frame of the stream; one that waits is copied.
park_verdict_t park_judge (client_t *client, const hub_t *hub, const wire_envelope_t *envelope,
                           const cursor_t *body);

//  The next one that need not wait any more, to be freed by the caller; NULL when there is none.
parked_t *park_next (client_t *client, const hub_t *hub);

//  Nothing waits, and frames were dropped: it is to be asked for them, once.
bool park_wants_more (client_t *client);

//  Looks whether it acknowledges anything, once a beat; true when its session must end.
bool park_is_stuck (client_t *client, const hub_t *hub);

#endif
