/*  slot_stage.h - what the alarm of a slot will do next, on the way to its end */

#ifndef WORKER_SLOTS_SLOT_STAGE_H_INCLUDED
#define WORKER_SLOTS_SLOT_STAGE_H_INCLUDED

#include "worker/slots/slots_private.h"

//  What the alarm will do, and when; nothing.
void slot_stage_set (slots_t *self, slot_handle_t *seat, slot_handle_stage_t stage,
                     uint64_t delay_ms);
void slot_stage_clear (slots_t *self, slot_handle_t *seat);

//  SIGKILL, and a look whether the slot has ended from time to time.
void slot_stage_kill (slots_t *self, slot_handle_t *seat);

//  Lets a slot go that runs nothing.
void slot_stage_farewell (slots_t *self, slot_handle_t *seat, int patience_ms);

#endif
