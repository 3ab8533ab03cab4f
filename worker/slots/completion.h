/*  completion.h - what a slot says: ready, results, output */

#ifndef WORKER_SLOTS_COMPLETION_H_INCLUDED
#define WORKER_SLOTS_COMPLETION_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Reads the messages of a slot, and acts on them. Marks the slot as deaf when one cannot be read.
void completion_read (slots_t *self, slot_handle_t *seat);

#endif
