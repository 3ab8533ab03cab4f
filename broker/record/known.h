/*  known.h - names of functions that workers offered, now or before
 *
 *  A job that calls a function which nobody offers waits for a worker when the name is known; else
 *  it is a slip of the pen. The names take up so many bytes and no more: those that were offered
 *  longest ago go.
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

//  A worker offers it.
void known_add (known_t *self, const char *name);
bool known_has (const known_t *self, const char *name);

//  The name that was offered longest ago; the one behind it, or NULL.
typedef struct known_name known_name_t;
const known_name_t *known_first (const known_t *self);
const known_name_t *known_next (const known_name_t *name);
const char *known_text (const known_name_t *name);

//  Bytes held.
uint64_t known_bytes (const known_t *self);

#endif
