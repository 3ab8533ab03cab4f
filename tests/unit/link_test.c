//  link_test.c - a worker's sessions with a broker that the test plays, over inproc and on a fake clock

#include "tests/lib/fake_clock.h"
#include "worker/link.h"

#include "common/sockets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define EPOCH 77

typedef struct bench {
    fake_clock_t time;     //  Set as the test likes
    moment_clock_t clock;  //  Of time
    void *context;         //  ZeroMQ's
    void *back;            //  ROUTER of the broker
    void *sink;            //  PULL of the broker
    void *lane;            //  PUSH of the session
    unsigned lanes;        //  Sessions so far
    sockets_route_t route; //  Of the worker
    timers_t *timers;      //  Of link
    outbox_t *outbox;      //  Of link
    link_t *link;          //  Under test
    uint64_t session;      //  Number of the session
    uint64_t sequence;     //  Last one sent on the lane
    unsigned welcomes;     //  Events
    uint64_t adopted;      //  First serial of the first span adopted, 0 if none
    size_t tasks;          //  Tasks received
    unsigned cancels;      //  Events
    unsigned recalls;      //  Events
    unsigned stops;        //  Events
    unsigned lines;        //  For people
    buffer_t payload;      //  The last large one
} bench_t;

static bench_t bench;

static void s_welcome (void *context, const wire_worker_welcome_t *fields)
{
    cursor_t cursor = cursor_of_view (fields->adopted.values);
    wire_span_t span = {0};
    (void) context;
    bench.welcomes++;
    bench.adopted = fields->adopted.count && wire_read_span (&cursor, &span) ? span.first : 0;
}

static void s_job (void *context, const wire_lane_job_t *fields)
{
    (void) context;
    (void) fields;
}

static void s_job_end (void *context, uint64_t job)
{
    (void) context;
    (void) job;
}

static bool s_tasks (void *context, const wire_lane_tasks_t *fields)
{
    cursor_t cursor = cursor_of_view (fields->tasks.values);
    wire_lane_task_t task;
    (void) context;
    bench.tasks += fields->tasks.count;
    if (!wire_read_lane_task (&cursor, &task))
        return false;
    uint64_t number = wire_parts_of (task.payload);
    return !number || link_take_payload (bench.link, number, &bench.payload);
}

static void s_cancel (void *context, const wire_list_t *spans)
{
    (void) context;
    (void) spans;
    bench.cancels++;
}

static void s_recall (void *context, const wire_list_t *spans)
{
    (void) context;
    (void) spans;
    bench.recalls++;
}

static void s_output_window (void *context, uint64_t serial, uint64_t bytes)
{
    (void) context;
    (void) serial;
    (void) bytes;
}

static void s_drain (void *context, uint32_t timeout_ms)
{
    (void) context;
    (void) timeout_ms;
}

static void s_stop (void *context)
{
    (void) context;
    bench.stops++;
}

static size_t s_held (void *context, buffer_t *spans)
{
    (void) context;
    wire_pack_span (spans, &(wire_span_t){.first = 5, .count = 3});
    return 1;
}

static void s_say (void *context, const char *line)
{
    (void) context;
    (void) line;
    bench.lines++;
}

static void s_setup (bool embedded)
{
    fault_t fault = {0};
    link_options_t options = {.embedded = embedded,
                              .hello = {.name = wire_view ("alpha"), .slots = 2},
                              .events = {NULL, s_welcome, s_job, s_job_end, s_tasks, s_cancel, s_recall,
                                         s_output_window, s_drain, s_stop, s_held, s_say}};
    bench = (bench_t){.time = {.now_us = 1000000}};
    bench.clock = fake_clock_of (&bench.time);
    bench.context = sockets_context_new (1, 64, &fault);
    bench.back = sockets_new (bench.context, ZMQ_ROUTER, &fault);
    bench.sink = sockets_new (bench.context, ZMQ_PULL, &fault);
    assert_int_equal (sockets_bind (bench.back, "inproc://hub/back", &fault), CADRE_OK);
    assert_int_equal (sockets_bind (bench.sink, "inproc://hub/sink", &fault), CADRE_OK);
    bench.timers = timers_new ();
    bench.outbox = outbox_new ();
    options.context = bench.context;
    options.outbox = bench.outbox;
    options.clock = &bench.clock;
    options.timers = bench.timers;
    assert_int_equal (address_parse_list ("inproc://hub", options.addresses, ADDRESS_LIST_MAX,
                                          &options.addresses_count, &fault),
                      CADRE_OK);
    bench.link = link_new (&options);
    link_set_window (bench.link, 130, 0, 0, true);
    assert_int_equal (link_start (bench.link, &fault), CADRE_OK);
}

