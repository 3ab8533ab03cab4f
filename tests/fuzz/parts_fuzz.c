//  parts_fuzz.c - any sequence of parts, true or not: memory follows what arrived, and what is
//  handed over is one value

#include "common/parts.h"

#include <assert.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

//  Six bytes of orders before each slice: number, size of the slice, total (three bytes, or the
//  largest), take afterwards
static size_t s_step (parts_t *parts, const uint8_t *order, size_t left, size_t *added)
{
    size_t slice = order [1] < left ? order [1] : left;
    uint64_t total = (uint64_t) order [2] << 16 | (uint64_t) order [3] << 8 | order [4];
    if (total == 0xffffff)
        total = UINT64_MAX;
    wire_part_t part = {.payload = order [0] % 8, .total = total, .bytes = {order + 6, slice}};
    if (parts_add (parts, &part) == CADRE_OK)
        *added += slice;
    buffer_t payload = {0};
    if (order [5] % 2 && parts_take (parts, order [0] % 8, &payload)) {
        cursor_t cursor = cursor_of (payload.data, payload.size);
        assert (cursor_skip (&cursor, NULL) && cursor_done (&cursor));
        buffer_free (&payload);
    }
    assert (payload.data == NULL);
    assert (parts_bytes (parts) <= *added);
    return slice;
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    parts_t *parts = parts_new ();
    size_t added = 0;
    for (size_t at = 0; size - at > 6;)
        at += 6 + s_step (parts, bytes + at, size - at - 6, &added);
    parts_destroy (&parts);
    return 0;
}
