//  stream_test.c - frames come in order and once, within the window, whatever is lost, rewound or
//  restarted

#include "common/pack.h"
#include "common/parts.h"
#include "common/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SESSION 7u
#define PLENTY UINT64_MAX / 2

static int s_setup (void **state)
{
    *state = stream_new (SESSION);
    stream_grant (*state, PLENTY, PLENTY);
    return 0;
}

static int s_teardown (void **state)
{
    stream_t *stream = *state;
    stream_destroy (&stream);
    stream_destroy (&stream);
    return 0;
}

//  A frame that can be told from others by its number
static buffer_t s_frame (uint64_t number)
{
    buffer_t frame = {0};
    wire_write_job_seal (&frame, (wire_envelope_t){0}, &(wire_job_seal_t){.ref = number});
    return frame;
}

static void s_put (stream_t *stream, uint64_t number, uint64_t tasks, bool metered)
{
    buffer_t frame = s_frame (number);
    stream_put (stream, &frame, tasks, metered);
    assert_null (frame.data);
}

static buffer_t s_payload (size_t size)
{
    buffer_t payload = {0};
    uint8_t *content = calloc (1, size);
    assert_non_null (content);
    pack_blob (&payload, content, size);
    free (content);
    return payload;
}

static uint64_t s_put_payload (stream_t *stream, uint64_t number, size_t size)
{
    buffer_t frame = s_frame (number), payload = s_payload (size);
    uint64_t name = stream_payload_number (stream);
    assert_true (name > 0);
    stream_put_payload (stream, name, &payload, &frame, 1);
    assert_null (payload.data);
    assert_null (frame.data);
    return name;
}

typedef struct seen {
    uint8_t verb;      // WIRE_job_seal or WIRE_part
    uint64_t session;  // of the envelope
    uint64_t sequence; // of the envelope
    uint64_t number;   // of the frame, or of the payload
} seen_t;

static seen_t s_look (const buffer_t *frame)
{
    wire_envelope_t envelope;
    cursor_t body;
    assert_non_null (frame);
    assert_int_equal (wire_open (frame->data, frame->size, &envelope, &body), CADRE_OK);
    seen_t seen = {
        .verb = envelope.verb, .session = envelope.session, .sequence = envelope.sequence};
    wire_part_t part;
    wire_job_seal_t seal;
    if (envelope.verb == WIRE_part) {
        assert_true (wire_read_part (&body, &part));
        seen.number = part.payload;
    } else {
        assert_true (wire_read_job_seal (&body, &seal));
        seen.number = seal.ref;
    }
    assert_true (cursor_done (&body));
    return seen;
}

static void s_expect (stream_t *stream, uint64_t sequence, uint64_t number)
{
    seen_t seen = s_look (stream_next (stream));
    assert_int_equal (seen.verb, WIRE_job_seal);
    assert_int_equal (seen.session, stream_session (stream));
    assert_int_equal (seen.sequence, sequence);
    assert_int_equal (seen.number, number);
}

//  ---- order and acknowledgement ----------------------------------------------

static void test_numbered_in_order (void **state)
{
    for (uint64_t i = 1; i <= 100; i++)
        s_put (*state, i, 1, true);
    assert_int_equal (stream_sent (*state), 0);
    assert_int_equal (stream_unsent_tasks (*state), 100);
    for (uint64_t i = 1; i <= 100; i++)
        s_expect (*state, i, i);
    assert_null (stream_next (*state));
    assert_int_equal (stream_sent (*state), 100);
    assert_int_equal (stream_sent_tasks (*state), 100);
    assert_int_equal (stream_unsent_tasks (*state), 0);
    assert_int_equal (stream_unsent_bytes (*state), 0);
    assert_int_equal (stream_unacknowledged (*state), 100);
    assert_true (stream_acknowledge (*state, 60));
    assert_int_equal (stream_unacknowledged (*state), 40);
    assert_true (stream_acknowledge (*state, 30));
    assert_int_equal (stream_unacknowledged (*state), 40);
    assert_true (stream_acknowledge (*state, 100));
    assert_int_equal (stream_unacknowledged (*state), 0);
    assert_int_equal (stream_bytes (*state), 0);
}

static void test_acknowledge_beyond_sent_is_refused (void **state)
{
    assert_true (stream_acknowledge (*state, 0));
    assert_false (stream_acknowledge (*state, 1));
    s_put (*state, 1, 1, true);
    s_put (*state, 2, 1, true);
    s_expect (*state, 1, 1);
    assert_false (stream_acknowledge (*state, 2));
    assert_false (stream_acknowledge (*state, UINT64_MAX));
    assert_int_equal (stream_unacknowledged (*state), 2);
    s_expect (*state, 2, 2);
}

