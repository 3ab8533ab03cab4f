/*  tombstones.h - the identities of forgotten detached jobs
 *
 *  A client that did not receive the acknowledgement of its job submits it again under the same
 *  identity. For a day after the job was forgotten, that does not open a second job. Tombstones of
 *  durable jobs are in the store's log, too; they are written again when the old end of the log is
 *  dropped.
 */

#ifndef BROKER_RECORD_TOMBSTONES_H_INCLUDED
#define BROKER_RECORD_TOMBSTONES_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "broker/record/identity.h"

#define TOMBSTONES_KEPT_US (24 * INT64_C (3600) * 1000000)
#define TOMBSTONES_MAX 1000000u //  The oldest are removed first

typedef struct tombstones tombstones_t;

//  Limited to most_bytes; adds the memory in use to *bytes_p.
tombstones_t *tombstones_new (uint64_t most_bytes, uint64_t *bytes_p);
void tombstones_destroy (tombstones_t **self_p);

//  The job with that number is forgotten now.
void tombstones_add (tombstones_t *self, const identity_t *identity, uint64_t number,
                     int64_t now_us);

//  The number of the forgotten job; 0: unknown, or too long ago.
uint64_t tombstones_find (const tombstones_t *self, const identity_t *identity);

//  Removes expired tombstones.
void tombstones_sweep (tombstones_t *self, int64_t now_us);

//  ---- in the log --------------------------------------------------------

//  The tombstone of that identity is in the batch that is being filled.
void tombstones_logged (tombstones_t *self, const identity_t *identity);

//  That batch got its number.
void tombstones_place (tombstones_t *self, uint64_t seq);

//  The batch with the oldest tombstone in the log; UINT64_MAX: none.
uint64_t tombstones_oldest (const tombstones_t *self);

//  Takes the oldest tombstone before this batch, which must be written again; false when there is
//  none.
bool tombstones_next (tombstones_t *self, uint64_t before, const identity_t **identity,
                      uint64_t *number);

#endif
