//  slots_fuzz.c - the worker's side of the slot protocol: whatever a slot says, scribbles or does,
//  the worker answers each lease once
//
//  The input is a row of deeds of a slot: kind, length (2 bytes), bytes. When it is over the slot
//  dies, what is left is cancelled, and every lease must have been answered, none of them twice.

#include "common/log.h"
#include "tests/lib/fakes/fake_slot.h"

#include <assert.h>
#include <endian.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

#define DEEDS_MAX 60
#define LEASES 24
#define JOB 7
#define END_S 90 // longer than any patience of the worker

static slots_rig_t s_bench;

//  The worker has not let go of it: what they share is there.
static bool s_is_there (const fake_slot_t *slot)
{
    struct pollfd polled = {.fd = slot->fd, .events = POLLRDHUP};
    return slot->fd >= 0 && poll (&polled, 1, 0) >= 0 && !(polled.revents & (POLLRDHUP | POLLHUP));
}

//  A whole message into the ring, and the bell
static void s_say (fake_slot_t *slot, uint8_t verb, const buffer_t *body)
{
    uint32_t length = htobe32 ((uint32_t) body->size + 1);
    buffer_t frame = {0};
    buffer_append (&frame, &length, 4);
    buffer_append (&frame, &verb, 1);
    buffer_append (&frame, body->data, body->size);
    ring_put (&slot->ring, frame.data, frame.size);
    send (slot->fd, &(uint8_t){RING_BELL}, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    buffer_free (&frame);
}

static void s_say_result (fake_slot_t *slot, const uint8_t *bytes, size_t size)
{
    buffer_t body = {0};
    wire_slot_result_t result = {.ticket = size > 0 ? bytes [0] : 0,
                                 .outcome = size > 1 ? bytes [1] % 16 : 1,
                                 .code = size > 2 ? (int8_t) bytes [2] : 0,
                                 .run_us = size > 3 ? (uint64_t) bytes [3] << (bytes [3] % 60) : 0};
    if (size > 4)
        result.value = (view_t){bytes + 4, size - 4};
    wire_pack_slot_result (&body, &result);
    s_say (slot, WIRE_slot_result, &body);
    buffer_free (&body);
}

static void s_say_output (fake_slot_t *slot, const uint8_t *bytes, size_t size)
{
    buffer_t body = {0};
    wire_slot_output_t output = {.ticket = size > 0 ? bytes [0] : 0,
                                 .stream = size > 1 ? bytes [1] % 8 : 0};
    if (size > 2)
        output.bytes = (view_t){bytes + 2, size - 2};
    wire_pack_slot_output (&body, &output);
    s_say (slot, WIRE_slot_output, &body);
    buffer_free (&body);
}

static void s_say_ready (fake_slot_t *slot, const uint8_t *bytes, size_t size)
{
    buffer_t body = {0};
    wire_slot_ready_t ready = {.code = size > 0 && bytes [0] > 250 ? bytes [0] : 0};
    if (size > 1)
        ready.functions = (wire_list_t){.count = bytes [0] % 16, .values = {bytes + 1, size - 1}};
    wire_pack_slot_ready (&body, &ready);
    s_say (slot, WIRE_slot_ready, &body);
    buffer_free (&body);
}

//  Anywhere in the page or the ring's words
static void s_scribble (fake_slot_t *slot, const uint8_t *bytes, size_t size)
{
    size_t words = offsetof (slot_memory_t, ring.bytes);
    for (size_t i = 0; i + 2 < size; i += 3) {
        size_t at = ((size_t) bytes [i] << 8 | bytes [i + 1]) % (sizeof (ticket_page_t) + 192);
        if (at >= sizeof (ticket_page_t))
            at = words - 192 + (at - sizeof (ticket_page_t));
        ((volatile uint8_t *) slot->memory) [at] = bytes [i + 2];
    }
}

//  It begins them, or dies before it could note that
static void s_claim (fake_slot_t *slot, const uint8_t *bytes, size_t size, bool notes)
{
    for (size_t i = 0; i < size && i < 8; i++)
        if (ticket_claim (slot->page, bytes [i], s_bench.time.now_us) == TICKET_RUN && notes)
            atomic_store (&slot->memory->begun, bytes [i]);
}

static void s_cancel (const uint8_t *bytes, size_t size)
{
    buffer_t spans = {0};
    if (size < 2)
        return;
    wire_list_t list = slots_rig_span (&spans, bytes [0], bytes [1]);
    slots_cancel (s_bench.slots, &list);
    buffer_free (&spans);
}

//  What a slot does, or what happens to it
static void s_do (uint8_t kind, const uint8_t *bytes, size_t size)
{
    fake_slot_t *slot = &s_bench.slot [kind >> 4 & 1];
    if (!s_is_there (slot) && kind % 12 < 9)
        slot = &s_bench.slot [0];
    if (!s_is_there (slot) && kind % 12 < 9)
        return;
    switch (kind % 12) {
    case 0: ring_put (&slot->ring, bytes, size); break;
    case 1: send (slot->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT); break;
    case 2: s_say_result (slot, bytes, size); break;
    case 3: s_say_output (slot, bytes, size); break;
    case 4: s_say_ready (slot, bytes, size); break;
    case 5: s_scribble (slot, bytes, size); break;
    case 6:
    case 7: s_claim (slot, bytes, size, kind % 12 == 6); break;
    case 8: slot->backend.stopped = size & 1; break;
    case 9:
        slot->backend.status = size > 0 ? bytes [0] : 0;
        slot->backend.ended = true;
        break;
    case 10: slots_rig_pass_ms (&s_bench, size > 1 ? bytes [0] * bytes [1] : 1); break;
    default: s_cancel (bytes, size);
    }
    for (size_t i = 0; i < 2; i++)
        if (s_bench.slot [i].backend.last_signal == SIGKILL)
            s_bench.slot [i].backend.ended = true;
    slots_rig_turn (&s_bench);
}

//  Slots that are killed die, and nothing new is begun
static void s_end (void)
{
    buffer_t spans = {0};
    wire_list_t all = slots_rig_span (&spans, 1, LEASES);
    slots_cancel (s_bench.slots, &all);
    for (unsigned second = 0; second < END_S && slots_held (s_bench.slots); second++) {
        for (size_t i = 0; i < 2; i++)
            s_bench.slot [i].backend.ended = s_bench.slot [i].backend.ended || second > 5
                                             || s_bench.slot [i].backend.last_signal == SIGKILL;
        slots_rig_pass_ms (&s_bench, 1000);
    }
    buffer_free (&spans);
    assert (slots_held (s_bench.slots) == 0);
}

static void s_check (void)
{
    unsigned answers [LEASES + 1] = {0};
    for (size_t i = 0; i < s_bench.heard_count; i++) {
        assert (s_bench.heard [i].serial >= 1 && s_bench.heard [i].serial <= LEASES);
        answers [s_bench.heard [i].serial]++;
    }
    for (size_t i = 1; i <= LEASES; i++)
        assert (answers [i] == 1);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    size_t at = 1;
    log_set_level (LOG_NONE);
    if (size == 0)
        return 0;
    slots_rig_open (&s_bench, 2, NULL);
    slots_rig_job (&s_bench, JOB, 1 + bytes [0] % 3, bytes [0] & 4 ? 1000 : 0, 500);
    slots_rig_push (&s_bench, JOB, 1, LEASES);
    slots_rig_turn (&s_bench);
    for (int deeds = 0; deeds < DEEDS_MAX && size - at >= 3; deeds++) {
        size_t length = (size_t) bytes [at + 1] << 8 | bytes [at + 2], left = size - at - 3;
        length = length < left ? length : left;
        s_do (bytes [at], bytes + at + 3, length);
        at += 3 + length;
    }
    s_end ();
    s_check ();
    slots_rig_close (&s_bench);
    return 0;
}
