//  sessions_test.c - sessions of clients, strangers and enemies, with a broker in a thread

#include "common/pack.h"
#include "tests/lib/rigs/broker_rig.h"

static void test_a_session_is_resumed (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    s_submit (&client, 1, 2);
    //  The connection goes, and everything that was on its way
    sockets_destroy (&client.dealer);
    s_serve (&worker, 2);
    client.dealer = s_connect (&rig, ZMQ_DEALER, "front");
    s_client_hello (&client);
    s_expect (&client, client.dealer, WIRE_client_welcome);
    wire_client_welcome_t welcome;
    assert_true (wire_read_client_welcome (&client.body, &welcome));
    assert_true (welcome.resumed);
    assert_int_equal (client.envelope.session, client.session);
    assert_int_equal (welcome.received, 3);
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 2);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

//  Said while the broker was away, by a client of the one before: they are answered by one session,
//  which its jobs outlive.
static void test_many_hellos_are_one_session (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client;
    wire_client_welcome_t welcome;
    uint8_t uuid [16];
    s_start (&rig, 2000, false);
    client = (peer_t){.rig = &rig, .session = 4711, .in = 9};
    zmq_msg_init (&client.message);
    entropy_uuid (client.uuid);
    client.dealer = s_connect (&rig, ZMQ_DEALER, "front");
    uint64_t session = 0;
    for (int i = 0; i < 3; i++)
        s_client_hello (&client);
    for (int i = 0; i < 3; i++) {
        s_expect (&client, client.dealer, WIRE_client_welcome);
        assert_true (wire_read_client_welcome (&client.body, &welcome));
        assert_true (!welcome.resumed && welcome.answers == 4711);
        assert_true (i == 0 || client.envelope.session == session);
        session = client.envelope.session;
    }
    client.session = session;
    client.in = 0;
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    s_expect (&client, client.dealer, WIRE_job_opened);
    //  One that has said something, and names another session, was elsewhere meanwhile
    client.session = 4712;
    s_client_hello (&client);
    s_expect (&client, client.dealer, WIRE_client_welcome);
    assert_true (wire_read_client_welcome (&client.body, &welcome));
    assert_true (!welcome.resumed && client.envelope.session != session);
    s_close (&client);
    s_end (&rig);
}

static void test_strangers_are_asked_who_they_are (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client;
    s_start (&rig, 2000, false);
    s_client_open (&client, &rig);
    client.session++;
    s_seal (&client, 1, 1);
    s_expect (&client, client.dealer, WIRE_who);
    s_close (&client);
    s_end (&rig);
}

static void test_a_gap_asks_for_a_hello (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client;
    uint8_t uuid [16];
    s_start (&rig, 2000, false);
    s_client_open (&client, &rig);
    client.out++;
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    s_expect (&client, client.dealer, WIRE_who);
    s_close (&client);
    s_end (&rig);
}

static void s_expect_refused (peer_t *self, cadre_error_t code, const char *part)
{
    wire_refused_t refused;
    char text [512];
    s_expect (self, self->dealer, WIRE_refused);
    assert_true (wire_read_refused (&self->body, &refused));
    view_copy (refused.message, text, sizeof text);
    assert_int_equal (refused.code, code);
    if (!strstr (text, part))
        fail_msg ("'%s' does not say '%s'", text, part);
}

static void test_hostile_clients_are_refused (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client;
    uint8_t uuid [16];
    s_start (&rig, 2000, false);
    wire_job_open_t open = s_job (1, uuid);
    //  Tasks that do not follow on
    s_client_open (&client, &rig);
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 5, 1);
    s_expect_refused (&client, CADRE_ERROR_PROTOCOL, "job_tasks");
    s_close (&client);
    //  A seal whose count is wrong
    s_client_open (&client, &rig);
    open = s_job (1, uuid);
    s_open_job (&client, &open);
    s_seal (&client, 1, 1);
    s_expect_refused (&client, CADRE_ERROR_PROTOCOL, "job_seal");
    s_close (&client);
    //  A job without number
    s_client_open (&client, &rig);
    open = s_job (0, uuid);
    s_open_job (&client, &open);
    s_expect_refused (&client, CADRE_ERROR_PROTOCOL, "job_open");
    s_close (&client);
    //  Tasks of a job that was never opened
    s_client_open (&client, &rig);
    s_send_tasks (&client, 9, 0, 1);
    s_expect_refused (&client, CADRE_ERROR_PROTOCOL, "job_tasks");
    s_close (&client);
    //  An acknowledgement of what was never sent
    s_client_open (&client, &rig);
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = client.session},
                     &(wire_beat_t){.received = 99});
    s_send (client.dealer, &frame);
    s_expect_refused (&client, CADRE_ERROR_PROTOCOL, "beat");
    s_close (&client);
    //  Another major version
    s_client_open (&client, &rig);
    wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = 2});
    frame.data [0] = 2;
    s_send (client.dealer, &frame);
    s_expect_refused (&client, CADRE_ERROR_VERSION,
                      "client speaks cadre protocol 2, this broker 1.0");
    s_close (&client);
    s_end (&rig);
}

