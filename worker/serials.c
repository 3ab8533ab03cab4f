//  serials.c - looks into lists of spans, and makes them

#include "worker/serials.h"

#include <assert.h>
#include <stdlib.h>

void serials_add (serials_t *self, uint64_t serial)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->list = realloc (self->list, self->capacity * sizeof (uint64_t));
        assert (self->list);
    }
    self->list [self->count++] = serial;
}

void serials_free (serials_t *self)
{
    free (self->list);
    *self = (serials_t){0};
}

bool serials_have (const wire_list_t *spans, uint64_t serial)
{
    cursor_t cursor = cursor_of_view (spans->values);
    for (size_t i = 0; i < spans->count; i++) {
        wire_span_t span;
        if (!wire_read_span (&cursor, &span))
            return false;
        if (serial >= span.first && serial - span.first < span.count)
            return true;
    }
    return false;
}

static int s_compare (const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *) a, right = *(const uint64_t *) b;
    return (left > right) - (left < right);
}

size_t serials_pack (serials_t *self, buffer_t *spans)
{
    const uint64_t *list = self->list;
    size_t packed = 0;
    if (self->count)
        qsort (self->list, self->count, sizeof (uint64_t), s_compare);
    for (size_t i = 0; i < self->count; packed++) {
        size_t last = i;
        while (last + 1 < self->count && list [last + 1] - list [last] <= 1)
            last++;
        wire_pack_span (spans, &(wire_span_t){.first = list [i], .count = list [last] - list [i] + 1});
        i = last + 1;
    }
    return packed;
}
