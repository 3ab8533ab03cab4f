/*  cancels.h - cancels of a work, kept until they need not be sent again
 *
 *  A restarted broker does not know which tasks were cancelled. So a work keeps its cancels, each
 *  with the number of the frame that carried it. Before the list grows, cancels that are no longer
 *  needed are removed.
 *
 *  A zeroed cancels_t is empty. Protected by its owner's lock.
 */

#ifndef CLIENT_LIB_WORK_CANCELS_H_INCLUDED
#define CLIENT_LIB_WORK_CANCELS_H_INCLUDED

#include "common/buffer.h"

typedef struct cancel {
    uint64_t put;   //  Number of its frame
    uint32_t index; //  The task
    bool all;       //  All tasks
    bool waiting;   //  ... that have not begun
} cancel_t;

typedef struct cancels {
    buffer_t list; //  Array of cancel_t, oldest first
} cancels_t;

//  Must this cancel be kept?
typedef bool (cancels_needed_fn) (void *owner, const cancel_t *cancel);

//  Adds a cancel. A cancel of all tasks replaces earlier ones. needed is called for each when the
//  list would have to grow.
void cancels_add (cancels_t *self, const cancel_t *cancel, cancels_needed_fn *needed, void *owner);

//  All of them, oldest first. Valid until one is added.
cancel_t *cancels_list (cancels_t *self, size_t *count);

//  Sets the frame number of all of them.
void cancels_renumber (cancels_t *self, uint64_t put);

void cancels_free (cancels_t *self);

#endif
