/*  recovery.h - reads the log and restores the ledger
 *
 *  Each record is applied by the function that applied it first (committed.h, ledger.h). Nothing is
 *  recorded meanwhile: ctx->journal is NULL. A record that cannot be applied, or of an unknown
 *  kind, is an error; records of jobs that were forgotten later are skipped.
 *
 *  A task whose lease was recorded is held by a worker that is away (roster.h). If the worker
 *  reconnects before the time at which it would be lost, it is adopted as after any lost
 *  connection; otherwise its tasks run elsewhere.
 */

#ifndef BROKER_RECOVERY_RECOVERY_H_INCLUDED
#define BROKER_RECOVERY_RECOVERY_H_INCLUDED

#include "broker/core/context.h"
#include "broker/store/store.h"

//  Reads the store into ctx->ledger, which must be empty, and sets ctx->epoch. ctx->roster, ready
//  and delay must exist. Returns a fault when the log cannot be read; the ledger is incomplete
//  then.
cadre_error_t recovery_read (context_t *ctx, store_t *store, fault_t *fault);

#endif
