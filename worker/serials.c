//  serials.c - looks into lists of spans, and makes them

#include "worker/serials.h"

#include <stdlib.h>

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

size_t serials_pack (buffer_t *self, uint64_t *serials, size_t count)
{
    size_t spans = 0;
    if (count)
        qsort (serials, count, sizeof (uint64_t), s_compare);
    for (size_t i = 0; i < count;) {
        size_t last = i;
        while (last + 1 < count && serials [last + 1] - serials [last] <= 1)
            last++;
        wire_pack_span (self,
                        &(wire_span_t){.first = serials [i], .count = serials [last] - serials [i] + 1});
        spans++;
        i = last + 1;
    }
    return spans;
}