static void s_teardown (void)
{
    link_destroy (&bench.link);
    outbox_destroy (&bench.outbox);
    timers_destroy (&bench.timers);
    buffer_free (&bench.payload);
    sockets_destroy (&bench.lane);
    sockets_destroy (&bench.sink);
    sockets_destroy (&bench.back);
    sockets_context_destroy (&bench.context);
}

static void s_turn (void)
{
    while (link_read (bench.link))
        ;
    timers_run (bench.timers, bench.time.now_us);
    link_turn (bench.link);
}

static void s_pass_ms (int64_t ms)
{
    fake_clock_pass_ms (&bench.time, ms);
    s_turn ();
}

//  The next frame from the worker with this verb, others skipped; false if there is none.
static bool s_hear_on (void *socket, uint8_t verb, zmq_msg_t *message, wire_envelope_t *envelope,
                       cursor_t *body)
{
    for (;;) {
        cadre_error_t error = socket == bench.back ? sockets_receive_from (socket, &bench.route, message)
                                                   : sockets_receive (socket, message);
        if (error != CADRE_OK)
            return false;
        assert_int_equal (wire_open (zmq_msg_data (message), zmq_msg_size (message), envelope, body),
                          CADRE_OK);
        if (envelope->verb == verb)
            return true;
    }
}

static bool s_hears (void *socket, uint8_t verb)
{
    zmq_msg_t message;
    wire_envelope_t envelope;
    cursor_t body;
    zmq_msg_init (&message);
    bool heard = s_hear_on (socket, verb, &message, &envelope, &body);
    zmq_msg_close (&message);
    return heard;
}

static void s_send_back (buffer_t *frame)
{
    assert_int_equal (sockets_send_bytes_to (bench.back, bench.route, frame->data, frame->size, 0), CADRE_OK);
    buffer_free (frame);
}

static void s_send_lane (buffer_t *frame)
{
    wire_stamp (frame, bench.session, ++bench.sequence);
    assert_int_equal (sockets_send_bytes (bench.lane, frame->data, frame->size, 0), CADRE_OK);
    buffer_free (frame);
}

static void s_say_welcome (uint64_t epoch)
{
    char endpoint [64];
    buffer_t frame = {0}, spans = {0};
    fault_t fault = {0};
    sockets_destroy (&bench.lane);
    bench.lane = sockets_new (bench.context, ZMQ_PUSH, &fault);
    snprintf (endpoint, sizeof endpoint, "inproc://hub/lane-%u", ++bench.lanes);
    assert_int_equal (sockets_bind (bench.lane, endpoint, &fault), CADRE_OK);
    bench.session += 1000;
    bench.sequence = 0;
    wire_pack_span (&spans, &(wire_span_t){.first = 6, .count = 1});
    wire_write_worker_welcome (&frame, (wire_envelope_t){.session = bench.session},
                               &(wire_worker_welcome_t){.lane = bench.lanes,
                                                        .epoch = epoch,
                                                        .beat_ms = 1000,
                                                        .lost_ms = 10000,
                                                        .sink_bytes = 1 << 20,
                                                        .output_bytes = 1000,
                                                        .adopted = wire_list_of (&spans, 1)});
    s_send_back (&frame);
    buffer_free (&spans);
    s_turn ();
    wire_write_lane_hello (&frame, (wire_envelope_t){0}, &(wire_lane_hello_t){.minor = 0});
    s_send_lane (&frame);
    s_turn ();
}

static void s_open (void)
{
    s_setup (false);
    assert_true (s_hears (bench.back, WIRE_worker_hello));
    s_say_welcome (EPOCH);
    assert_int_equal (link_state (bench.link), LINK_OPEN);
}

