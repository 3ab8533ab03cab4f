//  glean.c - keeps the finished items of a map task when its slot dies

#include "worker/slots/partial_map.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/pack.h"
#include "common/value.h"
#include "worker/shared/map_items.h"

static bool s_lot_of (const lease_t *lease, lot_t *lot)
{
    return lease->job->kind == WIRE_KIND_MAP && lot_of (lot, lease_payload (lease)) && lot->told
           && lot->count > 0;
}

void glean (const slot_handle_t *seat, lease_t *lease)
{
    lot_t lot;
    size_t done;
    buffer_clear (&lease->values);
    if (!s_lot_of (lease, &lot)
        || !harvest_read (&seat->share->harvest, lease->ticket, lot.count, &lease->values, &done))
        return;
    lease->gleaned = true;
    lease->items = (uint32_t) done;
}

const char *glean_name (const lease_t *lease, char name [GLEAN_NAME_BYTES])
{
    lot_t lot;
    if (lease->gleaned && s_lot_of (lease, &lot))
        snprintf (name, GLEAN_NAME_BYTES, "item %" PRIu64 " of map %" PRIu64,
                  (uint64_t) lot.first + lease->items, lease->job->number);
    else
        snprintf (name, GLEAN_NAME_BYTES, "%" PRIu64 ".%" PRIu32, lease->job->number, lease->index);
    return name;
}

void glean_explain (const lease_t *lease, slots_result_t *result, const char *kind,
                    const char *message, buffer_t *value)
{
    lot_t lot;
    if (!lease->gleaned || !s_lot_of (lease, &lot))
        return;
    bool all = lease->items == lot.count;
    pack_array (value, lease->items + (all ? 0 : 1));
    pack_raw (value, lease->values.data, lease->values.size);
    if (all) //  The slot ended after the last item and before its report
        result->outcome = CADRE_OUTCOME_ERROR;
    else
        value_codec_pack_failure (value, kind, message, "");
    result->value = wire_view_of (value);
}

bool glean_goes_on (const slot_handle_t *seat, int64_t now_us, uint64_t *left_ms)
{
    lot_t lot;
    lease_t *lease = seat->tasks;
    const harvest_t *harvest = &seat->share->harvest;
    if (!s_lot_of (lease, &lot))
        return false;
    uint32_t done = harvest_done (harvest, lease->ticket);
    int64_t run_us = now_us - harvest_begun_us (harvest);
    int64_t limit_us = (int64_t) lease->job->timeout_ms * 1000;
    if (done <= lease->items || done >= lot.count || run_us < 0 || run_us >= limit_us)
        return false;
    lease->items = done;
    *left_ms = (uint64_t) (limit_us - run_us + 999) / 1000;
    return true;
}