static void test_garbage_is_dropped (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client;
    uint8_t bytes [200];
    s_start (&rig, 2000, false);
    s_client_open (&client, &rig);
    void *sockets [] = {s_connect (&rig, ZMQ_DEALER, "back"), s_connect (&rig, ZMQ_DEALER, "front"),
                        s_connect (&rig, ZMQ_PUSH, "sink")};
    for (size_t i = 0; i < 3000; i++) {
        entropy_fill (bytes, sizeof bytes);
        if (i % 2) {
            bytes [0] = 1;
            bytes [1] &= 0x7f;
            bytes [2] = bytes [3] = 0;
        }
        sockets_send_bytes (sockets [i % 3], bytes, i % sizeof bytes, 0);
    }
    for (size_t i = 0; i < 3; i++)
        sockets_destroy (&sockets [i]);
    //  The client's session has not noticed
    buffer_t frame = {0};
    wire_request_t request = {.id = 5, .what = wire_view ("broker.info")};
    wire_write_request (&frame, s_next (&client), &request);
    s_send (client.dealer, &frame);
    s_expect (&client, client.dealer, WIRE_reply);
    wire_reply_t reply;
    uint64_t refused = 0;
    assert_true (wire_read_reply (&client.body, &reply));
    cursor_t cursor = cursor_find (reply.body, "refused_frames");
    assert_true (cursor_uint (&cursor, &refused));
    s_close (&client);
    s_end (&rig);
}

static void test_requests_that_are_wrong_say_so (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client;
    wire_reply_t reply;
    char text [256];
    s_start (&rig, 2000, false);
    s_client_open (&client, &rig);
    buffer_t frame = {0}, arguments = {0};
    pack_map (&arguments, 1);
    pack_text (&arguments, "job");
    pack_uint (&arguments, 42);
    wire_request_t request = {
        .id = 5, .what = wire_view ("job.info"), .arguments = wire_view_of (&arguments)};
    wire_write_request (&frame, s_next (&client), &request);
    s_send (client.dealer, &frame);
    s_expect (&client, client.dealer, WIRE_reply);
    assert_true (wire_read_reply (&client.body, &reply));
    view_copy (reply.message, text, sizeof text);
    assert_int_equal (reply.code, CADRE_ERROR_NOT_FOUND);
    assert_string_equal (text, "no job 42: list them with: cadre job list");
    buffer_free (&arguments);
    s_close (&client);
    s_end (&rig);
}

