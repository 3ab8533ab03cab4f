/*  slot_scheduler.h - decides which slot gets which lease
 *
 *  Each free slot gets one; more only while tasks are short.
 */

#ifndef WORKER_SLOTS_SLOT_SCHEDULER_H_INCLUDED
#define WORKER_SLOTS_SLOT_SCHEDULER_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Assigns waiting leases.
void slot_scheduler_turn (slots_t *self);

//  An alarm function that runs while tasks wait in slots: takes back tasks that wait behind a slow
//  one. The owner is the slots_t.
void slot_scheduler_watch (void *owner, int64_t now_us);

#endif
