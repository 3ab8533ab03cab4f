/*  slot_death.h - the end of a slot: its cause, and what happens to its leases */

#ifndef WORKER_SLOTS_SLOT_DEATH_H_INCLUDED
#define WORKER_SLOTS_SLOT_DEATH_H_INCLUDED

#include "worker/slots/slots_private.h"

//  The slot is broken: starts to end it, and to replace it. The handle keeps its leases for now.
void slot_death_condemn (slots_t *self, slot_handle_t *handle, slot_handle_fault_t fault);

//  The slot is alive but has closed its socket. The handle of a thread is empty afterwards.
void slot_death_cut_off (slots_t *self, slot_handle_t *handle);

//  Has the slot ended? If so, its last messages have been read, its leases answered or returned,
//  and the handle is empty.
bool slot_death_has_ended (slots_t *self, slot_handle_t *handle);

//  Abandons a thread: the handle is empty afterwards.
void slot_death_abandon (slots_t *self, slot_handle_t *handle);

//  The slot ended before it began this lease, its first. True when the lease was answered because
//  too many slots ended like that.
bool slot_death_strand (slots_t *self, const slot_handle_t *handle, lease_t *lease);

//  Frees abandoned threads that have ended.
void slot_death_sweep (slots_t *self);

#endif