static void s_send_tasks (uint64_t serial, size_t count)
{
    buffer_t frame = {0}, tasks = {0};
    static const uint8_t empty_array [] = {0x90};
    for (size_t i = 0; i < count; i++)
        wire_pack_lane_task (&tasks,
                             &(wire_lane_task_t){.index = i, .attempt = 1, .payload = {empty_array, 1}});
    wire_write_lane_tasks (
        &frame, (wire_envelope_t){0},
        &(wire_lane_tasks_t){.job = 1, .serial = serial, .tasks = wire_list_of (&tasks, count)});
    s_send_lane (&frame);
    buffer_free (&tasks);
}

static void s_send_beat (uint64_t received, uint64_t sent)
{
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = bench.session},
                     &(wire_beat_t){.received = received, .sent = sent});
    s_send_back (&frame);
}

static void s_result (uint64_t serial)
{
    jobs_t *jobs = jobs_new (1);
    job_t *job = jobs_open (jobs, &(wire_lane_job_t){.job = 1});
    wire_lane_task_t task = {.attempt = 1};
    lease_t *lease = lease_new (job, serial, &task);
    outbox_result (bench.outbox, lease, &(slots_result_t){.outcome = CADRE_OUTCOME_OK});
    lease_destroy (&lease);
    jobs_destroy (&jobs);
}

static void s_hello_is_repeated_until_answered (void **state)
{
    (void) state;
    s_setup (false);
    assert_true (s_hears (bench.back, WIRE_worker_hello));
    s_pass_ms (999);
    assert_false (s_hears (bench.back, WIRE_worker_hello));
    s_pass_ms (1);
    assert_true (s_hears (bench.back, WIRE_worker_hello));
    for (int i = 0; i < 5; i++)
        s_pass_ms (1000);
    assert_int_equal (bench.lines, 1); //  Who waits is told why, once
    s_teardown ();
}

static void s_the_window_opens_with_the_lane (void **state)
{
    zmq_msg_t message;
    wire_envelope_t envelope;
    cursor_t body;
    wire_lane_open_t fields;
    (void) state;
    s_open ();
    zmq_msg_init (&message);
    assert_true (s_hear_on (bench.back, WIRE_lane_open, &message, &envelope, &body));
    assert_true (wire_read_lane_open (&body, &fields));
    assert_int_equal (envelope.session, bench.session);
    assert_int_equal (fields.tasks, 130);
    assert_int_equal (fields.bytes, 64 << 20);
    zmq_msg_close (&message);
    s_teardown ();
}

static void s_the_window_grows_with_answers (void **state)
{
    zmq_msg_t message;
    wire_envelope_t envelope;
    cursor_t body;
    wire_window_t fields;
    (void) state;
    s_open ();
    s_send_tasks (1, 100);
    link_set_window (bench.link, 130, 100, 0, false);
    s_turn ();
    link_set_window (bench.link, 130, 90, 0, false);
    s_turn ();
    assert_false (s_hears (bench.back, WIRE_window)); //  Not for every answer
    link_set_window (bench.link, 130, 0, 0, false);
    s_turn ();
    zmq_msg_init (&message);
    assert_true (s_hear_on (bench.back, WIRE_window, &message, &envelope, &body));
    assert_true (wire_read_window (&body, &fields));
    assert_int_equal (fields.tasks, 230);
    zmq_msg_close (&message);
    s_teardown ();
}

static void s_refused_is_the_end (void **state)
{
    buffer_t frame = {0};
    (void) state;
    s_setup (false);
    assert_true (s_hears (bench.back, WIRE_worker_hello));
    wire_write_refused (&frame, (wire_envelope_t){0},
                        &(wire_refused_t){.code = CADRE_ERROR_VERSION, .message = wire_view ("too old")});
    s_send_back (&frame);
    s_turn ();
    assert_int_equal (link_state (bench.link), LINK_ENDED);
    assert_int_equal (link_fault (bench.link)->code, CADRE_ERROR_VERSION);
    assert_string_equal (link_fault (bench.link)->text, "too old");
    s_teardown ();
}

