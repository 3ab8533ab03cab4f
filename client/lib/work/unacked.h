/*  unacked.h - payloads that may have to be sent again
 *
 *  A broker that was restarted knows nothing of a job that was in its memory alone. So a work keeps
 *  the payloads of its tasks until their results have come, or, when the job outlives the
 *  connection, until the broker has acknowledged them. They lie in blocks of many tasks, as they
 *  were sent; a block is freed with its last task. No memory is allocated for a single task.
 *
 *  A zeroed unacked_t is empty. The lock of whoever owns it.
 */

#ifndef CLIENT_LIB_WORK_UNACKED_H_INCLUDED
#define CLIENT_LIB_WORK_UNACKED_H_INCLUDED

#include "common/wire.h"

typedef struct unacked_block unacked_block_t;

typedef struct unacked {
    unacked_block_t **blocks; //  In the order of tasks; tasks between two blocks are kept no more
    size_t count;             //  How many
    size_t capacity;          //  Places allocated
    size_t found;             //  The block that was looked at last
} unacked_t;

//  A place in it, for unacked_read: begin with {.index = first task}.
typedef struct unacked_at {
    uint32_t index;  //  The next task
    size_t block;    //  Where it may be
    cursor_t cursor; //  In that block, before it
    bool inside;     //  The cursor is set
} unacked_at_t;

//  Adds count tasks from first on, whose payloads stand one behind the other. put: number of the
//  frame that carries them. At most UNACKED_TASKS_MAX at a time.
#define UNACKED_TASKS_MAX 4096u
void unacked_add (unacked_t *self, uint32_t first, uint32_t count, view_t payloads, uint64_t put);

//  A task has ended. True for one that is kept, once.
bool unacked_end (unacked_t *self, uint32_t index);

//  Is it kept, and has not ended?
bool unacked_has (unacked_t *self, uint32_t index);

//  Forgets the oldest blocks, whose frames up to put have been acknowledged.
void unacked_acknowledge (unacked_t *self, uint64_t put);

//  All that is left was sent again; put is the number of the last frame.
void unacked_renumber (unacked_t *self, uint64_t put);

//  The first task that is kept, or end when none is.
uint32_t unacked_first (const unacked_t *self, uint32_t end);

//  The payload of the task at that place, empty when it is kept no more or has ended (unless
//  ended_too: then only when its payload is gone); moves on to the next one.
view_t unacked_read (const unacked_t *self, unacked_at_t *at, bool ended_too);

//  Appends the tasks below end that are not kept as spans, and returns how many spans. There is a
//  most of spans: from *plain on (at most end), tasks that have ended are left out as long as their
//  payload is here.
size_t unacked_pack_ended (const unacked_t *self, uint32_t end, buffer_t *spans, uint32_t *plain);

void unacked_free (unacked_t *self);

#endif
