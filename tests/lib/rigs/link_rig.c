//  link_rig.c - rig: a worker's link on a fake clock, over inproc; its broker is played by the test

#include "tests/lib/rigs/link_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

link_rig_t link_rig;

static bool s_welcome (void *context, const wire_worker_welcome_t *fields)
{
    cursor_t cursor = cursor_of_view (fields->adopted.values);
    wire_span_t span = {0};
    (void) context;
    link_rig.welcomes++;
    link_rig.adopted = fields->adopted.count && wire_read_span (&cursor, &span) ? span.first : 0;
    return link_rig.missing == 0 || link_rig.adopted != link_rig.missing;
}

static bool s_tasks (void *context, const wire_lane_tasks_t *fields)
{
    cursor_t cursor = cursor_of_view (fields->tasks.values);
    wire_lane_task_t task;
    (void) context;
    link_rig.tasks += fields->tasks.count;
    if (!wire_read_lane_task (&cursor, &task))
        return false;
    uint64_t number = wire_parts_of (task.payload);
    return !number || link_take_payload (link_rig.link, number, &link_rig.payload);
}

static void s_cancel (void *context, const wire_list_t *spans)
{
    (void) context;
    (void) spans;
    link_rig.cancels++;
}

static void s_recall (void *context, const wire_list_t *spans)
{
    (void) context;
    (void) spans;
    link_rig.recalls++;
}

static void s_stop (void *context)
{
    (void) context;
    link_rig.stops++;
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
    link_rig.lines++;
}

static bool s_job (void *context, const wire_lane_job_t *fields)
{
    (void) context, (void) fields;
    return true;
}

static void s_ignore_job_end (void *context, uint64_t job)
{
    (void) context, (void) job;
}

static void s_ignore_window (void *context, uint64_t serial, uint64_t bytes, bool discard)
{
    (void) context, (void) serial, (void) bytes, (void) discard;
}

static void s_ignore_drain (void *context, uint32_t timeout_ms)
{
    (void) context, (void) timeout_ms;
}

void link_rig_setup (bool embedded)
{
    link_rig_setup_at ("inproc://hub", embedded);
}

void link_rig_setup_at (const char *addresses, bool embedded)
{
    fault_t fault = {0};
    link_options_t options = {.embedded = embedded,
                              .hello = {.name = wire_view ("alpha"), .slots = 2},
                              .events = {NULL, s_welcome, s_job, s_ignore_job_end, s_tasks,
                                         s_cancel, s_recall, s_ignore_window, s_ignore_drain,
                                         s_stop, s_held, s_say}};
    link_rig = (link_rig_t){.time = {.now_us = 1000000}};
    link_rig.clock = fake_clock_of (&link_rig.time);
    link_rig.context = sockets_context_new (1, 64, &fault);
    link_rig.back = sockets_new (link_rig.context, ZMQ_ROUTER, &fault);
    link_rig.sink = sockets_new (link_rig.context, ZMQ_PULL, &fault);
    assert_int_equal (sockets_bind (link_rig.back, "inproc://hub/back", &fault), CADRE_OK);
    assert_int_equal (sockets_bind (link_rig.sink, "inproc://hub/sink", &fault), CADRE_OK);
    link_rig.timers = timers_new ();
    link_rig.outbox = outbox_new ();
    options.context = link_rig.context;
    options.outbox = link_rig.outbox;
    options.clock = &link_rig.clock;
    options.timers = link_rig.timers;
    assert_int_equal (address_parse_list (addresses, options.addresses, ADDRESS_LIST_MAX,
                                          &options.addresses_count, &fault),
                      CADRE_OK);
    link_rig.link = link_new (&options);
    link_set_window (link_rig.link, 130, 0, 0, true);
    assert_int_equal (link_start (link_rig.link, &fault), CADRE_OK);
}

void link_rig_teardown (void)
{
    link_destroy (&link_rig.link);
    outbox_destroy (&link_rig.outbox);
    timers_destroy (&link_rig.timers);
    buffer_free (&link_rig.payload);
    sockets_destroy (&link_rig.lane);
    sockets_destroy (&link_rig.sink);
    sockets_destroy (&link_rig.back);
    sockets_context_destroy (&link_rig.context);
}

void link_rig_turn (void)
{
    while (link_receive (link_rig.link))
        ;
    timers_run (link_rig.timers, link_rig.time.now_us);
    link_turn (link_rig.link);
}

void link_rig_pass_ms (int64_t ms)
{
    fake_clock_pass_ms (&link_rig.time, ms);
    link_rig_turn ();
}

