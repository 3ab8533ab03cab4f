//  link_test.c - a worker's sessions with a broker that the test plays, over inproc and on a fake
//  clock

#include "common/pack.h"
#include "tests/lib/rigs/link_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void s_hello_is_repeated_until_answered (void **state)
{
    (void) state;
    link_rig_setup (false);
    assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
    link_rig_pass_ms (999);
    assert_false (link_rig_hears (link_rig.back, WIRE_worker_hello));
    link_rig_pass_ms (1);
    assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
    for (int i = 0; i < 5; i++)
        link_rig_pass_ms (1000);
    assert_int_equal (link_rig.lines, 1); //  Who waits is told why, once
    link_rig_teardown ();
}

static void s_the_window_opens_with_the_lane (void **state)
{
    zmq_msg_t message;
    wire_envelope_t envelope;
    cursor_t body;
    wire_lane_open_t fields;
    (void) state;
    link_rig_open ();
    zmq_msg_init (&message);
    assert_true (link_rig_hear (link_rig.back, WIRE_lane_open, &message, &envelope, &body));
    assert_true (wire_read_lane_open (&body, &fields));
    assert_int_equal (envelope.session, link_rig.session);
    assert_int_equal (fields.tasks, 130);
    assert_int_equal (fields.bytes, 64 << 20);
    zmq_msg_close (&message);
    link_rig_teardown ();
}

static void s_the_window_grows_with_answers (void **state)
{
    zmq_msg_t message;
    wire_envelope_t envelope;
    cursor_t body;
    wire_window_t fields;
    (void) state;
    link_rig_open ();
    link_rig_send_tasks (1, 100);
    link_set_window (link_rig.link, 130, 100, 0, false);
    link_rig_turn ();
    link_set_window (link_rig.link, 130, 90, 0, false);
    link_rig_turn ();
    assert_false (link_rig_hears (link_rig.back, WIRE_window)); //  Not for every answer
    link_set_window (link_rig.link, 130, 0, 0, false);
    link_rig_turn ();
    zmq_msg_init (&message);
    assert_true (link_rig_hear (link_rig.back, WIRE_window, &message, &envelope, &body));
    assert_true (wire_read_window (&body, &fields));
    assert_int_equal (fields.tasks, 230);
    zmq_msg_close (&message);
    link_rig_teardown ();
}

static void s_refused_is_the_end (void **state)
{
    buffer_t frame = {0};
    (void) state;
    link_rig_setup (false);
    assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
    wire_write_refused (
        &frame, (wire_envelope_t){0},
        &(wire_refused_t){.code = CADRE_ERROR_VERSION, .message = wire_view ("too old")});
    link_rig_send_back (&frame);
    link_rig_turn ();
    assert_int_equal (link_state (link_rig.link), LINK_ENDED);
    assert_int_equal (link_fault (link_rig.link)->code, CADRE_ERROR_VERSION);
    assert_string_equal (link_fault (link_rig.link)->text, "too old");
    link_rig_teardown ();
}

//  A broker without room for a lane may have some later: that is no end.
static void s_no_room_is_not_the_end (void **state)
{
    buffer_t frame = {0};
    (void) state;
    link_rig_setup (false);
    for (int i = 0; i < 2; i++) {
        assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
        wire_write_refused (&frame, (wire_envelope_t){0},
                            &(wire_refused_t){.code = CADRE_ERROR_DESCRIPTORS,
                                              .message = wire_view ("no descriptors")});
        link_rig_send_back (&frame);
        link_rig_turn ();
        assert_int_equal (link_state (link_rig.link), LINK_GREETING);
        link_rig_pass_ms (1100);
    }
    assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
    assert_int_equal (link_rig.lines, 1); //  The reason is told once
    link_rig_teardown ();
}

static void s_refuse_for_room (void)
{
    buffer_t frame = {0};
    wire_write_refused (&frame, (wire_envelope_t){0},
                        &(wire_refused_t){.code = CADRE_ERROR_DESCRIPTORS,
                                          .message = wire_view ("no descriptors")});
    link_rig_send_back (&frame);
    link_rig_turn ();
}

