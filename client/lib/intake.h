/*  intake.h - frames of the broker, on their way to what they are about
 *
 *  The session hands over each frame once and in order (session.h). Here it is read and checked,
 *  the work that it names is looked up, the work's counts are brought up to date, and its listener
 *  is told. Answers go to their requests. A frame about a work that was closed is dropped. With the
 *  pool's lock held.
 */

#ifndef CLIENT_LIB_INTAKE_H_INCLUDED
#define CLIENT_LIB_INTAKE_H_INCLUDED

#include "client/lib/pool/pool.h"

//  Takes in one frame; false when it is malformed, which ends the session.
bool intake_frame (cadre_t *pool, uint8_t verb, cursor_t body);

#endif
