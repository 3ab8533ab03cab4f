/*  persistence.h - durability of jobs, for the broker's loop
 *
 *  Opens the store, recovers its content (recovery.h), creates hub->journal, hub->pager and
 *  hub->compact, calls them in each turn, and closes them. Without a store all three are NULL, and
 *  no job is durable.
 *
 *      loop:  persistence_push when all sockets were read       sends a batch to the store
 *             persistence_turn when the store signals           applies what is durable now, and
 *                                                               takes what was read back
 *             persistence_flush at the end of the turn          sends the next batch
 */

#ifndef BROKER_RECOVERY_PERSISTENCE_H_INCLUDED
#define BROKER_RECOVERY_PERSISTENCE_H_INCLUDED

#include "broker/core/context.h"
#include "broker/store/store.h"

//  Takes the store, reads it into hub->ledger, and sets hub->epoch and hub->serial. hub->ledger,
//  roster, ready and delay must exist. Returns a fault when the log cannot be read, or the first
//  write fails; then the store is closed, and the broker cannot continue.
cadre_error_t persistence_open (hub_t *hub, store_t **store_p, fault_t *fault);

//  Opens the broker's store if that was delayed until the first durable job. CADRE_ERROR_REFUSED
//  when this broker has none, or the error of the store.
cadre_error_t persistence_need (hub_t *hub, fault_t *fault);

//  Makes everything recorded durable, then closes. Later changes are not recorded.
cadre_error_t persistence_close (hub_t *hub, fault_t *fault);

//  The parts of a turn; no effect without a store. A fault is final: the broker must end.
void persistence_push (hub_t *hub);
cadre_error_t persistence_turn (hub_t *hub, fault_t *fault);
void persistence_flush (hub_t *hub);

//  Readable when persistence_turn has work; -1 without a store.
int persistence_fd (const hub_t *hub);

//  No record is waiting to become durable.
bool persistence_is_idle (const hub_t *hub);

#endif
