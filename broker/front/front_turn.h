/*  front_turn.h - what goes to clients at the end of a turn, and once a beat: windows,
 *  acknowledgements, states */

#ifndef BROKER_FRONT_FRONT_TURN_H_INCLUDED
#define BROKER_FRONT_FRONT_TURN_H_INCLUDED

#include "broker/front/front.h"

//  Batches are closed, streams sent, windows and acknowledgements told; once a turn.
void front_turn_flush (front_t *self);

//  Once a beat: BEATs go out, memory is counted anew.
void front_turn_beat (front_t *self);

//  Silent clients are lost.
void front_turn_judge (front_t *self);

//  Everything that was put has been acknowledged by clients that are still there.
bool front_turn_is_delivered (const front_t *self);

//  Tells states that have changed; rings as an alarm whose owner is the front_t.
void front_turn_report (void *self, int64_t now_us);

#endif
