/*  slot_scheduler.h - which slot gets which lease
 *
 *  One to each free slot; more only while tasks are short.
 */

#ifndef WORKER_SLOTS_SLOT_SCHEDULER_H_INCLUDED
#define WORKER_SLOTS_SLOT_SCHEDULER_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Gives out what waits.
void slot_scheduler_turn (slots_t *self);

//  Rings while tasks wait in slots: what waits behind a slow task is taken back. The owner is the
//  slots_t.
void slot_scheduler_watch (void *owner, int64_t now_us);

#endif