static void test_unsend (void **state)
{
    s_put (*state, 1, 1, true);
    s_put (*state, 2, 1, true);
    s_expect (*state, 1, 1);
    s_expect (*state, 2, 2);
    size_t bytes = stream_sent_bytes (*state);
    stream_unsend (*state);
    assert_int_equal (stream_unsent_tasks (*state), 1);
    s_expect (*state, 2, 2);
    assert_null (stream_next (*state));
    assert_int_equal (stream_sent_bytes (*state), bytes);
    assert_int_equal (stream_sent_tasks (*state), 2);
}

//  ---- windows ------------------------------------------------------------------

static void test_window_of_tasks (void **state)
{
    (void) state;
    stream_t *stream = stream_new (SESSION);
    s_put (stream, 1, 3, true);
    s_put (stream, 2, 3, true);
    assert_null (stream_next (stream));
    assert_true (stream_blocked (stream));
    stream_grant (stream, 5, PLENTY);
    assert_false (stream_blocked (stream));
    s_expect (stream, 1, 1);
    assert_null (stream_next (stream));
    assert_true (stream_blocked (stream));
    stream_grant (stream, 4, 0);
    assert_null (stream_next (stream));
    stream_grant (stream, 6, PLENTY);
    s_expect (stream, 2, 2);
    assert_false (stream_blocked (stream));
    stream_destroy (&stream);
}

static void test_window_of_bytes (void **state)
{
    (void) state;
    stream_t *stream = stream_new (SESSION);
    buffer_t frame = s_frame (1);
    size_t size = frame.size;
    buffer_free (&frame);
    s_put (stream, 1, 1, true);
    s_put (stream, 2, 1, true);
    stream_grant (stream, PLENTY, 2 * size - 1);
    s_expect (stream, 1, 1);
    assert_null (stream_next (stream));
    stream_grant (stream, PLENTY, 2 * size);
    s_expect (stream, 2, 2);
    assert_int_equal (stream_sent_bytes (stream), 2 * size);
    stream_destroy (&stream);
}

static void test_others_need_no_window_but_do_not_overtake (void **state)
{
    (void) state;
    stream_t *stream = stream_new (SESSION);
    s_put (stream, 1, 0, false);
    s_put (stream, 2, 1, true);
    s_put (stream, 3, 0, false);
    s_expect (stream, 1, 1);
    assert_null (stream_next (stream));
    stream_grant (stream, 1, PLENTY);
    s_expect (stream, 2, 2);
    s_expect (stream, 3, 3);
    stream_destroy (&stream);
}

//  ---- payloads in parts ------------------------------------------------------------

//  The other end: numbers are judged, payloads put together, small frames remembered in their order
typedef struct receiver {
    stream_in_t in;        // numbers
    parts_t *parts;        // payloads
    uint64_t order [4096]; // numbers of small frames, as they came
    size_t count;          // of them
    size_t part_count;     // parts seen
} receiver_t;

static void s_receive (receiver_t *self, const buffer_t *frame)
{
    wire_envelope_t envelope;
    cursor_t body;
    assert_int_equal (wire_open (frame->data, frame->size, &envelope, &body), CADRE_OK);
    stream_verdict_t verdict = stream_in_accept (&self->in, envelope.sequence);
    assert_int_not_equal (verdict, STREAM_GAP);
    if (verdict == STREAM_SEEN)
        return;
    if (envelope.verb == WIRE_part) {
        wire_part_t part;
        assert_true (wire_read_part (&body, &part));
        assert_int_equal (parts_add (self->parts, &part), CADRE_OK);
        self->part_count++;
        return;
    }
    self->order [self->count++ % 4096] = s_look (frame).number;
}

static void test_parts_interleave (void **state)
{
    receiver_t receiver = {.parts = parts_new ()};
    uint64_t one = s_put_payload (*state, 1001, 2000000),
             two = s_put_payload (*state, 1002, 2000000);
    assert_int_not_equal (one, two);
    for (uint64_t i = 1; i <= 5; i++)
        s_put (*state, i, 1, true);
    const buffer_t *frame;
    size_t before_fifth = 0;
    while ((frame = stream_next (*state))) {
        s_receive (&receiver, frame);
        if (receiver.count < 5)
            before_fifth = receiver.part_count;
    }
    assert_in_range (before_fifth, 1, 6);
    assert_int_equal (receiver.part_count, 16);
    assert_int_equal (receiver.count, 7);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal (receiver.order [i], i + 1);
    buffer_t payload = {0};
    assert_true (parts_take (receiver.parts, one, &payload));
    assert_int_equal (payload.size, 2000005);
    buffer_free (&payload);
    assert_true (parts_take (receiver.parts, two, &payload));
    buffer_free (&payload);
    assert_int_equal (stream_unsent_bytes (*state), 0);
    assert_true (stream_acknowledge (*state, receiver.in.received));
    assert_int_equal (stream_bytes (*state), 0);
    parts_destroy (&receiver.parts);
}

