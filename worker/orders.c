//  orders.c - cancels and recalls that follow a lane frame which has not come yet

#include "worker/orders.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

struct orders_entry {
    orders_entry_t *next; //  In the order of arrival
    uint8_t verb;         //  WIRE_cancel or WIRE_recall
    uint64_t after;       //  Lane sequence number
    buffer_t spans;       //  Records of span
    size_t count;         //  How many
};

static void s_free_entry (orders_entry_t *entry)
{
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

void orders_take (orders_t *self, uint8_t verb, uint64_t after, uint64_t received, const wire_list_t *spans)
{
    if (after <= received) {
        s_carry_out (self, verb, spans);
        return;
    }
    orders_entry_t *entry = calloc (1, sizeof (orders_entry_t));
    assert (entry);
    entry->verb = verb;
    entry->after = after;
    entry->count = spans->count;
    buffer_append (&entry->spans, spans->values.data, spans->values.size);
    LL_APPEND (self->entries, entry);
}

void orders_run (orders_t *self, uint64_t received)
{
    orders_entry_t *entry, *next;
    LL_FOREACH_SAFE (self->entries, entry, next) {
        if (entry->after > received)
            continue;
        LL_DELETE (self->entries, entry);
        wire_list_t spans = wire_list_of (&entry->spans, entry->count);
        s_carry_out (self, entry->verb, &spans);
        s_free_entry (entry);
    }
}

void orders_drop (orders_t *self)
{
    orders_entry_t *entry, *next;
    LL_FOREACH_SAFE (self->entries, entry, next)
        s_free_entry (entry);
    self->entries = NULL;
}
