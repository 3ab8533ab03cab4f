/*  serials.h - sets of lease serials, packed as spans
 *
 *  A span is a range of consecutive serials. Plain functions, any thread.
 */

#ifndef WORKER_LINK_SERIALS_H_INCLUDED
#define WORKER_LINK_SERIALS_H_INCLUDED

#include "common/spans.h"

#define SERIALS_MISSING_MAX 1024u

//  A set; initialize with zero.
typedef struct serials {
    uint64_t *list;  //  In the order of arrival
    size_t count;    //  How many
    size_t capacity; //  Of list
} serials_t;

void serials_add (serials_t *self, uint64_t serial);
void serials_free (serials_t *self);

//  Finds the serials of the spans that are not in the set (which is sorted here), and adds at most
//  SERIALS_MISSING_MAX of them to missing, in ascending order. True when there are none.
bool serials_cover (serials_t *self, const spans_t *spans, serials_t *missing);

//  Packs the set (sorted here, duplicates allowed) as at most `most` spans; returns how many. If it
//  needs more, the shortest gaps are filled: then the spans contain other serials, too, but none
//  that is missing.
size_t serials_pack (serials_t *self, const serials_t *missing, size_t most, buffer_t *spans);

#endif
