/*  work_own.h - what work.c and work_again.c share: sending, failing, saying again */

#ifndef CLIENT_LIB_WORK_OWN_H_INCLUDED
#define CLIENT_LIB_WORK_OWN_H_INCLUDED

#include "client/lib/work.h"

//  ---- work.c ----

//  Puts an unmetered frame (consumed), or a list of payloads, and returns its number. Without a session, or while the work asks, nothing is put:
//  WORK_UNPUT.
uint64_t work_put_frame (work_t *self, buffer_t *frame);
uint64_t work_put_list (work_t *self, uint32_t first, uint32_t count, const buffer_t *list);

void work_fail (work_t *self, const fault_t *why);

//  ---- work_enter.c ----

//  A task has ended, or ALL have: what they let in has gone.
void work_leave (work_t *self, uint32_t index, bool all);

//  ---- work_again.c ----

//  Remembers a cancel that was put.
void work_note_cancel (work_t *self, bool all, uint32_t index, uint64_t put);

//  A work that asks has been answered with the number of its job.
void work_answered (work_t *self, uint64_t number);

#endif
