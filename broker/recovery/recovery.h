/*  recovery.h - the log is read, and the ledger is as it was
 *
 *  Each record is carried out by the function that carried it out first (committed.h, ledger.h).
 *  Nothing is recorded meanwhile: hub->journal is NULL. A record that cannot be is refused, as is
 *  one of a kind that this cadre does not know; records of jobs that were forgotten later are
 *  passed over.
 *
 *  A task whose lease was recorded is held by a worker that is away (roster.h): if that comes back
 *  within the time after which it would be lost, it is adopted as after any lost connection; else
 *  its tasks run elsewhere.
 */

#ifndef BROKER_RECOVERY_RECOVERY_H_INCLUDED
#define BROKER_RECOVERY_RECOVERY_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/store/store.h"

//  Reads the store into hub->ledger, which is empty, and sets hub->epoch. hub->roster, ready and
//  delay must be there. A fault when the log cannot be read: then the ledger holds a part of it.
cadre_error_t recovery_read (hub_t *hub, store_t *store, fault_t *fault);

#endif