static void s_who_makes_it_register_with_what_it_holds (void **state)
{
    zmq_msg_t message;
    wire_envelope_t envelope;
    cursor_t body;
    wire_worker_hello_t fields;
    buffer_t frame = {0};
    (void) state;
    s_open ();
    wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = 1});
    s_send_back (&frame);
    s_turn ();
    assert_int_equal (link_state (bench.link), LINK_GREETING);
    zmq_msg_init (&message);
    assert_true (s_hear_on (bench.back, WIRE_worker_hello, &message, &envelope, &body));
    assert_true (wire_read_worker_hello (&body, &fields));
    assert_int_equal (fields.epoch, EPOCH);
    assert_int_equal (fields.held.count, 1);
    zmq_msg_close (&message);
    s_say_welcome (EPOCH);
    assert_int_equal (bench.adopted, 6);
    assert_int_equal (link_state (bench.link), LINK_OPEN);
    s_teardown ();
}

static void s_another_epoch_adopts_nothing (void **state)
{
    buffer_t frame = {0};
    (void) state;
    s_open ();
    s_result (5);
    s_turn ();
    assert_true (s_hears (bench.sink, WIRE_sink_results));
    wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = 1});
    s_send_back (&frame);
    s_turn ();
    s_say_welcome (EPOCH + 1);
    assert_int_equal (bench.adopted, 0);
    assert_false (s_hears (bench.sink, WIRE_sink_results)); //  It would be somebody else's lease
    s_teardown ();
}

static void s_a_gap_ends_the_session (void **state)
{
    (void) state;
    s_open ();
    bench.sequence++;
    s_send_tasks (1, 1);
    s_turn ();
    assert_int_equal (bench.tasks, 0);
    assert_int_equal (link_state (bench.link), LINK_GREETING);
    s_teardown ();
}

static void s_frames_of_another_session_are_dropped (void **state)
{
    (void) state;
    s_open ();
    bench.session++;
    s_send_tasks (1, 1);
    s_turn ();
    assert_int_equal (bench.tasks, 0);
    assert_int_equal (link_state (bench.link), LINK_OPEN);
    s_teardown ();
}

static void s_no_progress_ends_the_session (void **state)
{
    (void) state;
    s_open ();
    for (int i = 0; i < 10; i++)
        s_send_beat (0, 9); //  The broker sent nine frames, of which one arrived; but no time has passed
    s_turn ();
    for (int i = 0; i < 3; i++) {
        assert_int_equal (link_state (bench.link), LINK_OPEN);
        s_send_beat (0, 9);
        s_pass_ms (1000);
    }
    assert_int_equal (link_state (bench.link), LINK_GREETING);
    s_teardown ();
}

static void s_a_silent_broker_is_looked_for (void **state)
{
    (void) state;
    s_open ();
    for (int i = 0; i < 11; i++)
        s_pass_ms (1000);
    assert_int_equal (link_state (bench.link), LINK_GREETING);
    assert_true (s_hears (bench.back, WIRE_worker_hello));
    s_teardown ();
}

static void s_an_embedded_worker_gives_up (void **state)
{
    (void) state;
    s_setup (true);
    assert_true (s_hears (bench.back, WIRE_worker_hello));
    s_say_welcome (EPOCH);
    for (int i = 0; i < 11; i++)
        s_pass_ms (1000);
    assert_int_equal (link_state (bench.link), LINK_ENDED);
    assert_int_equal (link_fault (bench.link)->code, CADRE_ERROR_UNAVAILABLE);
    s_teardown ();
}

static void s_its_own_stall_is_not_the_brokers (void **state)
{
    (void) state;
    s_open ();
    s_pass_ms (60000);
    assert_int_equal (link_state (bench.link), LINK_OPEN);
    s_teardown ();
}

static void s_orders_wait_for_their_frame (void **state)
{
    buffer_t frame = {0}, spans = {0};
    (void) state;
    s_open ();
    wire_pack_span (&spans, &(wire_span_t){.first = 1, .count = 1});
    wire_write_cancel (&frame, (wire_envelope_t){.session = bench.session},
                       &(wire_cancel_t){.after = 2, .leases = wire_list_of (&spans, 1)});
    s_send_back (&frame);
    wire_write_recall (&frame, (wire_envelope_t){.session = bench.session},
                       &(wire_recall_t){.after = 1, .leases = wire_list_of (&spans, 1)});
    s_send_back (&frame);
    s_turn ();
    assert_int_equal (bench.recalls, 1);
    assert_int_equal (bench.cancels, 0);
    s_send_tasks (1, 1);
    s_turn ();
    assert_int_equal (bench.cancels, 1);
    buffer_free (&spans);
    s_teardown ();
}

