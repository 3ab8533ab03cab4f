/*  spans.h - runs of lease serials, as CANCEL, RECALL, held and adopted name them
 *
 *  A plain value; any thread.
 */

#ifndef COMMON_SPANS_H_INCLUDED
#define COMMON_SPANS_H_INCLUDED

#include "common/wire.h"

typedef struct spans {
    wire_span_t *spans; //  In the order of addition, or sorted by spans_read
    size_t count;       //  How many
    size_t capacity;    //  Allocated
} spans_t;

//  Adds a serial; neighbours of the last one join its span.
void spans_add (spans_t *self, uint64_t serial);
void spans_free (spans_t *self);

//  Appends the spans, packed.
void spans_pack (const spans_t *self, buffer_t *list);

//  Adds a serial as a span of its own.
void spans_begin (spans_t *self, uint64_t serial);

//  Reads a list of spans, sorts it, and joins those that overlap. False when one is empty or
//  overflows, or there are more than SPANS_SORT_MAX that do not rise: to sort them would take long.
#define SPANS_SORT_MAX 16384u
bool spans_read (spans_t *self, const wire_list_t *list);

//  The same of a peer that is trusted: sorts any number, and ends at the first that is empty or
//  overflows.
void spans_read_any (spans_t *self, const wire_list_t *list);

//  Would spans_read take it? Makes nothing.
bool spans_can_be_read (const wire_list_t *list);

//  Is it in one of them? Only after spans_read, or when serials were added in rising order.
bool spans_hold (const spans_t *self, uint64_t serial);

#endif
