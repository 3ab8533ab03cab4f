//  serials.c - sets of lease serials, packed as spans

#include "worker/link/serials.h"

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

static int s_serials_compare (const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *) a, right = *(const uint64_t *) b;
    return (left > right) - (left < right);
}

static void s_sort (serials_t *self)
{
    if (self->count)
        qsort (self->list, self->count, sizeof (uint64_t), s_serials_compare);
}

bool serials_cover (serials_t *self, const spans_t *spans, serials_t *missing)
{
    size_t before = missing->count, at = 0;
    s_sort (self);
    for (size_t i = 0; i < spans->count; i++) {
        uint64_t serial = spans->spans [i].first, left = spans->spans [i].count;
        for (; left > 0 && missing->count - before < SERIALS_MISSING_MAX; serial++, left--) {
            while (at < self->count && self->list [at] < serial)
                at++;
            if (at == self->count || self->list [at] != serial)
                serials_add (missing, serial);
        }
    }
    bool all = missing->count == before;
    s_sort (missing);
    return all;
}

//  The end of the span that begins at this index, if gaps smaller than `gap` are filled. *at is the
//  first missing serial that is not below it.
static size_t s_last (const serials_t *self, const serials_t *missing, uint64_t gap, size_t first,
                      size_t *at)
{
    size_t last = first;
    for (; last + 1 < self->count && self->list [last + 1] - self->list [last] <= gap; last++) {
        while (*at < missing->count && missing->list [*at] <= self->list [last])
            ++*at;
        if (*at < missing->count && missing->list [*at] < self->list [last + 1])
            break;
    }
    return last;
}

//  spans NULL: only counts.
static size_t s_serials_pack (const serials_t *self, const serials_t *missing, uint64_t gap,
                              buffer_t *spans)
{
    const uint64_t *list = self->list;
    size_t packed = 0, at = 0;
    for (size_t i = 0; i < self->count; packed++) {
        size_t last = s_last (self, missing, gap, i, &at);
        if (spans)
            wire_pack_span (spans,
                            &(wire_span_t){.first = list [i], .count = list [last] - list [i] + 1});
        i = last + 1;
    }
    return packed;
}

size_t serials_pack (serials_t *self, const serials_t *missing, size_t most, buffer_t *spans)
{
    uint64_t gap = 1;
    s_sort (self);
    while (gap <= UINT64_MAX / 2 && s_serials_pack (self, missing, gap, NULL) > most)
        gap *= 2;
    return s_serials_pack (self, missing, gap, spans);
}