//  The frame that refers to a payload follows its last part at once
static void test_reference_follows_payload (void **state)
{
    s_put_payload (*state, 1, WIRE_PART_MAX + 10);
    assert_int_equal (s_look (stream_next (*state)).verb, WIRE_part);
    assert_int_equal (s_look (stream_next (*state)).verb, WIRE_part);
    s_expect (*state, 3, 1);
    assert_null (stream_next (*state));
}

static void test_parts_wait_for_window (void **state)
{
    (void) state;
    stream_t *stream = stream_new (SESSION);
    s_put_payload (stream, 1, 600000);
    stream_grant (stream, 10, WIRE_PART_MAX + 200);
    assert_int_equal (s_look (stream_next (stream)).verb, WIRE_part);
    assert_null (stream_next (stream));
    assert_true (stream_blocked (stream));
    s_put (stream, 2, 0, false);
    s_expect (stream, 2, 2);
    stream_grant (stream, 10, PLENTY);
    assert_int_equal (s_look (stream_next (stream)).verb, WIRE_part);
    assert_int_equal (s_look (stream_next (stream)).verb, WIRE_part);
    s_expect (stream, 5, 1);
    stream_destroy (&stream);
}

//  ---- lost connections and new sessions ------------------------------------------------

static void test_rewind (void **state)
{
    for (uint64_t i = 1; i <= 10; i++)
        s_put (*state, i, 1, true);
    for (uint64_t i = 1; i <= 7; i++)
        s_expect (*state, i, i);
    size_t bytes = stream_sent_bytes (*state);
    stream_rewind (*state, 4);
    assert_int_equal (stream_unacknowledged (*state), 6);
    for (uint64_t i = 5; i <= 7; i++)
        s_expect (*state, i, i);
    assert_int_equal (stream_sent_bytes (*state), bytes);
    for (uint64_t i = 8; i <= 10; i++)
        s_expect (*state, i, i);
    assert_null (stream_next (*state));
}

//  What is sent again was paid for: a closed window does not hold it
static void test_rewind_with_closed_window (void **state)
{
    (void) state;
    stream_t *stream = stream_new (SESSION);
    stream_grant (stream, 2, PLENTY);
    for (uint64_t i = 1; i <= 3; i++)
        s_put (stream, i, 1, true);
    s_expect (stream, 1, 1);
    s_expect (stream, 2, 2);
    stream_rewind (stream, 0);
    assert_false (stream_blocked (stream));
    s_expect (stream, 1, 1);
    s_expect (stream, 2, 2);
    assert_null (stream_next (stream));
    stream_destroy (&stream);
}

//  Acknowledged while it waits to be sent again
static void test_acknowledge_after_rewind (void **state)
{
    for (uint64_t i = 1; i <= 5; i++)
        s_put (*state, i, 1, true);
    for (uint64_t i = 1; i <= 5; i++)
        s_expect (*state, i, i);
    stream_rewind (*state, 0);
    assert_true (stream_acknowledge (*state, 3));
    s_expect (*state, 4, 4);
    s_expect (*state, 5, 5);
    assert_null (stream_next (*state));
    assert_int_equal (stream_unsent_tasks (*state), 0);
    assert_int_equal (stream_unsent_bytes (*state), 0);
}

static void test_restart_numbers_anew (void **state)
{
    for (uint64_t i = 1; i <= 6; i++)
        s_put (*state, i, 1, true);
    for (uint64_t i = 1; i <= 4; i++)
        s_expect (*state, i, i);
    stream_acknowledge (*state, 2);
    stream_restart (*state, 99);
    assert_int_equal (stream_session (*state), 99);
    assert_int_equal (stream_sent (*state), 0);
    assert_int_equal (stream_sent_tasks (*state), 0);
    assert_null (stream_next (*state));
    stream_grant (*state, PLENTY, PLENTY);
    for (uint64_t i = 1; i <= 4; i++)
        s_expect (*state, i, i + 2);
    assert_null (stream_next (*state));
}

