/*  suggestion.h - finds names that are similar to a misspelled one
 *
 *  By Damerau-Levenshtein distance (at most 3, and less than the name's length), or a common prefix
 *  of at least three letters.
 */

#ifndef COMMON_SUGGESTION_H_INCLUDED
#define COMMON_SUGGESTION_H_INCLUDED

#include <stddef.h>

typedef struct suggestion suggestion_t;

//  Collects at most max names that are similar to wanted, which is borrowed.
suggestion_t *suggestion_new (const char *wanted, size_t max);
void suggestion_destroy (suggestion_t **self_p);

//  Adds a candidate, which is borrowed.
void suggestion_offer (suggestion_t *self, const char *name);

//  "square, squares", nearest first, or "".
void suggestion_print (const suggestion_t *self, char *buffer, size_t size);

//  Number of insertions, deletions, replacements and swaps of neighbours that turn one into the
//  other; only the first 64 bytes are compared.
unsigned suggestion_distance (const char *a, const char *b);

#endif
