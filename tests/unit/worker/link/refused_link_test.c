//  refused_link_test.c - a link whose frame the broker refuses, or whose sessions end soon, on a
//  fake clock

#include "tests/lib/rigs/link_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void s_send_refused (uint64_t frame, uint64_t serial, const char *why)
{
    buffer_t bytes = {0};
    wire_sink_refused_t fields = {.frame = frame, .serial = serial, .message = wire_view (why)};
    wire_write_sink_refused (&bytes, (wire_envelope_t){.session = link_rig.session}, &fields);
    link_rig_send_back (&bytes);
}

static void s_send_who (void)
{
    buffer_t bytes = {0};
    wire_write_who (&bytes, (wire_envelope_t){0}, &(wire_who_t){.major = WIRE_MAJOR});
    link_rig_send_back (&bytes);
    link_rig_turn ();
}

//  In the session after it, the lease's result is an error that says why.
static void s_the_task_ends_in_an_error (void **state)
{
    zmq_msg_t message;
    wire_envelope_t envelope;
    cursor_t body;
    wire_sink_results_t fields;
    wire_sink_result_t result = {0};
    view_t text = {0};
    (void) state;
    link_rig_open ();
    link_rig_result (5);
    link_rig_turn ();
    assert_true (link_rig_hears (link_rig.sink, WIRE_sink_results));
    s_send_refused (1, 5, "value: ext type \xff 9");
    s_send_who ();
    link_rig_welcome (LINK_RIG_EPOCH);
    link_rig_turn ();
    zmq_msg_init (&message);
    assert_true (link_rig_hear (link_rig.sink, WIRE_sink_results, &message, &envelope, &body));
    assert_int_equal (envelope.session, link_rig.session);
    assert_true (wire_read_sink_results (&body, &fields));
    cursor_t cursor = cursor_of_view (fields.results.values);
    assert_true (wire_read_sink_result (&cursor, &result));
    assert_int_equal (result.serial, 5);
    assert_int_equal (result.outcome, CADRE_OUTCOME_ERROR);
    cursor_t detail = cursor_find (result.detail, "message");
    assert_true (cursor_text (&detail, &text));
    assert_true (view_is (text, "the broker refused its result: value: ext type ? 9"));
    zmq_msg_close (&message);
    link_rig_teardown ();
}

//  Time until the next HELLO after the session has ended, in steps of 50 ms.
static int s_wait_ms (void)
{
    int waited_ms = 0;
    while (!link_rig_hears (link_rig.back, WIRE_worker_hello) && waited_ms < 20000) {
        link_rig_pass_ms (50);
        waited_ms += 50;
    }
    return waited_ms;
}

//  Sessions that end soon, one after the other, come ever more slowly; one that lasts makes up for
//  them.
static void s_registrations_slow_down (void **state)
{
    int before_ms = 0;
    (void) state;
    link_rig_open ();
    while (link_rig_hears (link_rig.back, WIRE_worker_hello))
        ;
    for (int i = 0; i < 12; i++) {
        s_send_who ();
        int waited_ms = s_wait_ms ();
        if (i == 0)
            assert_int_equal (waited_ms, 0); // an accident
        else
            assert_true (waited_ms >= before_ms && waited_ms >= 100 && waited_ms <= 2500);
        before_ms = waited_ms;
        link_rig_welcome (LINK_RIG_EPOCH);
        assert_int_equal (link_state (link_rig.link), LINK_OPEN);
    }
    assert_int_equal (before_ms, 2500); // a quarter of the silence after which it would be lost
    for (int i = 0; i < 11; i++) {
        link_rig_pass_ms (1000);
        link_rig_send_beat (0, 1);
        link_rig_turn ();
    }
    s_send_who ();
    assert_int_equal (s_wait_ms (), 0);
    link_rig_teardown ();
}

int main (void)
{
    const struct CMUnitTest tests [] = {cmocka_unit_test (s_the_task_ends_in_an_error),
                                        cmocka_unit_test (s_registrations_slow_down)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
