/*  unacked.h - payloads of a work, kept until they need not be sent again
 *
 *  A restarted broker has lost jobs that were only in memory. So a work keeps the payloads of its
 *  tasks until their results have come, or, when the job outlives the connection, until the broker
 *  has acknowledged them. They are kept in blocks of many tasks, as they were sent; a block is
 *  freed with its last task. No memory is allocated for a single task.
 *
 *  A zeroed unacked_t is empty. Protected by its owner's lock.
 */

#ifndef CLIENT_LIB_WORK_UNACKED_H_INCLUDED
#define CLIENT_LIB_WORK_UNACKED_H_INCLUDED

#include "common/bulk.h"
#include "common/wire.h"

typedef struct unacked_block unacked_block_t;

typedef struct unacked {
    unacked_block_t **blocks; //  In the order of tasks; tasks between two blocks are no longer kept
    size_t count;             //  How many
    size_t capacity;          //  Allocated
    size_t found;             //  The block used last
    size_t large;             //  Blocks with a large payload
} unacked_t;

//  A position, for unacked_read: begin with {.index = first task}.
typedef struct unacked_at {
    uint32_t index;  //  The next task
    size_t block;    //  Where it may be
    cursor_t cursor; //  In that block, before it
    bool inside;     //  The cursor is set
} unacked_at_t;

//  Adds count tasks from first on, whose payloads are concatenated. put: number of the frame that
//  carries them. At most UNACKED_TASKS_MAX at a time.
#define UNACKED_TASKS_MAX 4096u
void unacked_add (unacked_t *self, uint32_t first, uint32_t count, view_t payloads, uint64_t put);

//  Adds a task with a large payload, which is taken.
void unacked_add_large (unacked_t *self, uint32_t index, buffer_t *payload, uint64_t put);

//  A task has ended. True the first time, if it was kept.
bool unacked_end (unacked_t *self, uint32_t index);

//  A reference to the large payload of a task that has not ended; NULL if it has none.
bulk_t *unacked_hold_large (unacked_t *self, uint32_t index);

//  Is it kept, and has it not ended?
bool unacked_has (unacked_t *self, uint32_t index);

//  Removes the oldest blocks, whose frames up to put have been acknowledged.
void unacked_acknowledge (unacked_t *self, uint64_t put);

//  Everything that is left was sent again; put is the number of the last frame.
void unacked_renumber (unacked_t *self, uint64_t put);

//  The first task that is kept, or end when none is.
uint32_t unacked_first (const unacked_t *self, uint32_t end);

//  The payload of the task at that position; empty when it is not kept or has ended (with
//  ended_too: only when it is not kept). Advances to the next task.
view_t unacked_read (const unacked_t *self, unacked_at_t *at, bool ended_too);

//  The payload that unacked_read has returned last, for the caller: shared if it was added as a
//  large one, else copied.
buffer_t unacked_whole (const unacked_t *self, const unacked_at_t *at, view_t payload);

//  Appends the tasks below end that are not kept as spans, and returns how many spans. The number
//  of spans is capped: from *plain on (at most end), tasks that have ended are omitted as long as
//  their payload is kept.
size_t unacked_pack_ended (const unacked_t *self, uint32_t end, buffer_t *spans, uint32_t *plain);

void unacked_free (unacked_t *self);

#endif
