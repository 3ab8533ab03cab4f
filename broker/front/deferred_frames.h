/*  deferred_frames.h - holds back frames of a session until it acknowledges replies
 *
 *  The replies to JOB_OPEN and JOB_FOLLOW need no window. A session that opens jobs without end
 *  and acknowledges nothing would fill the broker's memory. So when its replies reach the limit
 *  (client_is_full), these frames wait like requests (inbox.h), and all later frames wait behind
 *  them, in order. Only a few bytes may wait. Later frames are dropped and requested again by WHO
 *  when there is room; the client still has them. Waiting frames are not acknowledged. A session
 *  with much data in flight that acknowledges nothing for three times lost_ms must end
 *  (deferred_frames_is_stuck).
 *
 *  Frames of more than 64 KiB that no window limits have a rate limit per key, because reading one
 *  may take 5 ms. Frames beyond it are dropped unread and requested again with the next BEAT.
 */

#ifndef BROKER_FRONT_DEFERRED_FRAMES_H_INCLUDED
#define BROKER_FRONT_DEFERRED_FRAMES_H_INCLUDED

#include "broker/peers/client.h"

typedef enum deferred_frames_verdict {
    DEFERRED_FRAMES_PASS,  //  Process the frame now
    DEFERRED_FRAMES_TAKEN, //  The frame was deferred
    DEFERRED_FRAMES_DROP,  //  Treat the frame as not received
    DEFERRED_FRAMES_BROKEN //  Protocol error: the client exceeded its window
} deferred_frames_verdict_t;

//  Decides about the next frame of the stream; copies a frame that must wait.
deferred_frames_verdict_t deferred_frames_judge (client_t *client, const context_t *ctx,
                                                 const wire_envelope_t *envelope,
                                                 const cursor_t *body);

//  The next deferred frame that may be processed, which the caller frees; NULL when there is none.
deferred_frame_t *deferred_frames_next (client_t *client, const context_t *ctx);

//  Nothing is deferred and frames were dropped: the client must be asked to send them again. True
//  once.
bool deferred_frames_wants_more (client_t *client);

//  Checks for progress of its acknowledgements. Call once per beat interval. True when the session
//  must end.
bool deferred_frames_is_stuck (client_t *client, const context_t *ctx);

#endif
