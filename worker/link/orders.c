//  orders.c - cancels and recalls that wait for a lane frame

#include "worker/link/orders.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

struct orders_entry {
    orders_entry_t *prev; //  utlist
    orders_entry_t *next; //  In the order of arrival
    uint8_t verb;         //  WIRE_cancel or WIRE_recall
    uint64_t after;       //  Lane sequence number
    buffer_t spans;       //  Records of span
    size_t count;         //  How many
};

static size_t s_orders_bytes (size_t spans_bytes)
{
    return sizeof (orders_entry_t) + spans_bytes;
}

static void s_free_entry (orders_t *self, orders_entry_t *entry)
{
    DL_DELETE (self->entries, entry);
    self->bytes -= s_orders_bytes (entry->spans.size);
    buffer_free (&entry->spans);
    free (entry);
}

static void s_carry_out (orders_t *self, uint8_t verb, const wire_list_t *spans)
{
    if (verb == WIRE_cancel)
        self->cancel (self->context, spans);
    else
        self->recall (self->context, spans);
}

bool orders_take (orders_t *self, uint8_t verb, uint64_t after, uint64_t received,
                  const wire_list_t *spans)
{
    if (after <= received) {
        s_carry_out (self, verb, spans);
        return true;
    }
    if (s_orders_bytes (spans->values.size) > ORDERS_BYTES_MAX - self->bytes)
        return false;
    orders_entry_t *entry = calloc (1, sizeof (orders_entry_t));
    assert (entry);
    self->bytes += s_orders_bytes (spans->values.size);
    entry->verb = verb;
    entry->after = after;
    entry->count = spans->count;
    buffer_append (&entry->spans, spans->values.data, spans->values.size);
    DL_APPEND (self->entries, entry);
    return true;
}

void orders_run (orders_t *self, uint64_t received)
{
    orders_entry_t *entry, *next;
    DL_FOREACH_SAFE (self->entries, entry, next) {
        if (entry->after > received)
            continue;
        wire_list_t spans = wire_list_of (&entry->spans, entry->count);
        s_carry_out (self, entry->verb, &spans);
        s_free_entry (self, entry);
    }
}

void orders_drop (orders_t *self)
{
    while (self->entries)
        s_free_entry (self, self->entries);
}
