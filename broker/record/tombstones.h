/*  tombstones.h - the identities of detached jobs that were forgotten
 *
 *  A client that did not hear that its job was taken submits it again under the same identity. For
 *  a day after the job was forgotten that opens no second one. Those of durable jobs are in the
 *  store's log as well; when its old end is dropped they are written again.
 */

#ifndef BROKER_RECORD_TOMBSTONES_H_INCLUDED
#define BROKER_RECORD_TOMBSTONES_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "broker/record/identity.h"

#define TOMBSTONES_KEPT_US (24 * INT64_C (3600) * 1000000)
#define TOMBSTONES_MAX 1000000u //  Of them, the oldest go first

typedef struct tombstones tombstones_t;

//  They take up most_bytes and no more, and count what they do in *bytes_p.
tombstones_t *tombstones_new (uint64_t most_bytes, uint64_t *bytes_p);
void tombstones_destroy (tombstones_t **self_p);

//  The job of that number is gone, now.
void tombstones_add (tombstones_t *self, const identity_t *identity, uint64_t number,
                     int64_t now_us);

//  The number under which it was known; 0: it was not, or too long ago.
uint64_t tombstones_find (const tombstones_t *self, const identity_t *identity);

//  Forgets those whose time is over.
void tombstones_sweep (tombstones_t *self, int64_t now_us);

//  ---- in the log --------------------------------------------------------

//  The one of that identity is in the batch that is being gathered.
void tombstones_logged (tombstones_t *self, const identity_t *identity);

//  That batch got its number.
void tombstones_place (tombstones_t *self, uint64_t seq);

//  The batch with the oldest that is in the log; UINT64_MAX: none is.
uint64_t tombstones_oldest (const tombstones_t *self);

//  Takes the oldest that lies before this batch; false when there is none. It is to be written
//  again.
bool tombstones_next (tombstones_t *self, uint64_t before, const identity_t **identity,
                      uint64_t *number);

#endif
