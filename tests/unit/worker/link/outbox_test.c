//  outbox_test.c - what is sent once, kept until acknowledged, sent again in the next session, and
//  forgotten with its epoch

#include "worker/link/outbox.h"

#include "common/pack.h"
#include "common/sockets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define UNLIMITED (UINT64_C (1) << 40)

typedef struct bench {
    void *context;        //  ZeroMQ's
    void *push;           //  The worker's end
    void *pull;           //  The broker's end
    outbox_t *outbox;     //  Under test
    job_cache_t *jobs;    //  Of leases
    uint64_t serials [8]; //  That each () visited
    size_t visited;       //  How many
} bench_t;

static bench_t bench;

static int s_setup (void **state)
{
    fault_t fault = {0};
    (void) state;
    bench = (bench_t){.context = sockets_context_new (1, 16, &fault)};
    bench.pull = sockets_new (bench.context, ZMQ_PULL, &fault);
    bench.push = sockets_new (bench.context, ZMQ_PUSH, &fault);
    sockets_bind (bench.pull, "inproc://sink", &fault);
    sockets_connect (bench.push, "inproc://sink", &fault);
    bench.outbox = outbox_new ();
    bench.jobs = job_cache_new (1);
    outbox_restart (bench.outbox, 100, false);
    return 0;
}

static int s_teardown (void **state)
{
    (void) state;
    outbox_destroy (&bench.outbox);
    outbox_destroy (&bench.outbox);
    job_cache_destroy (&bench.jobs);
    sockets_destroy (&bench.push);
    sockets_destroy (&bench.pull);
    sockets_context_destroy (&bench.context);
    return 0;
}

static void s_answer (uint64_t serial, view_t value)
{
    wire_lane_job_t fields = {.job = 42};
    cached_job_t *job = job_cache_open (bench.jobs, &fields);
    wire_lane_task_t task = {.attempt = 1};
    lease_t *lease = lease_new (job, serial, &task);
    outbox_result (bench.outbox, lease,
                   &(slots_result_t){.outcome = CADRE_OUTCOME_OK, .value = value});
    lease_destroy (&lease);
}

static void s_send (uint64_t limit_bytes)
{
    outbox_close (bench.outbox);
    outbox_send (bench.outbox, bench.push, limit_bytes);
}

//  Receives a frame; 0 when there is none.
static uint8_t s_receive (uint64_t *session, uint64_t *sequence, size_t *results)
{
    zmq_msg_t message;
    wire_envelope_t envelope = {0};
    wire_sink_results_t fields;
    cursor_t body;
    zmq_msg_init (&message);
    *results = 0;
    if (sockets_receive (bench.pull, &message) == CADRE_OK) {
        assert_int_equal (
            wire_open (zmq_msg_data (&message), zmq_msg_size (&message), &envelope, &body),
            CADRE_OK);
        if (envelope.verb == WIRE_sink_results && wire_read_sink_results (&body, &fields))
            *results = fields.results.count;
    }
    zmq_msg_close (&message);
    *session = envelope.session;
    *sequence = envelope.sequence;
    return envelope.verb;
}

static void s_expect (uint8_t verb, uint64_t session, uint64_t sequence, size_t results)
{
    uint64_t got_session, got_sequence;
    size_t got_results;
    assert_int_equal (s_receive (&got_session, &got_sequence, &got_results), verb);
    assert_int_equal (got_session, session);
    assert_int_equal (got_sequence, sequence);
    assert_int_equal (got_results, results);
}

static void s_visit (void *context, uint64_t serial)
{
    (void) context;
    bench.serials [bench.visited++ % 8] = serial;
}

static size_t s_unacknowledged (void)
{
    bench.visited = 0;
    outbox_each (bench.outbox, s_visit, NULL);
    return bench.visited;
}

static void s_results_of_a_turn_are_one_frame (void **state)
{
    (void) state;
    for (uint64_t serial = 1; serial <= 5; serial++)
        s_answer (serial, (view_t){0});
    s_send (UNLIMITED);
    s_expect (WIRE_sink_results, 100, 1, 5);
    s_expect (0, 0, 0, 0);
}

static void s_acknowledged_frames_are_forgotten (void **state)
{
    (void) state;
    s_answer (1, (view_t){0});
    s_send (UNLIMITED);
    s_answer (2, (view_t){0});
    s_send (UNLIMITED);
    assert_int_equal (s_unacknowledged (), 2);
    assert_true (outbox_acknowledge (bench.outbox, 1));
    assert_int_equal (s_unacknowledged (), 1);
    assert_int_equal (bench.serials [0], 2);
    assert_false (outbox_is_empty (bench.outbox));
    assert_true (outbox_acknowledge (bench.outbox, 2));
    assert_true (outbox_is_empty (bench.outbox));
    assert_false (outbox_acknowledge (bench.outbox, 9));
}

