/*  functions.h - what a slot can call, wherever it came from
 *
 *  A table of functions of the program itself, of plugins, and of a program in
 *  another language; with the state that each has in this slot. Names and texts are
 *  borrowed from where they came from, which must outlive the table. One thread.
 */

#ifndef WORKER_RUNNER_FUNCTIONS_H_INCLUDED
#define WORKER_RUNNER_FUNCTIONS_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"
#include "common/fault.h"

#include <cadre.h>

typedef struct functions functions_t;

typedef struct functions_entry {
    const cadre_function_t *function; //  As it was added
    const char *source;               //  "plugin x.so", for messages
    void *state;                      //  What start stored
    bool started;                     //  start was called, or there is none
} functions_entry_t;

functions_t *functions_new (void);

//  Calls the end of those that were started.
void functions_destroy (functions_t **self_p);

//  Adds a list that ends with an entry without a name. CADRE_ERROR_PLUGIN when one has no run,
//  takes letters that nobody knows, or has a name that is there already: then some of the list may
//  be in the table. state is what functions without a start have. The source is copied.
cadre_error_t functions_add (functions_t *self, const cadre_function_t *list, const char *source,
                             void *state, fault_t *fault);

size_t functions_count (const functions_t *self);

//  NULL when there is none of that name. Valid until the next functions_add.
functions_entry_t *functions_find (functions_t *self, view_t name);

//  Starts it for this slot if that has not been done. CADRE_ERROR_TASK and a line when it fails.
cadre_error_t functions_start (functions_entry_t *entry, fault_t *fault);

//  "no function squar here: did you mean square?", or the names there are.
void functions_explain (const functions_t *self, view_t name, fault_t *fault);

//  Appends each as a wire record.
void functions_pack (const functions_t *self, buffer_t *values);

#endif
