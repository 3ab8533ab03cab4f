/*  cancels.h - cancels of a work that may have to be sent again
 *
 *  A broker that was restarted does not know which tasks were cancelled. So a work keeps its
 *  cancels, each with the number of the frame that carried it. The list drops those that are not
 *  needed any more before it grows.
 *
 *  A zeroed cancels_t is empty. The lock of whoever owns it.
 */

#ifndef CLIENT_LIB_WORK_CANCELS_H_INCLUDED
#define CLIENT_LIB_WORK_CANCELS_H_INCLUDED

#include "common/buffer.h"

typedef struct cancel {
    uint64_t put;   //  Number of its frame
    uint32_t index; //  The task
    bool all;       //  All tasks
} cancel_t;

typedef struct cancels {
    buffer_t list; //  Array of cancel_t, oldest first
} cancels_t;

//  Must this one still be kept?
typedef bool (cancels_needed_fn) (void *owner, const cancel_t *cancel);

//  Adds one. One of all tasks replaces those before. needed is asked for each when the list would
//  have to grow.
void cancels_add (cancels_t *self, const cancel_t *cancel, cancels_needed_fn *needed, void *owner);

//  All of them, oldest first. Valid until one is added.
cancel_t *cancels_list (cancels_t *self, size_t *count);

//  The frames of all of them count as this number from now on.
void cancels_renumber (cancels_t *self, uint64_t put);

void cancels_free (cancels_t *self);

#endif
