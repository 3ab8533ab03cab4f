//  spans.c - ranges of lease serials, used by CANCEL, RECALL, held and adopted

#include "common/spans.h"

#include <assert.h>
#include <stdlib.h>

static wire_span_t *s_spans_append (spans_t *self)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 8;
        self->spans = realloc (self->spans, self->capacity * sizeof (wire_span_t));
        assert (self->spans);
    }
    return &self->spans [self->count++];
}

void spans_add (spans_t *self, uint64_t serial)
{
    wire_span_t *last = self->count ? &self->spans [self->count - 1] : NULL;
    if (last && serial == last->first + last->count)
        last->count++;
    else if (last && serial + 1 == last->first) {
        last->first--;
        last->count++;
    } else
        *s_spans_append (self) = (wire_span_t){.first = serial, .count = 1};
}

void spans_begin (spans_t *self, uint64_t serial)
{
    *s_spans_append (self) = (wire_span_t){.first = serial, .count = 1};
}

void spans_free (spans_t *self)
{
    free (self->spans);
    *self = (spans_t){0};
}

void spans_pack (const spans_t *self, buffer_t *list)
{
    for (size_t i = 0; i < self->count; i++)
        wire_pack_span (list, &self->spans [i]);
}

static int s_spans_compare (const void *a, const void *b)
{
    const wire_span_t *one = a, *other = b;
    return one->first < other->first ? -1 : one->first > other->first;
}

static bool s_spans_read (cursor_t *cursor, wire_span_t *span)
{
    return wire_read_span (cursor, span) && span->count > 0
           && span->count - 1 <= UINT64_MAX - span->first;
}

bool spans_can_be_read (const wire_list_t *list)
{
    cursor_t cursor = cursor_of_view (list->values);
    wire_span_t span, last = {0};
    bool rises = true;
    for (size_t i = 0; i < list->count; i++, last = span) {
        if (!s_spans_read (&cursor, &span))
            return false;
        rises = rises && last.first <= span.first;
    }
    return rises || list->count <= SPANS_SORT_MAX;
}

//  Reads the whole list. *rises: it need not be sorted.
static bool s_spans_fill (spans_t *self, const wire_list_t *list, bool *rises)
{
    cursor_t cursor = cursor_of_view (list->values);
    *rises = true;
    if (list->count > self->capacity) {
        self->spans = realloc (self->spans, list->count * sizeof (wire_span_t));
        assert (self->spans);
        self->capacity = list->count;
    }
    for (size_t i = 0; i < list->count; i++) {
        wire_span_t span;
        if (!s_spans_read (&cursor, &span))
            return false;
        *rises = *rises && (self->count == 0 || self->spans [self->count - 1].first <= span.first);
        *s_spans_append (self) = span;
    }
    return true;
}

//  Sorts and joins spans, because spans_hold searches, and would find only one of overlapping
//  spans.
static void s_spans_order (spans_t *self, bool rises)
{
    size_t used = 0;
    if (!rises)
        qsort (self->spans, self->count, sizeof (wire_span_t), s_spans_compare);
    for (size_t i = 0; i < self->count; i++) {
        wire_span_t span = self->spans [i], *last = used ? &self->spans [used - 1] : NULL;
        if (!last || span.first - last->first >= last->count)
            self->spans [used++] = span;
        else if (span.count > last->count - (span.first - last->first))
            last->count = span.first - last->first + span.count > last->count
                              ? span.first - last->first + span.count
                              : UINT64_MAX; //  The sum overflows
    }
    self->count = used;
}

bool spans_read (spans_t *self, const wire_list_t *list)
{
    bool rises;
    if (!s_spans_fill (self, list, &rises) || (!rises && self->count > SPANS_SORT_MAX))
        return false;
    s_spans_order (self, rises);
    return true;
}

void spans_read_any (spans_t *self, const wire_list_t *list)
{
    bool rises;
    s_spans_fill (self, list, &rises);
    s_spans_order (self, rises);
}

bool spans_hold (const spans_t *self, uint64_t serial)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->spans [middle].first <= serial)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && serial - self->spans [low - 1].first < self->spans [low - 1].count;
}
