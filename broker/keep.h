/*  keep.h - results and output of a detached job, until it is forgotten
 *
 *  An append-only log of records in the order in which they happened. Each
 *  follower reads it with a position of its own. Memory is taken in segments.
 *
 *  A segment all of whose records lie in the store (those of durable jobs) can be put out of memory, and so can a large value. A segment
 *  then knows the runs of bytes in the store of which it is made again, record by record:
 *
 *      if (!keep_is_here (keep, position)) {
 *          count = keep_ask (keep, position, &runs);      read them, in this order
 *          keep_refill (keep, segment, kind, index, body);    for each record in them
 *          keep_refilled (keep, segment);                 when all were read
 *      }
 */

#ifndef BROKER_KEEP_H_INCLUDED
#define BROKER_KEEP_H_INCLUDED

#include "common/wire.h"

typedef struct keep keep_t;

typedef enum keep_kind { KEEP_RESULT = 1, KEEP_OUTPUT = 2 } keep_kind_t;

typedef struct keep_record {
    keep_kind_t kind; //  What it is
    uint32_t index;   //  Of the task
    view_t body;      //  A result or output without its ref: the fields from index on, packed
} keep_record_t;

//  Where in the store something lies.
typedef struct keep_place {
    uint64_t seq;    //  The batch; 0: the one that is being written
    uint64_t offset; //  In it
    uint64_t size;   //  Bytes
} keep_place_t;

//  bytes_p points to a total that the log keeps up to date with what it holds.
keep_t *keep_new (uint64_t *bytes_p);
void keep_destroy (keep_t **self_p);

//  Frees what is kept in a log that is not used any more, as far as visits allow; it counts them down. True when all is freed.
bool keep_shed (keep_t *self, uint32_t *visits);

//  Appends and returns the record's position. place: of the whole record in the store, or NULL.
uint64_t keep_append (keep_t *self, keep_kind_t kind, uint32_t index, view_t body, const keep_place_t *place);

//  Reads the record at *position and moves on; false at the end, and where it is not in memory. Start with 0. The body is valid until the segment
//  is put away.
bool keep_read (const keep_t *self, uint64_t *position, keep_record_t *record);

//  Is the record at that position, if there is one, in memory? Is everything?
bool keep_is_here (const keep_t *self, uint64_t position);
bool keep_is_whole (const keep_t *self);

//  The first position, or task with a large value, that is neither in memory nor asked for; false when there is none.
bool keep_missing (const keep_t *self, uint64_t *position);
bool keep_missing_large (const keep_t *self, uint32_t *index);

//  The end of a segment becomes the beginning of the next.
void keep_normalize (const keep_t *self, uint64_t *position);

//  The segment of a position, and the position at which one begins.
uint32_t keep_segment (uint64_t position);
uint64_t keep_segment_start (uint32_t segment);

//  Puts a segment out of memory, if that can be: what is appended goes elsewhere. Or all that is kept.
void keep_spill (keep_t *self, uint32_t segment);
void keep_spill_all (keep_t *self);

//  What must be read for the record at that position; 0: nothing, or it was asked for already. It is taken to be asked for then.
size_t keep_ask (keep_t *self, uint64_t position, const keep_place_t **runs);
void keep_refill (keep_t *self, uint32_t segment, keep_kind_t kind, uint32_t index, view_t body);
//  False when it is not what was put away.
bool keep_refilled (keep_t *self, uint32_t segment);

//  A large value: takes the content of *payload; an older one of that task is dropped. place: of its bytes in the store, or NULL.
void keep_put_large (keep_t *self, uint32_t index, buffer_t *payload, const keep_place_t *place);
//  Empty when there is none, and when it is not in memory.
view_t keep_large (const keep_t *self, uint32_t index);
//  The result that it belongs to is replaced.
void keep_drop_large (keep_t *self, uint32_t index);
bool keep_large_is_here (const keep_t *self, uint32_t index);
void keep_spill_large (keep_t *self, uint32_t index);
bool keep_ask_large (keep_t *self, uint32_t index, keep_place_t *place);
bool keep_restore_large (keep_t *self, uint32_t index, buffer_t *payload);

//  Everything, and it must be in memory, is written anew: where each record and large value lies now, and in the end in which batch.
void keep_move (keep_t *self);
void keep_note (keep_t *self, uint64_t position, const keep_place_t *place);
void keep_note_large (keep_t *self, uint32_t index, const keep_place_t *place);
void keep_settle (keep_t *self, uint64_t seq);

//  Counts output of a task. False when it would exceed HUB_KEEP_BYTES; *first is true the first time.
bool keep_admits (keep_t *self, uint32_t index, size_t size_bytes, bool *first);

//  How far the output of a task has come in the lease that wrote last; so what a worker sends again is known.
typedef struct keep_mark {
    uint64_t serial;    //  The lease; 0: none
    uint64_t end_bytes; //  Of its output
} keep_mark_t;

void keep_set_mark (keep_t *self, uint32_t index, keep_mark_t mark);
keep_mark_t keep_mark (const keep_t *self, uint32_t index);

#endif
