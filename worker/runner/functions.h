/*  functions.h - the table of functions that a slot can call
 *
 *  Functions of the program itself, of plugins, and of a program in another language, with the
 *  state that each has in this slot. Names and texts are borrowed and must outlive the table. One
 *  thread.
 */

#ifndef WORKER_RUNNER_FUNCTIONS_H_INCLUDED
#define WORKER_RUNNER_FUNCTIONS_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"
#include "common/fault.h"

#include <cadre.h>

typedef struct functions functions_t;

typedef struct functions_entry {
    const cadre_function_t *function; //  Borrowed
    const char *source;               //  "plugin x.so", for messages
    void *state;                      //  State that start stored
    bool started;                     //  start was called, or there is no start
} functions_entry_t;

functions_t *functions_new (void);

//  Calls end for the functions that were started.
void functions_destroy (functions_t **self_p);

//  Adds a list that ends with an entry without a name. CADRE_ERROR_PLUGIN when an entry has no run,
//  unknown letters in takes, or a name that is already in the table; then a part of the list may
//  have been added. state is the state of functions without a start. The source is copied.
cadre_error_t functions_add (functions_t *self, const cadre_function_t *list, const char *source,
                             void *state, fault_t *fault);

size_t functions_count (const functions_t *self);

//  NULL when there is no function with that name. Valid until the next functions_add.
functions_entry_t *functions_find (functions_t *self, view_t name);

//  Starts it for this slot if needed. CADRE_ERROR_TASK and a message when that fails.
cadre_error_t functions_start (functions_entry_t *entry, fault_t *fault);

//  A fault such as "no function squar here: did you mean square?", or a list of the names.
void functions_explain (const functions_t *self, view_t name, fault_t *fault);

//  Appends each as a wire record.
void functions_pack (const functions_t *self, buffer_t *values);

#endif