//  Nor is it when a session was open; the wait is told again after a minute, and anew when there
//  was room in between.
static void s_room_may_be_lost_and_found (void **state)
{
    (void) state;
    link_rig_open ();
    unsigned lines = link_rig.lines;
    s_refuse_for_room ();
    assert_int_equal (link_state (link_rig.link), LINK_GREETING);
    assert_int_equal (link_rig.lines, lines + 1);
    for (int i = 0; i < 70; i++) {
        link_rig_pass_ms (1100);
        assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
        while (link_rig_hears (link_rig.back, WIRE_worker_hello))
            continue; //  The answer goes to the last: an earlier one may be of a connection that is
                      //  closed
        s_refuse_for_room ();
    }
    assert_int_equal (link_rig.lines, lines + 2); //  And not that nobody answers
    link_rig_welcome (LINK_RIG_EPOCH);
    assert_int_equal (link_state (link_rig.link), LINK_OPEN);
    assert_int_equal (link_fault (link_rig.link)->code, CADRE_OK);
    lines = link_rig.lines;
    s_refuse_for_room ();
    assert_int_equal (link_rig.lines, lines + 1);
    link_rig_teardown ();
}

static void s_who_makes_it_register_with_what_it_holds (void **state)
{
    zmq_msg_t message;
    wire_envelope_t envelope;
    cursor_t body;
    wire_worker_hello_t fields;
    buffer_t frame = {0};
    (void) state;
    link_rig_open ();
    wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = 1});
    link_rig_send_back (&frame);
    link_rig_turn ();
    assert_int_equal (link_state (link_rig.link), LINK_GREETING);
    zmq_msg_init (&message);
    assert_true (link_rig_hear (link_rig.back, WIRE_worker_hello, &message, &envelope, &body));
    assert_true (wire_read_worker_hello (&body, &fields));
    assert_int_equal (fields.epoch, LINK_RIG_EPOCH);
    assert_int_equal (fields.held.count, 1);
    zmq_msg_close (&message);
    link_rig_welcome (LINK_RIG_EPOCH);
    assert_int_equal (link_rig.adopted, 6);
    assert_int_equal (link_state (link_rig.link), LINK_OPEN);
    link_rig_teardown ();
}

static void s_another_epoch_adopts_nothing (void **state)
{
    buffer_t frame = {0};
    (void) state;
    link_rig_open ();
    link_rig_result (5);
    link_rig_turn ();
    assert_true (link_rig_hears (link_rig.sink, WIRE_sink_results));
    wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = 1});
    link_rig_send_back (&frame);
    link_rig_turn ();
    link_rig_welcome (LINK_RIG_EPOCH + 1);
    assert_int_equal (link_rig.adopted, 0);
    assert_false (link_rig_hears (link_rig.sink,
                                  WIRE_sink_results)); //  It would be somebody else's lease
    link_rig_teardown ();
}

static void s_a_gap_ends_the_session (void **state)
{
    (void) state;
    link_rig_open ();
    link_rig.sequence++;
    link_rig_send_tasks (1, 1);
    link_rig_turn ();
    assert_int_equal (link_rig.tasks, 0);
    assert_int_equal (link_state (link_rig.link), LINK_GREETING);
    link_rig_teardown ();
}

static void s_frames_of_another_session_are_dropped (void **state)
{
    (void) state;
    link_rig_open ();
    link_rig.session++;
    link_rig_send_tasks (1, 1);
    link_rig_turn ();
    assert_int_equal (link_rig.tasks, 0);
    assert_int_equal (link_state (link_rig.link), LINK_OPEN);
    link_rig_teardown ();
}

static void s_no_progress_ends_the_session (void **state)
{
    (void) state;
    link_rig_open ();
    for (int i = 0; i < 10; i++)
        link_rig_send_beat (
            0, 9); //  The broker sent nine frames, of which one arrived; but no time has passed
    link_rig_turn ();
    for (int i = 0; i < 3; i++) {
        assert_int_equal (link_state (link_rig.link), LINK_OPEN);
        link_rig_send_beat (0, 9);
        link_rig_pass_ms (1000);
    }
    assert_int_equal (link_state (link_rig.link), LINK_GREETING);
    link_rig_teardown ();
}

static void s_beats_of_centuries_are_no_flood (void **state)
{
    (void) state;
    buffer_t frame = {0};
    link_rig_open ();
    wire_write_worker_welcome (&frame, (wire_envelope_t){.session = 1},
                               &(wire_worker_welcome_t){.lane = link_rig.lanes,
                                                        .epoch = LINK_RIG_EPOCH,
                                                        .beat_ms = UINT64_C (1) << 32,
                                                        .lost_ms = UINT64_C (1) << 32});
    link_rig_send_back (&frame);
    link_rig_turn ();
    while (link_rig_hears (link_rig.back, WIRE_beat))
        continue;
    for (int i = 0; i < 10; i++)
        link_rig_pass_ms (1);
    assert_false (link_rig_hears (link_rig.back, WIRE_beat));
    link_rig_teardown ();
}

