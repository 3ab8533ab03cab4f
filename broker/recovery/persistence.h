/*  persistence.h - what makes jobs durable, as the loop sees it
 *
 *  Opens the store, recovers what it holds (recovery.h), and makes hub->journal, hub->pager and
 *  hub->compact; drives them in each turn; closes them. Without a store all three are NULL, and no
 *  job is durable.
 *
 *      loop:  persistence_push when all was read                a batch goes to the store
 *             persistence_turn when the store says so           what waited, and is durable now, is
 *                                                               carried out; what was read back is
 *                                                               there
 *             persistence_flush at the end of the turn          the next batch goes there
 */

#ifndef BROKER_RECOVERY_PERSISTENCE_H_INCLUDED
#define BROKER_RECOVERY_PERSISTENCE_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/store/store.h"

//  Takes the store, reads it into hub->ledger, and sets hub->epoch and hub->serial. hub->ledger,
//  roster, ready and delay must be there. A fault when the log cannot be read, or the first write
//  fails: then the store is closed, and the broker cannot go on.
cadre_error_t persistence_open (hub_t *hub, store_t **store_p, fault_t *fault);

//  Opens the broker's store now if that was put off until the first durable job.
//  CADRE_ERROR_REFUSED when this broker has none, or what the store says.
cadre_error_t persistence_need (hub_t *hub, fault_t *fault);

//  What was recorded becomes durable first. What happens afterwards is not recorded.
cadre_error_t persistence_close (hub_t *hub, fault_t *fault);

//  The parts of a turn; nothing without a store. A fault is final: the broker must end.
void persistence_push (hub_t *hub);
cadre_error_t persistence_turn (hub_t *hub, fault_t *fault);
void persistence_flush (hub_t *hub);

//  Readable when persistence_turn has something to do; -1 without a store.
int persistence_fd (const hub_t *hub);

//  Nothing waits to become durable.
bool persistence_is_idle (const hub_t *hub);

#endif
