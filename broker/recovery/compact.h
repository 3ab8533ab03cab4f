/*  compact.h - the log does not grow for ever
 *
 *  A compaction copies what is still needed of the oldest jobs to the new end of the log, and drops
 *  the old end. A copy is a snapshot of the job's present state: when the log is read it replaces
 *  all that came before it. What of the job is not in memory is read back first (pager.h), so a
 *  compaction takes several turns.
 *
 *  A round is over when all that was in the log as it began was copied or dropped. What is left
 *  then, live or not, would only be copied once more: the next round waits until an eighth of what
 *  is used is new, or has died. One thread, the broker's.
 */

#ifndef BROKER_RECOVERY_COMPACT_H_INCLUDED
#define BROKER_RECOVERY_COMPACT_H_INCLUDED

#include "broker/core/hub.h"

typedef struct compact compact_t;

//  hub->journal, pager and log_index must be there while it is used.
compact_t *compact_new (hub_t *hub);
void compact_destroy (compact_t **self_p);

//  Once a turn: runs if the store wants it, and it would drop anything.
void compact_if_due (compact_t *self);

//  Copies the oldest jobs forward, as far as one batch goes, and drops what lies before.
void compact_run (compact_t *self);

#endif
