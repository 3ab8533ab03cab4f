/*  slot_death.h - the end of a slot: why it must be, what it says, and which task pays */

#ifndef WORKER_SLOTS_SLOT_DEATH_H_INCLUDED
#define WORKER_SLOTS_SLOT_DEATH_H_INCLUDED

#include "worker/slots/slots_private.h"

//  The slot is broken: its end begins, and another takes its place. The seat still has its leases.
void slot_death_condemn (slots_t *self, slot_handle_t *seat, slot_handle_fault_t fault);

//  Its socket has been closed for a while, and it lives. The seat of a thread is empty afterwards.
void slot_death_cut_off (slots_t *self, slot_handle_t *seat);

//  Has the slot ended? Then its last words were heard, its leases were answered or given back, and
//  the seat is empty.
bool slot_death_has_ended (slots_t *self, slot_handle_t *seat);

//  Leaves a thread behind: the seat is empty afterwards.
void slot_death_abandon (slots_t *self, slot_handle_t *seat);

//  A slot ended that had been given this lease, and had not begun it. True when it was answered,
//  because it was one slot too many.
bool slot_death_strand (slots_t *self, const slot_handle_t *seat, lease_t *lease);

//  Threads that have come back after all.
void slot_death_sweep (slots_t *self);

#endif
