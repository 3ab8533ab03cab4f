//  partial_map_answer.c - keeps the finished items of a map task when its slot dies

#include "worker/slots/partial_map.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/pack.h"
#include "common/value.h"
#include "worker/shared/map_items.h"

static bool s_lot_of (const lease_t *lease, map_items_t *items)
{
    return lease->job->kind == WIRE_KIND_MAP && map_items_of (items, lease_payload (lease))
           && items->told && items->count > 0;
}

void partial_map_answer (const slot_handle_t *handle, lease_t *lease)
{
    map_items_t items;
    size_t done;
    buffer_clear (&lease->values);
    if (!s_lot_of (lease, &items)
        || !item_values_read (&handle->memory->item_values, lease->ticket, items.count,
                              &lease->values, &done))
        return;
    lease->gleaned = true;
    lease->items = (uint32_t) done;
}

const char *partial_map_name (const lease_t *lease, char name [PARTIAL_MAP_NAME_BYTES])
{
    map_items_t items;
    if (lease->gleaned && s_lot_of (lease, &items))
        snprintf (name, PARTIAL_MAP_NAME_BYTES, "item %" PRIu64 " of map %" PRIu64,
                  (uint64_t) items.first + lease->items, lease->job->number);
    else
        snprintf (name, PARTIAL_MAP_NAME_BYTES, "%" PRIu64 ".%" PRIu32, lease->job->number,
                  lease->index);
    return name;
}

void partial_map_explain (const lease_t *lease, slots_result_t *result, const char *kind,
                          const char *message, buffer_t *value)
{
    map_items_t items;
    if (!lease->gleaned || !s_lot_of (lease, &items))
        return;
    bool all = lease->items == items.count;
    pack_array (value, lease->items + (all ? 0 : 1));
    pack_raw (value, lease->values.data, lease->values.size);
    if (all) //  The slot ended after the last item and before its report
        result->outcome = CADRE_OUTCOME_ERROR;
    else
        value_codec_pack_failure (value, kind, message, "");
    result->value = wire_view_of (value);
}

bool partial_map_goes_on (const slot_handle_t *handle, int64_t now_us, uint64_t *left_ms)
{
    map_items_t items;
    lease_t *lease = handle->tasks;
    const item_values_t *item_values = &handle->memory->item_values;
    if (!s_lot_of (lease, &items))
        return false;
    uint32_t done = item_values_done (item_values, lease->ticket);
    int64_t run_us = now_us - item_values_begun_us (item_values);
    int64_t limit_us = (int64_t) lease->job->timeout_ms * 1000;
    if (done <= lease->items || done >= items.count || run_us < 0 || run_us >= limit_us)
        return false;
    lease->items = done;
    *left_ms = (uint64_t) (limit_us - run_us + 999) / 1000;
    return true;
}
