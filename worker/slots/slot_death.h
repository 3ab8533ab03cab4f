/*  slot_death.h - the end of a slot: its cause, and what happens to its leases */

#ifndef WORKER_SLOTS_SLOT_DEATH_H_INCLUDED
#define WORKER_SLOTS_SLOT_DEATH_H_INCLUDED

#include "worker/slots/slots_private.h"

//  The slot is broken: starts to end it, and to replace it. The seat keeps its leases for now.
void slot_death_condemn (slots_t *self, slot_handle_t *seat, slot_handle_fault_t fault);

//  The slot is alive but has closed its socket. The seat of a thread is empty afterwards.
void slot_death_cut_off (slots_t *self, slot_handle_t *seat);

//  Has the slot ended? If so, its last messages have been read, its leases answered or returned,
//  and the seat is empty.
bool slot_death_has_ended (slots_t *self, slot_handle_t *seat);

//  Abandons a thread: the seat is empty afterwards.
void slot_death_abandon (slots_t *self, slot_handle_t *seat);

//  The slot ended before it began this lease, its first. True when the lease was answered because
//  too many slots ended like that.
bool slot_death_strand (slots_t *self, const slot_handle_t *seat, lease_t *lease);

//  Frees abandoned threads that have ended.
void slot_death_sweep (slots_t *self);

#endif