static void s_a_silent_broker_is_looked_for (void **state)
{
    (void) state;
    link_rig_open ();
    for (int i = 0; i < 11; i++)
        link_rig_pass_ms (1000);
    assert_int_equal (link_state (link_rig.link), LINK_GREETING);
    assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
    link_rig_teardown ();
}

static void s_address_is (const char *name)
{
    assert_string_equal (link_address (link_rig.link)->name, name);
}

static void s_one_of_several_addresses_answers (void **state)
{
    (void) state;
    link_rig_setup_at ("inproc://nobody,inproc://hub", false);
    s_address_is ("nobody");
    link_rig_pass_ms (1000);
    s_address_is ("hub");
    assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
    link_rig_welcome (LINK_RIG_EPOCH);
    for (int i = 0; i < 11; i++)
        link_rig_pass_ms (1000);
    assert_int_equal (link_state (link_rig.link),
                      LINK_GREETING); //  It was silent: the other one is tried first
    s_address_is ("nobody");
    link_rig_pass_ms (1000);
    s_address_is ("hub");
    assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
    link_rig_teardown ();
}

static void s_an_embedded_worker_gives_up (void **state)
{
    (void) state;
    link_rig_setup (true);
    assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
    link_rig_welcome (LINK_RIG_EPOCH);
    for (int i = 0; i < 11; i++)
        link_rig_pass_ms (1000);
    assert_int_equal (link_state (link_rig.link), LINK_ENDED);
    assert_int_equal (link_fault (link_rig.link)->code, CADRE_ERROR_UNAVAILABLE);
    link_rig_teardown ();
}

static void s_its_own_stall_is_not_the_brokers (void **state)
{
    (void) state;
    link_rig_open ();
    link_rig_pass_ms (60000);
    assert_int_equal (link_state (link_rig.link), LINK_OPEN);
    link_rig_teardown ();
}

static void s_orders_wait_for_their_frame (void **state)
{
    buffer_t frame = {0}, spans = {0};
    (void) state;
    link_rig_open ();
    wire_pack_span (&spans, &(wire_span_t){.first = 1, .count = 1});
    wire_write_cancel (&frame, (wire_envelope_t){.session = link_rig.session},
                       &(wire_cancel_t){.after = 2, .leases = wire_list_of (&spans, 1)});
    link_rig_send_back (&frame);
    wire_write_recall (&frame, (wire_envelope_t){.session = link_rig.session},
                       &(wire_recall_t){.after = 1, .leases = wire_list_of (&spans, 1)});
    link_rig_send_back (&frame);
    link_rig_turn ();
    assert_int_equal (link_rig.recalls, 1);
    assert_int_equal (link_rig.cancels, 0);
    link_rig_send_tasks (1, 1);
    link_rig_turn ();
    assert_int_equal (link_rig.cancels, 1);
    buffer_free (&spans);
    link_rig_teardown ();
}

static void s_results_are_kept_until_acknowledged (void **state)
{
    buffer_t frame = {0};
    (void) state;
    link_rig_open ();
    link_rig_result (5);
    link_rig_turn ();
    assert_true (link_rig_hears (link_rig.sink, WIRE_sink_results));
    assert_false (outbox_is_empty (link_rig.outbox));
    wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = 1});
    link_rig_send_back (&frame);
    link_rig_turn ();
    link_rig_welcome (LINK_RIG_EPOCH);
    assert_true (link_rig_hears (link_rig.sink, WIRE_sink_results)); //  Again, in the new session
    link_rig_send_beat (1, 1);
    link_rig_turn ();
    assert_true (outbox_is_empty (link_rig.outbox));
    link_rig_teardown ();
}

