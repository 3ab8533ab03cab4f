/*  compact.h - compaction: keeps the log from growing without limit
 *
 *  A compaction copies what is still needed of the oldest jobs to the end of the log, and drops the
 *  old part. A copy is a snapshot of the job's present state; when the log is read, it replaces all
 *  earlier records of the job. Data of the job that is not in memory is read back first (pager.h),
 *  so a compaction takes several turns.
 *
 *  A round is over when everything that was in the log at its beginning was copied or dropped. A
 *  new round begins only when an eighth of the used space is new or dead, because otherwise it
 *  would only copy the same data again. One thread, the broker's.
 */

#ifndef BROKER_RECOVERY_COMPACT_H_INCLUDED
#define BROKER_RECOVERY_COMPACT_H_INCLUDED

#include "broker/core/context.h"

typedef struct compact compact_t;

//  ctx->journal, pager and log_index must exist while it is used.
compact_t *compact_new (context_t *ctx);
void compact_destroy (compact_t **self_p);

//  Call once a turn: runs if the store needs compaction and something can be dropped.
void compact_if_due (compact_t *self);

//  Copies the oldest jobs, as many as fit in one batch, and drops what is before them.
void compact_run (compact_t *self);

#endif