static void s_results_are_kept_until_acknowledged (void **state)
{
    buffer_t frame = {0};
    (void) state;
    s_open ();
    s_result (5);
    s_turn ();
    assert_true (s_hears (bench.sink, WIRE_sink_results));
    assert_false (outbox_is_empty (bench.outbox));
    wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = 1});
    s_send_back (&frame);
    s_turn ();
    s_say_welcome (EPOCH);
    assert_true (s_hears (bench.sink, WIRE_sink_results)); //  Again, in the new session
    s_send_beat (1, 1);
    s_turn ();
    assert_true (outbox_is_empty (bench.outbox));
    s_teardown ();
}

static void s_large_payloads_come_in_parts (void **state)
{
    buffer_t frame = {0}, value = {0}, tasks = {0}, reference = {0};
    static uint8_t bytes [600000];
    (void) state;
    s_open ();
    pack_blob (&value, bytes, sizeof bytes);
    for (size_t at = 0; at < value.size; at += WIRE_PART_MAX) {
        size_t left = value.size - at;
        wire_write_part (
            &frame, (wire_envelope_t){0},
            &(wire_part_t){.payload = 3,
                           .total = value.size,
                           .bytes = {value.data + at, left < WIRE_PART_MAX ? left : WIRE_PART_MAX}});
        s_send_lane (&frame);
    }
    wire_pack_parts (&reference, 3);
    wire_pack_lane_task (&tasks, &(wire_lane_task_t){.attempt = 1, .payload = wire_view_of (&reference)});
    wire_write_lane_tasks (&frame, (wire_envelope_t){0},
                           &(wire_lane_tasks_t){.job = 1, .serial = 9, .tasks = wire_list_of (&tasks, 1)});
    s_send_lane (&frame);
    s_turn ();
    assert_int_equal (bench.payload.size, value.size);
    assert_memory_equal (bench.payload.data, value.data, value.size);
    buffer_free (&value);
    buffer_free (&tasks);
    buffer_free (&reference);
    s_teardown ();
}

static void s_a_frame_that_cannot_be_read_ends_the_session (void **state)
{
    buffer_t frame = {0};
    (void) state;
    s_open ();
    wire_write_lane_job_end (&frame, (wire_envelope_t){0}, &(wire_lane_job_end_t){.job = 1});
    frame.size = WIRE_ENVELOPE_BYTES;
    s_send_lane (&frame);
    s_turn ();
    assert_int_equal (link_state (bench.link), LINK_GREETING);
    s_teardown ();
}

static void s_stop_is_passed_on (void **state)
{
    buffer_t frame = {0};
    (void) state;
    s_open ();
    wire_write_stop (&frame, (wire_envelope_t){.session = bench.session - 1}, &(wire_stop_t){.reason = {0}});
    s_send_back (&frame);
    s_turn ();
    assert_int_equal (bench.stops, 0); //  Of another session
    wire_write_stop (&frame, (wire_envelope_t){.session = bench.session}, &(wire_stop_t){.reason = {0}});
    s_send_back (&frame);
    s_turn ();
    assert_int_equal (bench.stops, 1);
    s_teardown ();
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_hello_is_repeated_until_answered),
        cmocka_unit_test (s_the_window_opens_with_the_lane),
        cmocka_unit_test (s_the_window_grows_with_answers),
        cmocka_unit_test (s_refused_is_the_end),
        cmocka_unit_test (s_who_makes_it_register_with_what_it_holds),
        cmocka_unit_test (s_another_epoch_adopts_nothing),
        cmocka_unit_test (s_a_gap_ends_the_session),
        cmocka_unit_test (s_frames_of_another_session_are_dropped),
        cmocka_unit_test (s_no_progress_ends_the_session),
        cmocka_unit_test (s_a_silent_broker_is_looked_for),
        cmocka_unit_test (s_an_embedded_worker_gives_up),
        cmocka_unit_test (s_its_own_stall_is_not_the_brokers),
        cmocka_unit_test (s_orders_wait_for_their_frame),
        cmocka_unit_test (s_results_are_kept_until_acknowledged),
        cmocka_unit_test (s_large_payloads_come_in_parts),
        cmocka_unit_test (s_a_frame_that_cannot_be_read_ends_the_session),
        cmocka_unit_test (s_stop_is_passed_on),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