static void s_large_payloads_come_in_parts (void **state)
{
    buffer_t frame = {0}, value = {0}, tasks = {0}, reference = {0};
    static uint8_t bytes [600000];
    (void) state;
    link_rig_open ();
    pack_blob (&value, bytes, sizeof bytes);
    for (size_t at = 0; at < value.size; at += WIRE_PART_MAX) {
        size_t left = value.size - at;
        wire_write_part (&frame, (wire_envelope_t){0},
                         &(wire_part_t){.payload = 3,
                                        .total = value.size,
                                        .bytes = {value.data + at,
                                                  left < WIRE_PART_MAX ? left : WIRE_PART_MAX}});
        link_rig_send_lane (&frame);
    }
    wire_pack_parts (&reference, 3);
    wire_pack_lane_task (&tasks,
                         &(wire_lane_task_t){.attempt = 1, .payload = wire_view_of (&reference)});
    wire_write_lane_tasks (
        &frame, (wire_envelope_t){0},
        &(wire_lane_tasks_t){.job = 1, .serial = 9, .tasks = wire_list_of (&tasks, 1)});
    link_rig_send_lane (&frame);
    link_rig_turn ();
    assert_int_equal (link_rig.payload.size, value.size);
    assert_memory_equal (link_rig.payload.data, value.data, value.size);
    buffer_free (&value);
    buffer_free (&tasks);
    buffer_free (&reference);
    link_rig_teardown ();
}

//  The broker sends only so much ahead of what is acknowledged: it must not wait for the next beat
//  while a payload larger than that arrives.
static void s_parts_are_acknowledged_as_they_come (void **state)
{
    buffer_t frame = {0};
    static uint8_t bytes [WIRE_PART_MAX];
    (void) state;
    link_rig_open ();
    while (link_rig_hears (link_rig.back, WIRE_beat))
        ;
    for (unsigned i = 0; i < 4; i++) {
        wire_write_part (
            &frame, (wire_envelope_t){0},
            &(wire_part_t){.payload = 3, .total = 64u << 20, .bytes = {bytes, sizeof bytes}});
        link_rig_send_lane (&frame);
    }
    link_rig_turn ();
    assert_true (link_rig_hears (link_rig.back, WIRE_beat));
    link_rig_teardown ();
}

static void s_a_frame_that_cannot_be_read_ends_the_session (void **state)
{
    buffer_t frame = {0};
    (void) state;
    link_rig_open ();
    wire_write_lane_job_end (&frame, (wire_envelope_t){0}, &(wire_lane_job_end_t){.job = 1});
    frame.size = WIRE_ENVELOPE_BYTES;
    link_rig_send_lane (&frame);
    link_rig_turn ();
    assert_int_equal (link_state (link_rig.link), LINK_GREETING);
    link_rig_teardown ();
}

static void s_stop_is_passed_on (void **state)
{
    buffer_t frame = {0};
    (void) state;
    link_rig_open ();
    wire_write_stop (&frame, (wire_envelope_t){.session = link_rig.session - 1},
                     &(wire_stop_t){.reason = {0}});
    link_rig_send_back (&frame);
    link_rig_turn ();
    assert_int_equal (link_rig.stops, 0); //  Of another session
    wire_write_stop (&frame, (wire_envelope_t){.session = link_rig.session},
                     &(wire_stop_t){.reason = {0}});
    link_rig_send_back (&frame);
    link_rig_turn ();
    assert_int_equal (link_rig.stops, 1);
    link_rig_teardown ();
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_hello_is_repeated_until_answered),
        cmocka_unit_test (s_the_window_opens_with_the_lane),
        cmocka_unit_test (s_the_window_grows_with_answers),
        cmocka_unit_test (s_refused_is_the_end),
        cmocka_unit_test (s_no_room_is_not_the_end),
        cmocka_unit_test (s_room_may_be_lost_and_found),
        cmocka_unit_test (s_who_makes_it_register_with_what_it_holds),
        cmocka_unit_test (s_another_epoch_adopts_nothing),
        cmocka_unit_test (s_a_gap_ends_the_session),
        cmocka_unit_test (s_frames_of_another_session_are_dropped),
        cmocka_unit_test (s_no_progress_ends_the_session),
        cmocka_unit_test (s_beats_of_centuries_are_no_flood),
        cmocka_unit_test (s_a_silent_broker_is_looked_for),
        cmocka_unit_test (s_one_of_several_addresses_answers),
        cmocka_unit_test (s_an_embedded_worker_gives_up),
        cmocka_unit_test (s_its_own_stall_is_not_the_brokers),
        cmocka_unit_test (s_orders_wait_for_their_frame),
        cmocka_unit_test (s_results_are_kept_until_acknowledged),
        cmocka_unit_test (s_large_payloads_come_in_parts),
        cmocka_unit_test (s_parts_are_acknowledged_as_they_come),
        cmocka_unit_test (s_a_frame_that_cannot_be_read_ends_the_session),
        cmocka_unit_test (s_stop_is_passed_on),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
