/*  completion.h - handles the messages of a slot: ready, results, output */

#ifndef WORKER_SLOTS_COMPLETION_H_INCLUDED
#define WORKER_SLOTS_COMPLETION_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Reads and handles the messages of a slot. Marks the slot as deaf when a message is invalid.
void completion_read (slots_t *self, slot_handle_t *handle);

#endif
