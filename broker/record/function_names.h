/*  known.h - names of functions that workers offer or have offered
 *
 *  A job that calls a function which no worker offers waits for a worker when the name is known;
 *  otherwise the name is probably misspelled. The memory is limited: the names that were offered
 *  longest ago are removed first.
 */

#ifndef BROKER_RECORD_KNOWN_H_INCLUDED
#define BROKER_RECORD_KNOWN_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct known known_t;

known_t *known_new (uint64_t most_bytes);
void known_destroy (known_t **self_p);
void known_limit (known_t *self, uint64_t most_bytes);

//  A worker offers the function.
void known_add (known_t *self, const char *name);
bool known_has (const known_t *self, const char *name);

//  The name that was offered longest ago; and the next one, or NULL.
typedef struct known_name known_name_t;
const known_name_t *known_first (const known_t *self);
const known_name_t *known_next (const known_name_t *name);
const char *known_text (const known_name_t *name);

//  Bytes held.
uint64_t known_bytes (const known_t *self);

#endif
