//  item_values.c - results of a map's items, in memory shared by slot and worker

#include "worker/shared/item_values.h"

#include "common/rules.h"

#include <string.h>

//  The ticket is written last, because it validates the rest.
void item_values_begin (item_values_t *self, uint32_t ticket)
{
    atomic_store_explicit (&self->done, 0, memory_order_relaxed);
    atomic_store_explicit (&self->begun_us, 0, memory_order_relaxed);
    atomic_store_explicit (&self->ticket, ticket, memory_order_release);
}

void item_values_item (item_values_t *self, int64_t now_us)
{
    atomic_store_explicit (&self->begun_us, now_us, memory_order_relaxed);
}

bool item_values_add (item_values_t *self, view_t value)
{
    uint64_t done = atomic_load_explicit (&self->done, memory_order_relaxed);
    size_t used = (uint32_t) done;
    if (used > ITEM_VALUES_BYTES || value.size > ITEM_VALUES_BYTES - used)
        return false;
    memcpy (self->bytes + used, value.data, value.size);
    atomic_store_explicit (&self->done, done + (UINT64_C (1) << 32) + value.size,
                           memory_order_release);
    return true;
}

static uint64_t s_done (const item_values_t *self, uint32_t ticket)
{
    if (atomic_load_explicit (&self->ticket, memory_order_acquire) != ticket)
        return 0;
    return atomic_load_explicit (&self->done, memory_order_acquire);
}

uint32_t item_values_done (const item_values_t *self, uint32_t ticket)
{
    return (uint32_t) (s_done (self, ticket) >> 32);
}

int64_t item_values_begun_us (const item_values_t *self)
{
    return atomic_load_explicit (&self->begun_us, memory_order_relaxed);
}

bool item_values_read (const item_values_t *self, uint32_t ticket, size_t most, buffer_t *values,
                       size_t *count)
{
    uint64_t done = s_done (self, ticket);
    size_t bytes = (uint32_t) done, start = values->size;
    *count = done >> 32;
    if (bytes > ITEM_VALUES_BYTES || *count > most)
        return false;
    if (bytes == 0)
        return *count == 0;
    buffer_append (values, self->bytes, bytes);
    cursor_t cursor = cursor_of_view ((view_t){.data = values->data + start, .size = bytes});
    size_t whole = 0;
    view_t value;
    while (whole < *count && rules_take (&cursor, &rules_item, &value, NULL))
        whole++;
    if (whole == *count && cursor_done (&cursor))
        return true;
    values->size = start;
    return false;
}
