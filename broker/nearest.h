/*  nearest.h - names that a person may have meant
 *
 *  By Damerau-Levenshtein distance (at most 3, and less than the name's length), or a common
 *  beginning of at least three letters.
 */

#ifndef BROKER_NEAREST_H_INCLUDED
#define BROKER_NEAREST_H_INCLUDED

#include <stddef.h>

typedef struct nearest nearest_t;

//  Looks for at most max names near to wanted, which is borrowed.
nearest_t *nearest_new (const char *wanted, size_t max);
void nearest_destroy (nearest_t **self_p);

//  Considers a name, which is borrowed.
void nearest_offer (nearest_t *self, const char *name);

//  "square, squares", nearest first, or "".
void nearest_print (const nearest_t *self, char *buffer, size_t size);

//  Insertions, deletions, replacements and swaps of neighbours that turn one into the other; texts beyond 64 bytes are cut.
unsigned nearest_distance (const char *a, const char *b);

#endif
