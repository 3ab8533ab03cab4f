/*  slot_stage.h - the steps by which a slot is ended */

#ifndef WORKER_SLOTS_SLOT_STAGE_H_INCLUDED
#define WORKER_SLOTS_SLOT_STAGE_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Set what the alarm will do, and when; or clear it.
void slot_stage_set (slots_t *self, slot_handle_t *handle, slot_handle_stage_t stage,
                     uint64_t delay_ms);
void slot_stage_clear (slots_t *self, slot_handle_t *handle);

//  Sends SIGKILL, and then checks repeatedly whether the slot has ended.
void slot_stage_kill (slots_t *self, slot_handle_t *handle);

//  Ends a slot that runs nothing.
void slot_stage_farewell (slots_t *self, slot_handle_t *handle, int patience_ms);

#endif
