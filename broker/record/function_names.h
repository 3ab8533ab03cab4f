/*  function_names.h - names of functions that workers offer or have offered
 *
 *  A job that calls a function which no worker offers waits for a worker when the name is known;
 *  otherwise the name is probably misspelled. The memory is limited: the names that were offered
 *  longest ago are removed first.
 */

#ifndef BROKER_RECORD_FUNCTION_NAMES_H_INCLUDED
#define BROKER_RECORD_FUNCTION_NAMES_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct function_names function_names_t;

function_names_t *function_names_new (uint64_t most_bytes);
void function_names_destroy (function_names_t **self_p);
void function_names_limit (function_names_t *self, uint64_t most_bytes);

//  A worker offers the function.
void function_names_add (function_names_t *self, const char *name);
bool function_names_has (const function_names_t *self, const char *name);

//  The name that was offered longest ago; and the next one, or NULL.
typedef struct function_names_name function_names_name_t;
const function_names_name_t *function_names_first (const function_names_t *self);
const function_names_name_t *function_names_next (const function_names_name_t *name);
const char *function_names_text (const function_names_name_t *name);

//  Bytes held.
uint64_t function_names_bytes (const function_names_t *self);

#endif