static void test_restart_with_half_sent_payload (void **state)
{
    for (size_t sent = 0; sent <= 9; sent++) {
        stream_t *stream = stream_new (SESSION);
        receiver_t receiver = {.parts = parts_new ()};
        stream_grant (stream, PLENTY, PLENTY);
        uint64_t name = s_put_payload (stream, 1001, 1500000);
        s_put (stream, 1, 1, true);
        for (size_t i = 0; i < sent && i < 8; i++)
            assert_non_null (stream_next (stream));
        assert_true (stream_acknowledge (stream, stream_sent (stream) / 2));
        stream_restart (stream, 8);
        stream_grant (stream, PLENTY, PLENTY);
        const buffer_t *frame;
        while ((frame = stream_next (stream)))
            s_receive (&receiver, frame);
        buffer_t payload = {0};
        assert_true (parts_take (receiver.parts, name, &payload));
        assert_int_equal (payload.size, 1500005);
        buffer_free (&payload);
        assert_int_equal (stream_unsent_bytes (stream), 0);
        assert_int_equal (stream_unsent_tasks (stream), 0);
        assert_true (stream_acknowledge (stream, receiver.in.received));
        assert_int_equal (stream_bytes (stream), 0);
        assert_int_equal (stream_flying_bytes (stream), 0);
        parts_destroy (&receiver.parts);
        stream_destroy (&stream);
    }
    (void) state;
}

//  ---- the receiver's half ------------------------------------------------------------

static void test_receiver_judges (void **state)
{
    (void) state;
    stream_in_t in = {0};
    assert_int_equal (stream_in_accept (&in, 0), STREAM_GAP);
    assert_int_equal (stream_in_accept (&in, 2), STREAM_GAP);
    assert_int_equal (stream_in_accept (&in, 1), STREAM_NEW);
    assert_int_equal (stream_in_accept (&in, 1), STREAM_SEEN);
    assert_int_equal (stream_in_accept (&in, 2), STREAM_NEW);
    assert_int_equal (stream_in_accept (&in, UINT64_MAX), STREAM_GAP);
    assert_int_equal (in.received, 2);
}

//  ---- everything at random -------------------------------------------------------------

static void s_drain_some (stream_t *stream, receiver_t *receiver, unsigned count, bool lossy)
{
    const buffer_t *frame;
    for (unsigned i = 0; i < count && (frame = stream_next (stream)); i++)
        if (!lossy)
            s_receive (receiver, frame);
}

static void test_random_losses (void **state)
{
    stream_t *stream = *state;
    receiver_t receiver = {.parts = parts_new ()};
    unsigned seed = 1;
    uint64_t put = 0, payloads = 0;
    for (int round = 0; round < 3000; round++) {
        unsigned dice = (unsigned) rand_r (&seed) % 100;
        if (dice < 40)
            s_put (stream, ++put, 1, true);
        else if (dice < 42)
            s_put_payload (stream, 100000 + payloads++, 300000 + 100000 * (size_t) dice);
        else if (dice < 80)
            s_drain_some (stream, &receiver, dice % 5, false);
        else if (dice < 90)
            assert_true (stream_acknowledge (stream, receiver.in.received));
        else {
            s_drain_some (stream, &receiver, dice % 4, true);
            stream_rewind (stream, receiver.in.received);
        }
    }
    stream_rewind (stream, receiver.in.received);
    s_drain_some (stream, &receiver, UINT32_MAX, false);
    assert_int_equal (receiver.count, put + payloads);
    uint64_t last = 0;
    for (size_t i = 0; i < receiver.count; i++)
        if (receiver.order [i] < 100000)
            assert_int_equal (receiver.order [i], ++last);
    for (uint64_t i = 1; i <= payloads; i++) {
        buffer_t payload = {0};
        assert_true (parts_take (receiver.parts, i, &payload));
        buffer_free (&payload);
    }
    assert_true (stream_acknowledge (stream, receiver.in.received));
    assert_int_equal (stream_bytes (stream), 0);
    assert_int_equal (stream_unsent_bytes (stream), 0);
    parts_destroy (&receiver.parts);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_numbered_in_order),
        TEST (test_acknowledge_beyond_sent_is_refused),
        TEST (test_unsend),
        TEST (test_window_of_tasks),
        TEST (test_window_of_bytes),
        TEST (test_others_need_no_window_but_do_not_overtake),
        TEST (test_parts_interleave),
        TEST (test_reference_follows_payload),
        TEST (test_parts_wait_for_window),
        TEST (test_rewind),
        TEST (test_rewind_with_closed_window),
        TEST (test_acknowledge_after_rewind),
        TEST (test_restart_numbers_anew),
        TEST (test_restart_with_half_sent_payload),
        TEST (test_receiver_judges),
        TEST (test_random_losses),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