static void test_a_job_of_a_lost_client_is_opened_anew (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker, again;
    uint8_t uuid [16];
    uint64_t index [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 5000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    s_submit_job (&client, &open, 1);
    wire_lane_tasks_t tasks = s_take (&worker, index, 16);
    buffer_t frame = {0};
    wire_write_goodbye (&frame, (wire_envelope_t){.session = client.session},
                        &(wire_goodbye_t){{0}});
    s_send (client.dealer, &frame);
    s_expect (&worker, worker.dealer, WIRE_cancel);
    s_client_open (&again, &rig);
    s_submit_job (&again, &open, 1);
    s_answer (&worker, tasks.job, tasks.serial, index, 1, CADRE_OUTCOME_CANCELLED);
    s_serve (&worker, 1);
    s_collect (&again, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 1);
    s_close (&client);
    s_close (&again);
    s_close (&worker);
    s_end (&rig);
}

static void s_write (peer_t *worker, const wire_lane_tasks_t *tasks, const char *text, uint64_t end)
{
    buffer_t frame = {0};
    wire_sink_output_t output = {.job = tasks->job,
                                 .serial = tasks->serial,
                                 .stream = WIRE_STREAM_STDOUT,
                                 .bytes = wire_view (text),
                                 .end = end};
    wire_write_sink_output (&frame, s_next (worker), &output);
    s_send (worker->sink, &frame);
}

static void s_expect_output (peer_t *client, const char *text)
{
    wire_output_t output;
    s_expect (client, client->dealer, WIRE_output);
    assert_true (wire_read_output (&client->body, &output));
    if (!view_is (output.bytes, text))
        fail_msg ("'%.*s' came, not '%s'", (int) output.bytes.size,
                  (const char *) output.bytes.data, text);
}

//  What was not acknowledged is sent again in the next session; what had come is not told twice
static void test_output_that_is_sent_again_is_told_once (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    uint64_t index [16];
    s_start (&rig, 5000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 1);
    wire_lane_tasks_t tasks = s_take (&worker, index, 16);
    s_write (&worker, &tasks, "one", 3);
    s_expect_output (&client, "one");
    buffer_t spans = {0};
    wire_pack_span (&spans, &(wire_span_t){.first = tasks.serial, .count = 1});
    wire_list_t held = wire_list_of (&spans, 1);
    s_worker_join (&worker, &held);
    s_write (&worker, &tasks, "one", 3);
    s_write (&worker, &tasks, "onetwo", 6); //  Cut in another way
    s_write (&worker, &tasks, "three", 11);
    s_expect_output (&client, "two");
    s_expect_output (&client, "three");
    s_answer (&worker, tasks.job, tasks.serial, index, 1, CADRE_OUTCOME_OK);
    s_expect (&client, client.dealer, WIRE_results);
    buffer_free (&spans);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

//  A broker that is in its last turn says nothing: a worker that is refused would give up, with all
//  that it holds.
static void test_a_broker_that_stops_refuses_no_worker (void **state)
{
    (void) state;
    for (int round = 0; round < 100; round++) {
        rig_t rig;
        s_start (&rig, 2000, false);
        peer_t worker = {.rig = &rig, .dealer = s_connect (&rig, ZMQ_DEALER, "back")};
        zmq_msg_init (&worker.message);
        entropy_uuid (worker.uuid);
        broker_signal (rig.broker, BROKER_STOP);
        for (int i = 0; i < 3; i++)
            s_worker_hello (&worker, NULL);
        pthread_join (rig.thread, NULL);
        assert_false (s_receive (&worker, worker.dealer, WIRE_refused, 1));
        s_close (&worker);
        broker_destroy (&rig.broker);
        sockets_context_destroy (&rig.context);
    }
}

//  ---- a broker that is full ---------------------------------------------------

#define PAYLOAD_BYTES 10000
#define BEYOND                                                                                     \
    64 //  Frames that are sent without a window: more than one that opens late has room for
#define BEATS_MOST 40 //  Frames without a word of what is waited for

//  Of so many payloads; none of them is ever run.
static void s_write_fill (peer_t *self, buffer_t *frame, uint64_t first, size_t count)
{
    static const uint8_t bytes [PAYLOAD_BYTES];
    buffer_t list = {0};
    for (size_t i = 0; i < count; i++) {
        pack_array (&list, 1);
        pack_blob (&list, bytes, sizeof bytes);
    }
    wire_job_tasks_t tasks = {.ref = 1, .first = first, .payloads = wire_list_of (&list, count)};
    wire_write_job_tasks (frame, s_next (self), &tasks);
    buffer_free (&list);
}

//  Waits until the window lets a frame of so many bytes through, or the client is told that the
//  broker's memory is full.
static bool s_is_let (peer_t *self, uint64_t sent, uint64_t *granted, size_t size, bool *told)
{
    for (int beats = 0; *granted - sent < size && beats < BEATS_MOST; beats++) {
        wire_window_t window;
        wire_notice_t notice;
        s_expect (self, self->dealer, 0);
        if (self->envelope.verb == WIRE_window && wire_read_window (&self->body, &window))
            *granted = window.bytes;
        if (self->envelope.verb == WIRE_notice && wire_read_notice (&self->body, &notice)
            && notice.code == CADRE_ERROR_MEMORY)
            *told = true;
    }
    return *granted - sent >= size;
}

//  A client that fills the broker, with frames of so many payloads; where it comes to stand depends
//  on them. One that sends on without a window is refused.
static bool s_fill (size_t payloads)
{
    rig_t rig;
    peer_t client;
    uint8_t uuid [16];
    bool told = false;
    unsigned beyond = 0;
    s_start_with (&rig, (broker_options_t){.lost_ms = 5000, .memory_bytes = 16u << 20});
    uint64_t granted = s_client_open (&client, &rig).window_bytes, sent = 0;
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    for (uint64_t first = 0;; first += payloads) {
        buffer_t frame = {0};
        s_write_fill (&client, &frame, first, payloads);
        bool let = !beyond && s_is_let (&client, sent + 1000, &granted, frame.size, &told);
        sent += frame.size;
        s_send (client.dealer, &frame);
        beyond += !let;
        if (beyond == BEYOND)
            break;
    }
    s_expect (&client, client.dealer, WIRE_refused);
    s_close (&client);
    s_end (&rig);
    return told;
}

static void test_who_waits_for_memory_is_told_why (void **state)
{
    (void) state;
    for (size_t payloads = 11; payloads < 100; payloads += 22)
        assert_true (s_fill (payloads));
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_session_is_resumed),
        cmocka_unit_test (test_many_hellos_are_one_session),
        cmocka_unit_test (test_strangers_are_asked_who_they_are),
        cmocka_unit_test (test_a_gap_asks_for_a_hello),
        cmocka_unit_test (test_hostile_clients_are_refused),
        cmocka_unit_test (test_garbage_is_dropped),
        cmocka_unit_test (test_requests_that_are_wrong_say_so),
        cmocka_unit_test (test_a_job_of_a_lost_client_is_opened_anew),
        cmocka_unit_test (test_output_that_is_sent_again_is_told_once),
        cmocka_unit_test (test_a_broker_that_stops_refuses_no_worker),
        cmocka_unit_test (test_who_waits_for_memory_is_told_why),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