static void s_a_new_session_sends_again (void **state)
{
    (void) state;
    s_answer (1, (view_t){0});
    s_send (UNLIMITED);
    s_expect (WIRE_sink_results, 100, 1, 1);
    outbox_restart (bench.outbox, 200, false);
    s_send (UNLIMITED);
    s_expect (WIRE_sink_results, 200, 1, 1);
    assert_int_equal (s_unacknowledged (), 1);
    assert_true (outbox_acknowledge (bench.outbox, 1));
    assert_int_equal (s_unacknowledged (), 0);
}

static void s_another_epoch_forgets (void **state)
{
    (void) state;
    s_answer (1, (view_t){0});
    outbox_returned (bench.outbox, 42, 0, 2, false);
    outbox_restart (bench.outbox, 200, true);
    s_send (UNLIMITED);
    s_expect (0, 0, 0, 0);
    assert_int_equal (s_unacknowledged (), 0);
    assert_true (outbox_is_empty (bench.outbox));
}

static void s_no_more_than_the_limit_is_unacknowledged (void **state)
{
    (void) state;
    s_answer (1, (view_t){0});
    s_send (1);
    s_answer (2, (view_t){0});
    s_send (1);
    s_expect (WIRE_sink_results, 100, 1, 1);
    s_expect (0, 0, 0, 0);
    outbox_acknowledge (bench.outbox, 1);
    s_send (1);
    s_expect (WIRE_sink_results, 100, 2, 1);
}

static void s_large_values_go_ahead_in_parts (void **state)
{
    static uint8_t bytes [300000];
    buffer_t value = {0};
    (void) state;
    pack_blob (&value, bytes, sizeof bytes);
    s_answer (1, wire_view_of (&value));
    s_send (UNLIMITED);
    s_expect (WIRE_part, 100, 1, 0);
    s_expect (WIRE_part, 100, 2, 0);
    s_expect (WIRE_sink_results, 100, 3, 1);
    buffer_free (&value);
}

//  A value may be larger than what may be unacknowledged: what has come does not count any more.
static void s_a_value_beyond_the_limit_goes_on (void **state)
{
    static uint8_t bytes [5 * WIRE_PART_MAX];
    buffer_t value = {0};
    (void) state;
    pack_blob (&value, bytes, sizeof bytes);
    s_answer (1, wire_view_of (&value));
    for (uint64_t part = 1; part <= 6; part++) {
        s_send (1);
        s_expect (WIRE_part, 100, part, 0);
        s_expect (0, 0, 0, 0);
        outbox_acknowledge (bench.outbox, part);
    }
    s_send (1);
    s_expect (WIRE_sink_results, 100, 7, 1);
    outbox_acknowledge (bench.outbox, 7);
    assert_true (outbox_is_empty (bench.outbox));
    buffer_free (&value);
}

//  The results of the next frame by serial: 'o' ok, 'e' error, in order.
static void s_expect_outcomes (uint64_t sequence, const char *outcomes, uint64_t first_serial)
{
    zmq_msg_t message;
    wire_envelope_t envelope;
    wire_sink_results_t fields;
    cursor_t body;
    zmq_msg_init (&message);
    assert_int_equal (sockets_receive (bench.pull, &message), CADRE_OK);
    assert_int_equal (
        wire_open (zmq_msg_data (&message), zmq_msg_size (&message), &envelope, &body), CADRE_OK);
    assert_int_equal (envelope.verb, WIRE_sink_results);
    assert_int_equal (envelope.sequence, sequence);
    assert_true (wire_read_sink_results (&body, &fields) && cursor_done (&body));
    assert_int_equal (fields.results.count, strlen (outcomes));
    cursor_t cursor = cursor_of_view (fields.results.values);
    for (size_t i = 0; i < fields.results.count; i++) {
        wire_sink_result_t result;
        view_t text = {0};
        assert_true (wire_read_sink_result (&cursor, &result));
        assert_int_equal (result.serial, first_serial + i);
        assert_int_equal (result.outcome,
                          outcomes [i] == 'e' ? CADRE_OUTCOME_ERROR : CADRE_OUTCOME_OK);
        cursor_t detail = cursor_find (result.detail, "message");
        assert_int_equal (cursor_text (&detail, &text) && view_is (text, "ext type 9"),
                          outcomes [i] == 'e');
    }
    zmq_msg_close (&message);
}

