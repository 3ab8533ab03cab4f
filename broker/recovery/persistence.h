/*  persistence.h - durability of jobs, for the broker's loop
 *
 *  Opens the store, recovers its content (recovery.h), creates ctx->journal, ctx->pager and
 *  ctx->compact, calls them in each turn, and closes them. Without a store all three are NULL, and
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

//  Takes the store, reads it into ctx->ledger, and sets ctx->epoch and ctx->serial. ctx->ledger,
//  roster, ready and delay must exist. Returns a fault when the log cannot be read, or the first
//  write fails; then the store is closed, and the broker cannot continue.
cadre_error_t persistence_open (context_t *ctx, store_t **store_p, fault_t *fault);

//  Opens the broker's store if that was delayed until the first durable job. CADRE_ERROR_REFUSED
//  when this broker has none, or the error of the store.
cadre_error_t persistence_need (context_t *ctx, fault_t *fault);

//  Makes everything recorded durable, then closes. Later changes are not recorded.
cadre_error_t persistence_close (context_t *ctx, fault_t *fault);

//  The parts of a turn; no effect without a store. A fault is final: the broker must end.
void persistence_push (context_t *ctx);
cadre_error_t persistence_turn (context_t *ctx, fault_t *fault);
void persistence_flush (context_t *ctx);

//  Readable when persistence_turn has work; -1 without a store.
int persistence_fd (const context_t *ctx);

//  No record is waiting to become durable.
bool persistence_is_idle (const context_t *ctx);

#endif
