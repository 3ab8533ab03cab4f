/*  intake.h - handles the frames of the broker
 *
 *  The session passes each frame once and in order (session.h). This module parses and checks it,
 *  finds the work that it names, updates the work's counts, and calls its listener. Replies go to
 *  their requests. A frame for a closed work is dropped. Needs the pool's lock.
 */

#ifndef CLIENT_LIB_INTAKE_H_INCLUDED
#define CLIENT_LIB_INTAKE_H_INCLUDED

#include "client/lib/pool/pool.h"

//  Handles one frame; false when it is malformed, which ends the session.
bool intake_frame (cadre_t *pool, uint8_t verb, cursor_t body);

#endif