//  It is not sent again: its task ends in an error, and the others of the frame as they did.
static void s_a_refused_frame_is_not_sent_again (void **state)
{
    (void) state;
    for (uint64_t serial = 1; serial <= 3; serial++)
        s_answer (serial, (view_t){0});
    s_send (UNLIMITED);
    s_answer (4, (view_t){0});
    s_send (UNLIMITED);
    s_expect (WIRE_sink_results, 100, 1, 3);
    s_expect (WIRE_sink_results, 100, 2, 1);
    outbox_refused (bench.outbox, 1, 2, "ext type 9");
    assert_int_equal (s_unacknowledged (), 4);
    outbox_restart (bench.outbox, 200, false);
    s_send (UNLIMITED);
    s_expect_outcomes (1, "oeo", 1);
    s_expect_outcomes (2, "o", 4);
    outbox_refused (bench.outbox, 1, 0, "ext type 9"); // nobody knows which: all
    outbox_refused (bench.outbox, 9, 0, "ext type 9"); // there is none
    outbox_restart (bench.outbox, 300, false);
    s_send (UNLIMITED);
    s_expect_outcomes (1, "eee", 1);
    s_expect_outcomes (2, "o", 4);
    assert_true (outbox_acknowledge (bench.outbox, 2));
    assert_true (outbox_is_empty (bench.outbox));
    assert_int_equal (outbox_bytes (bench.outbox), 0);
}

static void s_a_refused_part_takes_its_value_along (void **state)
{
    static uint8_t bytes [300000];
    buffer_t value = {0};
    (void) state;
    pack_blob (&value, bytes, sizeof bytes);
    for (uint64_t refused = 1; refused <= 3;
         refused++) { // a part, the last one, the result behind them
        s_answer (refused, wire_view_of (&value));
        s_send (refused == 1 ? 1 : UNLIMITED); // of the first the rest waits to be cut
        s_expect (WIRE_part, 100 * refused, 1, 0);
        for (uint64_t more = 2; more <= 3 && refused > 1; more++)
            s_expect (more == 3 ? WIRE_sink_results : WIRE_part, 100 * refused, more, more == 3);
        outbox_refused (bench.outbox, refused, refused, "ext type 9");
        outbox_restart (bench.outbox, 100 * (refused + 1), false);
        s_send (UNLIMITED);
        s_expect_outcomes (1, "e", refused);
        assert_true (outbox_acknowledge (bench.outbox, 1));
        assert_true (outbox_is_empty (bench.outbox));
        assert_int_equal (outbox_bytes (bench.outbox), 0);
        outbox_restart (bench.outbox, 100 * (refused + 1), false);
    }
    buffer_free (&value);
}

static void s_refused_output_ends_its_task (void **state)
{
    wire_lane_job_t fields = {.job = 42};
    wire_lane_task_t task = {.attempt = 1};
    lease_t *lease = lease_new (job_cache_open (bench.jobs, &fields), 7, &task);
    (void) state;
    outbox_output (bench.outbox, lease, WIRE_STREAM_LOG, wire_view ("x"));
    outbox_returned (bench.outbox, 42, 0, 8, false);
    outbox_drained (bench.outbox, 0);
    s_send (UNLIMITED);
    s_expect (WIRE_sink_output, 100, 1, 0);
    s_expect (WIRE_sink_returned, 100, 2, 0);
    s_expect (WIRE_sink_drained, 100, 3, 0);
    for (uint64_t frame = 1; frame <= 3; frame++)
        outbox_refused (bench.outbox, frame, 0, "ext type 9");
    outbox_restart (bench.outbox, 200, false);
    s_send (UNLIMITED);
    s_expect_outcomes (1, "e", 7);
    s_expect_outcomes (2, "e", 8);
    s_expect (0, 0, 0, 0);
    lease_destroy (&lease);
}

static void s_the_end_follows_all_results (void **state)
{
    (void) state;
    s_answer (1, (view_t){0});
    outbox_returned (bench.outbox, 42, 1, 2, false);
    outbox_drained (bench.outbox, 0);
    outbox_goodbye (bench.outbox, "drained");
    s_send (UNLIMITED);
    s_expect (WIRE_sink_results, 100, 1, 1);
    s_expect (WIRE_sink_returned, 100, 2, 0);
    s_expect (WIRE_sink_drained, 100, 3, 0);
    s_expect (WIRE_goodbye, 100, 4, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown (function, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (s_results_of_a_turn_are_one_frame),
        TEST (s_acknowledged_frames_are_forgotten),
        TEST (s_a_new_session_sends_again),
        TEST (s_another_epoch_forgets),
        TEST (s_no_more_than_the_limit_is_unacknowledged),
        TEST (s_large_values_go_ahead_in_parts),
        TEST (s_a_value_beyond_the_limit_goes_on),
        TEST (s_a_refused_frame_is_not_sent_again),
        TEST (s_a_refused_part_takes_its_value_along),
        TEST (s_refused_output_ends_its_task),
        TEST (s_the_end_follows_all_results),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
