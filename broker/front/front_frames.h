/*  front_frames.h - the frames of one client's session
 *
 *  Numbered frames are the client's stream (SPEC.md, section 4): each is processed once and in
 *  order; frames that must wait are deferred (deferred_frames.h). Frames without a number are BEAT
 *  and WINDOW.
 */

#ifndef BROKER_FRONT_FRONT_FRAMES_H_INCLUDED
#define BROKER_FRONT_FRONT_FRAMES_H_INCLUDED

#include "broker/front/front.h"
#include "broker/peers/client.h"

//  False when the frame breaks the protocol.
bool front_frames_handle (front_t *self, client_t *client, const wire_envelope_t *envelope,
                          cursor_t *body, size_t size_bytes);

//  Processes frames that waited until replies were acknowledged. False when the session has ended.
bool front_frames_unpark (front_t *self, client_t *client);

#endif
