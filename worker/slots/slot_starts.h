/*  slot_starts.h - how slots are started, and watched by epoll */

#ifndef WORKER_SLOTS_SLOT_STARTS_H_INCLUDED
#define WORKER_SLOTS_SLOT_STARTS_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Starts the slot of an empty seat.
cadre_error_t slot_starts_begin (slots_t *self, slot_handle_t *seat);

//  A slot died before it was ready: the worker waits for longer and longer before it starts the
//  next one.
void slot_starts_failed (slots_t *self);

//  Watches, or no longer watches, whether the slot's socket can be written to.
void slot_starts_writable (slots_t *self, slot_handle_t *seat, bool wanted);

#endif
