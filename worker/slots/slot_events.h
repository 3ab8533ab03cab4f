/*  slot_events.h - handles events of a slot: messages, its end, its alarm */

#ifndef WORKER_SLOTS_SLOT_EVENTS_H_INCLUDED
#define WORKER_SLOTS_SLOT_EVENTS_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Reads the messages of a slot, and detects that it is broken or has ended. The handle may be
//  empty afterwards. ended: its process or thread is known to have ended.
void slot_events_read (slots_t *self, slot_handle_t *handle, bool ended);

//  The alarm function of a handle; the owner is the slot_handle_t.
void slot_events_ring (void *owner, int64_t now_us);

#endif
