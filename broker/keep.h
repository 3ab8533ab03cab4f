/*  keep.h - results and output of a detached job, until it is forgotten
 *
 *  An append-only log of records in the order in which they happened. Each
 *  follower reads it with a position of its own. Memory is taken in segments.
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

//  bytes_p points to a total that the log keeps up to date with what it holds.
keep_t *keep_new (uint64_t *bytes_p);
void keep_destroy (keep_t **self_p);

//  Appends and returns the record's position.
uint64_t keep_append (keep_t *self, keep_kind_t kind, uint32_t index, view_t body);

//  Reads the record at *position and moves on; false at the end. Start with 0. The body is valid until keep_destroy.
bool keep_read (const keep_t *self, uint64_t *position, keep_record_t *record);

//  Takes the content of *payload: a large value of task index; an older one of that task is dropped.
void keep_put_large (keep_t *self, uint32_t index, buffer_t *payload);
view_t keep_large (const keep_t *self, uint32_t index);

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
