/*  work_private.h - shared by work.c, work_again.c and intake.c: sending, failing */

#ifndef CLIENT_LIB_WORK_WORK_PRIVATE_H_INCLUDED
#define CLIENT_LIB_WORK_WORK_PRIVATE_H_INCLUDED

#include "client/lib/work/work.h"

//  ---- work.c ----

//  Puts an unmetered frame (consumed), or a list of payloads, and returns its number. Without a
//  session, or while work->asking, nothing is put: WORK_UNPUT.
uint64_t work_put_frame (work_t *self, buffer_t *frame);
uint64_t work_put_list (work_t *self, uint32_t first, uint32_t count, const buffer_t *list);

//  Puts a cancel, and stores the number of its frame in it.
void work_put_cancel (work_t *self, cancel_t *cancel);

void work_fail (work_t *self, const fault_t *why);

//  ---- work_enter.c ----

//  A task has ended (all: every task has): releases its reservation.
void work_enter_undo (work_t *self, uint32_t index, bool all);

#endif
