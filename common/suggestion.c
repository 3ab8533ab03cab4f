//  suggestion.c - finds names that are similar to a misspelled one

#include "common/suggestion.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS_MAX 64u
#define NAMES_MAX 8u

typedef struct candidate {
    const char *name;  //  Borrowed
    unsigned distance; //  Smaller is more similar
} candidate_t;

struct suggestion {
    const char *wanted;           //  Borrowed
    size_t max;                   //  Maximum number of names
    size_t count;                 //  Names found
    candidate_t best [NAMES_MAX]; //  Most similar first
};

suggestion_t *suggestion_new (const char *wanted, size_t max)
{
    suggestion_t *self = calloc (1, sizeof *self);
    assert (self);
    self->wanted = wanted;
    self->max = max < NAMES_MAX ? max : NAMES_MAX;
    return self;
}

void suggestion_destroy (suggestion_t **self_p)
{
    assert (self_p);
    free (*self_p);
    *self_p = NULL;
}

static unsigned s_min (unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned suggestion_distance (const char *a, const char *b)
{
    unsigned rows [3][LETTERS_MAX + 1];
    unsigned m = s_min ((unsigned) strlen (a), LETTERS_MAX),
             n = s_min ((unsigned) strlen (b), LETTERS_MAX);
    for (unsigned j = 0; j <= n; j++)
        rows [0][j] = j;
    for (unsigned i = 1; i <= m; i++) {
        unsigned *row = rows [i % 3], *above = rows [(i + 2) % 3], *two_above = rows [(i + 1) % 3];
        row [0] = i;
        for (unsigned j = 1; j <= n; j++) {
            row [j] = s_min (above [j - 1] + (a [i - 1] != b [j - 1]),
                             1 + s_min (above [j], row [j - 1]));
            if (i > 1 && j > 1 && a [i - 1] == b [j - 2] && a [i - 2] == b [j - 1])
                row [j] = s_min (row [j], two_above [j - 2] + 1);
        }
    }
    return rows [m % 3][n];
}

static unsigned s_suggestion_judge (const char *wanted, const char *name)
{
    size_t length = strlen (wanted);
    unsigned distance = suggestion_distance (wanted, name);
    if (distance <= 3 && distance < length)
        return distance;
    size_t common = 0;
    while (wanted [common] && wanted [common] == name [common])
        common++;
    return common >= 3 ? 4 : 100;
}

void suggestion_offer (suggestion_t *self, const char *name)
{
    candidate_t candidate = {.name = name, .distance = s_suggestion_judge (self->wanted, name)};
    if (candidate.distance == 100)
        return;
    size_t at = self->count;
    while (at > 0 && self->best [at - 1].distance > candidate.distance)
        at--;
    if (at >= self->max)
        return;
    if (self->count < self->max)
        self->count++;
    memmove (&self->best [at + 1], &self->best [at], (self->count - at - 1) * sizeof (candidate_t));
    self->best [at] = candidate;
}

void suggestion_print (const suggestion_t *self, char *buffer, size_t size)
{
    size_t used = 0;
    buffer [0] = 0;
    for (size_t i = 0; i < self->count; i++) {
        int added =
            snprintf (buffer + used, size - used, "%s%s", i ? ", " : "", self->best [i].name);
        if (added < 0 || (size_t) added >= size - used)
            return;
        used += (size_t) added;
    }
}
