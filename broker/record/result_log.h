/*  result_log.h - results and output of a detached job, until it is forgotten
 *
 *  An append-only log of records in the order in which they happened. Each follower reads it with
 *  its own position. Memory is allocated in segments.
 *
 *  A segment whose records are all in the store (records of durable jobs) can be evicted from
 *  memory, and so can a large value. An evicted segment knows the ranges of bytes in the store from
 *  which it is restored, record by record:
 *
 *      if (!result_log_is_here (keep, position)) {
 *          count = result_log_ask (keep, position, &runs);      read them, in this order
 *          result_log_refill (keep, segment, kind, index, body);    for each record in them
 *          result_log_refilled (keep, segment);                 when all were read
 *      }
 */

#ifndef BROKER_RECORD_RESULT_LOG_H_INCLUDED
#define BROKER_RECORD_RESULT_LOG_H_INCLUDED

#include "broker/core/account.h"
#include "common/wire.h"

typedef struct result_log result_log_t;

typedef enum result_log_kind { RESULT_LOG_RESULT = 1, RESULT_LOG_OUTPUT = 2 } result_log_kind_t;

typedef struct result_log_record {
    result_log_kind_t kind; //  What it is
    uint32_t index;         //  Of the task
    view_t body;            //  A result or output without ref: the fields from index on, packed
} result_log_record_t;

//  Where something is in the store.
typedef struct result_log_location {
    uint64_t seq;    //  The batch; 0: the batch that is being filled
    uint64_t offset; //  Offset in the batch
    uint64_t size;   //  Bytes
} result_log_location_t;

//  account counts its memory; borrowed.
result_log_t *result_log_new (account_t *account);
void result_log_destroy (result_log_t **self_p);

//  Frees a log that is no longer used, as far as visits allow, and decrements them. True when all
//  is freed.
bool result_log_shed (result_log_t *self, uint32_t *visits);

//  Appends a record and returns its position. location: of the whole record in the store, or NULL.
uint64_t result_log_append (result_log_t *self, result_log_kind_t kind, uint32_t index, view_t body,
                            const result_log_location_t *location);

//  Reads the record at *position and advances it; false at the end, and when the record is not in
//  memory. Start with 0. The body is valid until the segment is evicted.
bool result_log_read (const result_log_t *self, uint64_t *position, result_log_record_t *record);

//  Is the record at that position, if any, in memory? Is everything?
bool result_log_is_here (const result_log_t *self, uint64_t position);
bool result_log_is_whole (const result_log_t *self);

//  The first position, or task with a large value, that is neither in memory nor requested; false
//  when there is none.
bool result_log_missing (const result_log_t *self, uint64_t *position);
bool result_log_missing_large (const result_log_t *self, uint32_t *index);

//  Moves a position at the end of a segment to the beginning of the next.
void result_log_normalize (const result_log_t *self, uint64_t *position);

//  The segment of a position, and the first position of a segment.
uint32_t result_log_segment (uint64_t position);
uint64_t result_log_segment_start (uint32_t segment);

//  Evicts a segment, if possible; later records go to another segment. Or evicts everything.
void result_log_spill (result_log_t *self, uint32_t segment);
void result_log_spill_all (result_log_t *self);

//  Requests what must be read for the record at that position. 0: nothing, or it was already
//  requested.
size_t result_log_ask (result_log_t *self, uint64_t position, const result_log_location_t **runs);
void result_log_refill (result_log_t *self, uint32_t segment, result_log_kind_t kind,
                        uint32_t index, view_t body);
//  False when the restored segment differs from what was evicted.
bool result_log_refilled (result_log_t *self, uint32_t segment);

//  Stores a large value; takes the content of *payload, and drops an older value of that task.
//  location: of its bytes in the store, or NULL.
void result_log_put_large (result_log_t *self, uint32_t index, buffer_t *payload,
                           const result_log_location_t *location);
//  Empty when there is none, or it is not in memory.
view_t result_log_large (const result_log_t *self, uint32_t index);
//  The result with this large value was replaced.
void result_log_drop_large (result_log_t *self, uint32_t index);
bool result_log_large_is_here (const result_log_t *self, uint32_t index);
void result_log_spill_large (result_log_t *self, uint32_t index);
bool result_log_ask_large (result_log_t *self, uint32_t index, result_log_location_t *location);
bool result_log_restore_large (result_log_t *self, uint32_t index, buffer_t *payload);

//  The whole log, which must be in memory, is written again: records where each record and large
//  value is now, and at the end in which batch.
void result_log_move (result_log_t *self);
void result_log_note (result_log_t *self, uint64_t position, const result_log_location_t *location);
void result_log_note_large (result_log_t *self, uint32_t index,
                            const result_log_location_t *location);
void result_log_settle (result_log_t *self, uint64_t seq);

//  Counts output of a task. False when it would exceed CONTEXT_KEEP_BYTES; *first is true the first
//  time.
bool result_log_admits (result_log_t *self, uint32_t index, size_t size_bytes, bool *first);

//  The number of tasks of which output was dropped so; is that task one of them?
size_t result_log_cuts (const result_log_t *self);
bool result_log_is_cut (const result_log_t *self, uint32_t index);

//  How much output of a task was stored from the lease that wrote last; output that a worker sends
//  again is recognized by it.
typedef struct result_log_mark {
    uint64_t serial;    //  The lease; 0: none
    uint64_t end_bytes; //  End of its output
} result_log_mark_t;

void result_log_set_mark (result_log_t *self, uint32_t index, result_log_mark_t mark);
result_log_mark_t result_log_mark (const result_log_t *self, uint32_t index);

#endif
