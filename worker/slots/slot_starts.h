/*  slot_starts.h - starts slots, and watches their sockets by epoll */

#ifndef WORKER_SLOTS_SLOT_STARTS_H_INCLUDED
#define WORKER_SLOTS_SLOT_STARTS_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Starts the slot of an empty handle.
cadre_error_t slot_starts_begin (slots_t *self, slot_handle_t *handle);

//  A slot died before it was ready: the delay before the next start increases.
void slot_starts_failed (slots_t *self);

//  Watches, or stops watching, whether the slot's socket is writable.
void slot_starts_writable (slots_t *self, slot_handle_t *handle, bool wanted);

#endif
