//  oversized_frame_test.c - a frame that is larger than its receiver's window comes all the same,
//  one at a time

#include "common/pack.h"
#include "common/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void s_put (stream_t *stream, uint64_t tasks)
{
    buffer_t frame = {0};
    wire_write_job_seal (&frame, (wire_envelope_t){0}, &(wire_job_seal_t){.ref = 1});
    stream_put (stream, &frame, tasks, true);
}

//  The verb of the next frame; 0: the window is closed, or nothing waits.
static unsigned s_next (stream_t *stream)
{
    wire_envelope_t envelope;
    cursor_t body;
    const buffer_t *frame = stream_next (stream);
    if (!frame)
        return 0;
    assert_int_equal (wire_open (frame->data, frame->size, &envelope, &body), CADRE_OK);
    return envelope.verb;
}

//  One byte of the window is open.
static void s_open_a_little (stream_t *stream, uint64_t tasks)
{
    stream_grant (stream, tasks, stream_sent_bytes (stream) + 1);
}

static void test_one_frame_at_a_time (void **state)
{
    (void) state;
    stream_t *stream = stream_new (7);
    stream_overdraw (stream);
    s_put (stream, 5);
    s_put (stream, 5);
    assert_int_equal (s_next (stream), 0);
    s_open_a_little (stream, 1);
    assert_int_equal (s_next (stream), WIRE_job_seal);
    assert_int_equal (s_next (stream), 0);
    assert_true (stream_blocked (stream));
    s_open_a_little (stream, 5); //  Bytes alone do not do: five tasks were sent
    assert_int_equal (s_next (stream), 0);
    s_open_a_little (stream, 6);
    assert_int_equal (s_next (stream), WIRE_job_seal);
    s_put (stream, 0);
    s_open_a_little (stream, 6);
    assert_int_equal (s_next (stream),
                      WIRE_job_seal); //  No task: what is left of them does not concern it
    stream_destroy (&stream);
}

static void test_one_part_at_a_time (void **state)
{
    (void) state;
    stream_t *stream = stream_new (7);
    stream_overdraw (stream);
    buffer_t payload = {0}, frame = {0};
    void *content = calloc (1, 300000);
    pack_blob (&payload, content, 300000);
    free (content);
    wire_write_job_seal (&frame, (wire_envelope_t){0}, &(wire_job_seal_t){.ref = 1});
    stream_put_payload (stream, stream_payload_number (stream), &payload, &frame, 1);
    for (int part = 0; part < 2; part++) {
        s_open_a_little (stream, 1);
        assert_int_equal (s_next (stream), WIRE_part);
        assert_int_equal (s_next (stream), 0);
        assert_true (stream_blocked (stream));
    }
    s_open_a_little (stream, 1);
    assert_int_equal (s_next (stream), WIRE_job_seal);
    stream_destroy (&stream);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_one_frame_at_a_time),
        cmocka_unit_test (test_one_part_at_a_time),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
