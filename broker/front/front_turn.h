/*  front_turn.h - what clients are sent at the end of a turn and once per beat interval: windows,
 *  acknowledgements, states */

#ifndef BROKER_FRONT_FRONT_TURN_H_INCLUDED
#define BROKER_FRONT_FRONT_TURN_H_INCLUDED

#include "broker/front/front.h"

//  Closes batches and sends streams, windows and acknowledgements. Call once a turn.
void front_turn_flush (front_t *self);

//  Sends BEATs and recounts memory. Call once per beat interval.
void front_turn_beat (front_t *self);

//  Declares silent clients lost.
void front_turn_judge (front_t *self);

//  Has every connected client acknowledged everything?
bool front_turn_is_delivered (const front_t *self);

//  Sends job states that have changed; an alarm function whose owner is the front_t.
void front_turn_report (void *self, int64_t now_us);

#endif
