/*  serials.h - sets of lease serials, as they travel
 *
 *  A span is a run of consecutive serials. Plain functions, any thread.
 */

#ifndef WORKER_SERIALS_H_INCLUDED
#define WORKER_SERIALS_H_INCLUDED

#include "common/wire.h"

//  A set that is being gathered; zero at the beginning.
typedef struct serials {
    uint64_t *list;  //  In the order in which they came
    size_t count;    //  How many
    size_t capacity; //  Of list
} serials_t;

void serials_add (serials_t *self, uint64_t serial);
void serials_free (serials_t *self);

//  Is the serial in one of the spans of the list?
bool serials_have (const wire_list_t *spans, uint64_t serial);

//  Packs the set (sorted here, doubles allowed) as spans; returns how many spans.
size_t serials_pack (serials_t *self, buffer_t *spans);

#endif