//  The next frame from the worker with this verb, others skipped; false if there is none.
bool link_rig_hear (void *socket, uint8_t verb, zmq_msg_t *message, wire_envelope_t *envelope,
                    cursor_t *body)
{
    for (;;) {
        cadre_error_t error = socket == link_rig.back
                                  ? sockets_receive_from (socket, &link_rig.route, message)
                                  : sockets_receive (socket, message);
        if (error != CADRE_OK)
            return false;
        assert_int_equal (
            wire_open (zmq_msg_data (message), zmq_msg_size (message), envelope, body), CADRE_OK);
        if (envelope->verb == verb)
            return true;
    }
}

bool link_rig_hears (void *socket, uint8_t verb)
{
    zmq_msg_t message;
    wire_envelope_t envelope;
    cursor_t body;
    zmq_msg_init (&message);
    bool heard = link_rig_hear (socket, verb, &message, &envelope, &body);
    zmq_msg_close (&message);
    return heard;
}

void link_rig_send_back (buffer_t *frame)
{
    assert_int_equal (
        sockets_send_bytes_to (link_rig.back, link_rig.route, frame->data, frame->size, 0),
        CADRE_OK);
    buffer_free (frame);
}

void link_rig_send_lane (buffer_t *frame)
{
    wire_stamp (frame, link_rig.session, ++link_rig.sequence);
    assert_int_equal (sockets_send_bytes (link_rig.lane, frame->data, frame->size, 0), CADRE_OK);
    buffer_free (frame);
}

void link_rig_welcome (uint64_t epoch)
{
    char endpoint [64];
    buffer_t frame = {0}, spans = {0};
    fault_t fault = {0};
    sockets_destroy (&link_rig.lane);
    link_rig.lane = sockets_new (link_rig.context, ZMQ_PUSH, &fault);
    snprintf (endpoint, sizeof endpoint, "inproc://hub/lane-%u", ++link_rig.lanes);
    assert_int_equal (sockets_bind (link_rig.lane, endpoint, &fault), CADRE_OK);
    link_rig.session += 1000;
    link_rig.sequence = 0;
    wire_pack_span (&spans, &(wire_span_t){.first = 6, .count = 1});
    wire_write_worker_welcome (&frame, (wire_envelope_t){.session = link_rig.session},
                               &(wire_worker_welcome_t){.lane = link_rig.lanes,
                                                        .epoch = epoch,
                                                        .beat_ms = 1000,
                                                        .lost_ms = 10000,
                                                        .sink_bytes = 1 << 20,
                                                        .output_bytes = 1000,
                                                        .adopted = wire_list_of (&spans, 1)});
    link_rig_send_back (&frame);
    buffer_free (&spans);
    link_rig_turn ();
    wire_write_lane_hello (&frame, (wire_envelope_t){0}, &(wire_lane_hello_t){.minor = 0});
    link_rig_send_lane (&frame);
    link_rig_turn ();
}

void link_rig_open (void)
{
    link_rig_setup (false);
    assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
    link_rig_welcome (LINK_RIG_EPOCH);
    assert_int_equal (link_state (link_rig.link), LINK_OPEN);
}

void link_rig_send_tasks (uint64_t serial, size_t count)
{
    buffer_t frame = {0}, tasks = {0};
    static const uint8_t empty_array [] = {0x90};
    for (size_t i = 0; i < count; i++)
        wire_pack_lane_task (
            &tasks, &(wire_lane_task_t){.index = i, .attempt = 1, .payload = {empty_array, 1}});
    wire_write_lane_tasks (
        &frame, (wire_envelope_t){0},
        &(wire_lane_tasks_t){.job = 1, .serial = serial, .tasks = wire_list_of (&tasks, count)});
    link_rig_send_lane (&frame);
    buffer_free (&tasks);
}

void link_rig_send_beat (uint64_t received, uint64_t sent)
{
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = link_rig.session},
                     &(wire_beat_t){.received = received, .sent = sent});
    link_rig_send_back (&frame);
}

void link_rig_result (uint64_t serial)
{
    job_cache_t *jobs = job_cache_new (1);
    wire_lane_job_t fields = {.job = 1};
    cached_job_t *job = job_cache_open (jobs, &fields);
    wire_lane_task_t task = {.attempt = 1};
    lease_t *lease = lease_new (job, serial, &task);
    outbox_result (link_rig.outbox, lease, &(slots_result_t){.outcome = CADRE_OUTCOME_OK});
    lease_destroy (&lease);
    job_cache_destroy (&jobs);
}
