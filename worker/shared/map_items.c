//  map_items.c - decodes the payload of a map task

#include "worker/shared/map_items.h"

static uint32_t s_clip (uint64_t number)
{
    return number < UINT32_MAX ? (uint32_t) number : UINT32_MAX;
}

bool map_items_of (map_items_t *self, view_t payload)
{
    uint64_t first = 0, tries = 0;
    *self = (map_items_t){.items = cursor_of_view (payload)};
    if (!cursor_array (&self->items, &self->count))
        return false;
    cursor_t cursor = self->items;
    if (self->count < 2 || !cursor_uint (&cursor, &first) || !cursor_uint (&cursor, &tries))
        return true;
    self->told = true;
    self->first = s_clip (first);
    self->tries = s_clip (tries);
    self->count -= 2;
    self->items = cursor;
    return true;
}
