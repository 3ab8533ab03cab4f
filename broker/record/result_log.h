/*  result_log.h - results and output of a detached job, until it is forgotten
 *
 *  An append-only log of records in the order in which they happened. Each
 *  follower reads it with a position of its own. Memory is taken in segments.
 *
 *  A segment all of whose records lie in the store (those of durable jobs) can be put out of
 *  memory, and so can a large value. A segment then knows the runs of bytes in the store of which
 *  it is made again, record by record:
 *
 *      if (!result_log_is_here (keep, position)) {
 *          count = result_log_ask (keep, position, &runs);      read them, in this order
 *          result_log_refill (keep, segment, kind, index, body);    for each record in them
 *          result_log_refilled (keep, segment);                 when all were read
 *      }
 */

#ifndef BROKER_RECORD_RESULT_LOG_H_INCLUDED
#define BROKER_RECORD_RESULT_LOG_H_INCLUDED

#include "common/wire.h"

typedef struct result_log result_log_t;

typedef enum result_log_kind { RESULT_LOG_RESULT = 1, RESULT_LOG_OUTPUT = 2 } result_log_kind_t;

typedef struct result_log_record {
    result_log_kind_t kind; //  What it is
    uint32_t index;         //  Of the task
    view_t body;            //  A result or output without its ref: the fields from index on, packed
} result_log_record_t;

//  Where in the store something lies.
typedef struct result_log_place {
    uint64_t seq;    //  The batch; 0: the one that is being written
    uint64_t offset; //  In it
    uint64_t size;   //  Bytes
} result_log_place_t;

//  bytes_p points to a total that the log keeps up to date with what it holds.
result_log_t *result_log_new (uint64_t *bytes_p);
void result_log_destroy (result_log_t **self_p);

//  Frees what is kept in a log that is not used any more, as far as visits allow; it counts them
//  down. True when all is freed.
bool result_log_shed (result_log_t *self, uint32_t *visits);

//  Appends and returns the record's position. place: of the whole record in the store, or NULL.
uint64_t result_log_append (result_log_t *self, result_log_kind_t kind, uint32_t index, view_t body,
                            const result_log_place_t *place);

//  Reads the record at *position and moves on; false at the end, and where it is not in memory.
//  Start with 0. The body is valid until the segment is put away.
bool result_log_read (const result_log_t *self, uint64_t *position, result_log_record_t *record);

//  Is the record at that position, if there is one, in memory? Is everything?
bool result_log_is_here (const result_log_t *self, uint64_t position);
bool result_log_is_whole (const result_log_t *self);

//  The first position, or task with a large value, that is neither in memory nor asked for; false
//  when there is none.
bool result_log_missing (const result_log_t *self, uint64_t *position);
bool result_log_missing_large (const result_log_t *self, uint32_t *index);

//  The end of a segment becomes the beginning of the next.
void result_log_normalize (const result_log_t *self, uint64_t *position);

//  The segment of a position, and the position at which one begins.
uint32_t result_log_segment (uint64_t position);
uint64_t result_log_segment_start (uint32_t segment);

//  Puts a segment out of memory, if that can be: what is appended goes elsewhere. Or all that is
//  kept.
void result_log_spill (result_log_t *self, uint32_t segment);
void result_log_spill_all (result_log_t *self);

//  What must be read for the record at that position; 0: nothing, or it was asked for already. It
//  is taken to be asked for then.
size_t result_log_ask (result_log_t *self, uint64_t position, const result_log_place_t **runs);
void result_log_refill (result_log_t *self, uint32_t segment, result_log_kind_t kind,
                        uint32_t index, view_t body);
//  False when it is not what was put away.
bool result_log_refilled (result_log_t *self, uint32_t segment);

//  A large value: takes the content of *payload; an older one of that task is dropped. place: of
//  its bytes in the store, or NULL.
void result_log_put_large (result_log_t *self, uint32_t index, buffer_t *payload,
                           const result_log_place_t *place);
//  Empty when there is none, and when it is not in memory.
view_t result_log_large (const result_log_t *self, uint32_t index);
//  The result that it belongs to is replaced.
void result_log_drop_large (result_log_t *self, uint32_t index);
bool result_log_large_is_here (const result_log_t *self, uint32_t index);
void result_log_spill_large (result_log_t *self, uint32_t index);
bool result_log_ask_large (result_log_t *self, uint32_t index, result_log_place_t *place);
bool result_log_restore_large (result_log_t *self, uint32_t index, buffer_t *payload);

//  Everything, and it must be in memory, is written anew: where each record and large value lies
//  now, and in the end in which batch.
void result_log_move (result_log_t *self);
void result_log_note (result_log_t *self, uint64_t position, const result_log_place_t *place);
void result_log_note_large (result_log_t *self, uint32_t index, const result_log_place_t *place);
void result_log_settle (result_log_t *self, uint64_t seq);

//  Counts output of a task. False when it would exceed HUB_KEEP_BYTES; *first is true the first
//  time.
bool result_log_admits (result_log_t *self, uint32_t index, size_t size_bytes, bool *first);

//  How far the output of a task has come in the lease that wrote last; so what a worker sends again
//  is known.
typedef struct result_log_mark {
    uint64_t serial;    //  The lease; 0: none
    uint64_t end_bytes; //  Of its output
} result_log_mark_t;

void result_log_set_mark (result_log_t *self, uint32_t index, result_log_mark_t mark);
result_log_mark_t result_log_mark (const result_log_t *self, uint32_t index);

#endif
