/*  spans.h - ranges of lease serials, used by CANCEL, RECALL, held and adopted
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

//  Adds a serial; a neighbour of the last one extends its span.
void spans_add (spans_t *self, uint64_t serial);
void spans_free (spans_t *self);

//  Appends the spans, packed.
void spans_pack (const spans_t *self, buffer_t *list);

//  Adds a serial as a separate span.
void spans_begin (spans_t *self, uint64_t serial);

//  Reads a list of spans, sorts it, and joins overlapping ones. False when a span is empty or
//  overflows, or when more than SPANS_SORT_MAX spans are not in ascending order, because sorting
//  them would take long.
#define SPANS_SORT_MAX 16384u
bool spans_read (spans_t *self, const wire_list_t *list);

//  The same for a trusted peer: sorts any number, and stops at the first invalid span.
void spans_read_any (spans_t *self, const wire_list_t *list);

//  Would spans_read accept it? Allocates nothing.
bool spans_can_be_read (const wire_list_t *list);

//  Is the serial in one of them? Only after spans_read, or when serials were added in ascending
//  order.
bool spans_hold (const spans_t *self, uint64_t serial);

#endif
