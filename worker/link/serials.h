/*  serials.h - sets of lease serials that are gathered, to travel as spans
 *
 *  A span is a run of consecutive serials. Plain functions, any thread.
 */

#ifndef WORKER_LINK_SERIALS_H_INCLUDED
#define WORKER_LINK_SERIALS_H_INCLUDED

#include "common/spans.h"

#define SERIALS_MISSING_MAX 1024u

//  A set that is being gathered; zero at the beginning.
typedef struct serials {
    uint64_t *list;  //  In the order in which they came
    size_t count;    //  How many
    size_t capacity; //  Of list
} serials_t;

void serials_add (serials_t *self, uint64_t serial);
void serials_free (serials_t *self);

//  Adds to missing, which rises, what of the spans is not in the set (sorted here):
//  SERIALS_MISSING_MAX at most. True when that is nothing.
bool serials_cover (serials_t *self, const spans_t *spans, serials_t *missing);

//  Packs the set (sorted here, doubles allowed) as spans, most of them at most; returns how many.
//  Where it has more, the shortest gaps are filled: then the spans name others, too, but none that
//  is missing.
size_t serials_pack (serials_t *self, const serials_t *missing, size_t most, buffer_t *spans);

#endif
