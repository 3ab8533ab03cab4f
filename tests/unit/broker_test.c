//  broker_test.c - a broker in a thread, with a client and workers written by hand on common/wire

#include "broker/broker.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/entropy.h"
#include "common/sockets.h"
#include "common/wire.h"

#define WAIT_MS 5000

typedef struct rig {
    void *context;
    broker_t *broker;
    pthread_t thread;
    char name [64];
} rig_t;

//  A peer: one DEALER, and a lane and a sink when it is a worker.
typedef struct peer {
    rig_t *rig;
    void *dealer;
    void *lane;
    void *sink;
    uint64_t session;
    uint64_t out;
    uint64_t in;
    uint64_t epoch;
    uint8_t uuid [16];
    zmq_msg_t message;
    wire_envelope_t envelope;
    cursor_t body;
} peer_t;

static void *s_run (void *argument)
{
    broker_run (argument);
    return NULL;
}

static void s_start (rig_t *self, uint32_t lost_ms, bool embedded)
{
    static int number;
    fault_t fault = {0};
    *self = (rig_t){0};
    snprintf (self->name, sizeof self->name, "inproc://rig-%d", ++number);
    self->context = sockets_context_new (1, 1000, &fault);
    broker_options_t options = {
        .name = "rig", .listen = self->name, .beat_ms = 50, .lost_ms = lost_ms, .embedded = embedded};
    self->broker = broker_new (self->context, &options, &fault);
    assert_string_equal (fault.text, "");
    assert_non_null (self->broker);
    assert_int_equal (pthread_create (&self->thread, NULL, s_run, self->broker), 0);
}

static void s_end (rig_t *self)
{
    broker_signal (self->broker, BROKER_STOP);
    pthread_join (self->thread, NULL);
    broker_destroy (&self->broker);
    sockets_context_destroy (&self->context);
}

static void *s_connect (rig_t *rig, int type, const char *place)
{
    char endpoint [128];
    fault_t fault = {0};
    snprintf (endpoint, sizeof endpoint, "%s/%s", rig->name, place);
    void *socket = sockets_new_once (rig->context, type, &fault);
    assert_int_equal (sockets_connect (socket, endpoint, &fault), CADRE_OK);
    return socket;
}

static void s_close (peer_t *self)
{
    zmq_msg_close (&self->message);
    sockets_destroy (&self->dealer);
    sockets_destroy (&self->lane);
    sockets_destroy (&self->sink);
}

static void s_send (void *socket, buffer_t *frame)
{
    assert_int_equal (sockets_send_bytes (socket, frame->data, frame->size, 0), CADRE_OK);
    buffer_free (frame);
}

//  Next frame of that verb (0: any) from the socket; beats, windows and states are passed over. False when none comes.
static bool s_receive (peer_t *self, void *socket, unsigned verb, int wait_ms)
{
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
    for (;;) {
        if (zmq_poll (&item, 1, wait_ms) <= 0)
            return false;
        assert_int_equal (sockets_receive (socket, &self->message), CADRE_OK);
        assert_int_equal (wire_open (zmq_msg_data (&self->message), zmq_msg_size (&self->message),
                                     &self->envelope, &self->body),
                          CADRE_OK);
        if (self->envelope.sequence && socket == self->dealer)
            assert_int_equal (self->envelope.sequence, ++self->in);
        if (verb == 0 || self->envelope.verb == verb)
            return true;
    }
}

static void s_expect (peer_t *self, void *socket, unsigned verb)
{
    if (!s_receive (self, socket, verb, WAIT_MS))
        fail_msg ("no %s came", wire_verb_name (verb));
}

//  ---- client -------------------------------------------------------------

static void s_client_hello (peer_t *self)
{
    buffer_t frame = {0};
    wire_client_hello_t hello = {.magic = wire_view ("cadre"),
                                 .major = 1,
                                 .uuid = {.data = self->uuid, .size = 16},
                                 .name = wire_view ("test"),
                                 .received = self->in,
                                 .window_tasks = 1000000,
                                 .window_bytes = 1u << 30};
    wire_write_client_hello (&frame, (wire_envelope_t){0}, &hello);
    s_send (self->dealer, &frame);
}

static wire_client_welcome_t s_client_open (peer_t *self, rig_t *rig)
{
    wire_client_welcome_t welcome;
    *self = (peer_t){.rig = rig};
    zmq_msg_init (&self->message);
    entropy_uuid (self->uuid);
    self->dealer = s_connect (rig, ZMQ_DEALER, "front");
    s_client_hello (self);
    s_expect (self, self->dealer, WIRE_client_welcome);
    assert_true (wire_read_client_welcome (&self->body, &welcome));
    self->session = self->envelope.session;
    return welcome;
}

static wire_envelope_t s_next (peer_t *self)
{
    return (wire_envelope_t){.session = self->session, .sequence = ++self->out};
}

static wire_job_open_t s_job (uint64_t ref, uint8_t uuid [16])
{
    entropy_uuid (uuid);
    return (wire_job_open_t){.ref = ref,
                             .uuid = {.data = uuid, .size = 16},
                             .kind = WIRE_KIND_CALL,
                             .function = wire_view ("square"),
                             .retries_lost = 2};
}

static void s_open_job (peer_t *self, const wire_job_open_t *open)
{
    buffer_t frame = {0};
    wire_write_job_open (&frame, s_next (self), open);
    s_send (self->dealer, &frame);
}

static void s_send_tasks (peer_t *self, uint64_t ref, uint64_t first, size_t count)
{
    buffer_t frame = {0}, list = {0};
    for (size_t i = 0; i < count; i++) {
        pack_array (&list, 1);
        pack_uint (&list, first + i);
    }
    wire_job_tasks_t tasks = {.ref = ref, .first = first, .payloads = wire_list_of (&list, count)};
    wire_write_job_tasks (&frame, s_next (self), &tasks);
    s_send (self->dealer, &frame);
    buffer_free (&list);
}

static void s_seal (peer_t *self, uint64_t ref, uint64_t count)
{
    buffer_t frame = {0};
    wire_write_job_seal (&frame, s_next (self), &(wire_job_seal_t){.ref = ref, .count = count});
    s_send (self->dealer, &frame);
}

//  Reads until the job's last state, and counts results by outcome; the last result's text fields go to message.
static wire_job_state_t s_collect (peer_t *self, uint64_t ref, size_t outcomes [CADRE_OUTCOMES_COUNT],
                                   char *message)
{
    wire_job_state_t state;
    memset (outcomes, 0, CADRE_OUTCOMES_COUNT * sizeof (size_t));
    for (;;) {
        assert_true (s_receive (self, self->dealer, 0, WAIT_MS));
        if (self->envelope.verb == WIRE_job_state) {
            assert_true (wire_read_job_state (&self->body, &state));
            if (state.ref == ref && state.final)
                return state;
        }
        if (self->envelope.verb != WIRE_results)
            continue;
        wire_results_t results;
        assert_true (wire_read_results (&self->body, &results) && cursor_done (&self->body));
        cursor_t cursor = cursor_of_view (results.results.values);
        for (size_t i = 0; i < results.results.count; i++) {
            wire_result_t result;
            assert_true (wire_read_result (&cursor, &result));
            assert_int_equal (result.ref, ref);
            outcomes [result.outcome]++;
            cursor_t value = cursor_of_view (result.value);
            uint64_t number = 0;
            if (result.outcome == CADRE_OUTCOME_OK && cursor_uint (&value, &number))
                assert_int_equal (number, result.index * result.index);
            view_t text = {0};
            cursor_t detail = cursor_find (result.detail, "message");
            if (message && cursor_text (&detail, &text))
                view_copy (text, message, 512);
        }
    }
}

//  ---- worker -------------------------------------------------------------

static void s_worker_hello (peer_t *self, const wire_list_t *held)
{
    buffer_t frame = {0}, functions = {0};
    wire_function_t function = {
        .name = wire_view ("square"), .takes = wire_view ("i"), .says = wire_view ("")};
    wire_pack_function (&functions, &function);
    wire_worker_hello_t hello = {.magic = wire_view ("cadre"),
                                 .major = 1,
                                 .uuid = {.data = self->uuid, .size = 16},
                                 .name = wire_view ("fake"),
                                 .host = wire_view ("here"),
                                 .scheme = wire_view ("inproc"),
                                 .slots = 2,
                                 .functions = wire_list_of (&functions, 1),
                                 .epoch = self->epoch};
    if (held)
        hello.held = *held;
    wire_write_worker_hello (&frame, (wire_envelope_t){0}, &hello);
    s_send (self->dealer, &frame);
    buffer_free (&functions);
}

static wire_worker_welcome_t s_worker_join (peer_t *self, const wire_list_t *held)
{
    char place [64];
    buffer_t frame = {0};
    wire_worker_welcome_t welcome;
    sockets_destroy (&self->lane);
    sockets_destroy (&self->sink);
    s_worker_hello (self, held);
    s_expect (self, self->dealer, WIRE_worker_welcome);
    assert_true (wire_read_worker_welcome (&self->body, &welcome));
    self->session = self->envelope.session;
    self->epoch = welcome.epoch;
    self->out = 0;
    snprintf (place, sizeof place, "lane-%u", (unsigned) welcome.lane);
    self->lane = s_connect (self->rig, ZMQ_PULL, place);
    self->sink = s_connect (self->rig, ZMQ_PUSH, "sink");
    wire_worker_welcome_t copy = welcome;
    copy.adopted.values = (view_t){0};
    s_expect (self, self->lane, WIRE_lane_hello);
    assert_int_equal (self->envelope.sequence, 1);
    assert_int_equal (self->envelope.session, self->session);
    wire_lane_open_t open = {.tasks = 100000, .bytes = 1u << 30};
    wire_write_lane_open (&frame, (wire_envelope_t){.session = self->session}, &open);
    s_send (self->dealer, &frame);
    return copy;
}

static void s_worker_open (peer_t *self, rig_t *rig)
{
    *self = (peer_t){.rig = rig};
    zmq_msg_init (&self->message);
    entropy_uuid (self->uuid);
    self->dealer = s_connect (rig, ZMQ_DEALER, "back");
    s_worker_join (self, NULL);
}

//  Takes one batch from the lane: its job, first lease and the indexes.
static wire_lane_tasks_t s_take (peer_t *self, uint64_t *index, size_t max)
{
    wire_lane_tasks_t tasks;
    s_expect (self, self->lane, WIRE_lane_tasks);
    assert_true (wire_read_lane_tasks (&self->body, &tasks));
    cursor_t cursor = cursor_of_view (tasks.tasks.values);
    assert_true (tasks.tasks.count <= max);
    for (size_t i = 0; i < tasks.tasks.count; i++) {
        wire_lane_task_t task;
        assert_true (wire_read_lane_task (&cursor, &task));
        index [i] = task.index;
    }
    return tasks;
}

static void s_answer (peer_t *self, uint64_t job, uint64_t serial, const uint64_t *index, size_t count,
                      unsigned outcome)
{
    buffer_t frame = {0}, list = {0}, value = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_clear (&value);
        pack_uint (&value, index [i] * index [i]);
        wire_sink_result_t result = {.job = job,
                                     .index = index [i],
                                     .serial = serial + i,
                                     .outcome = outcome,
                                     .run_us = 10,
                                     .value = wire_view_of (&value)};
        wire_pack_sink_result (&list, &result);
    }
    wire_sink_results_t results = {.results = wire_list_of (&list, count)};
    wire_write_sink_results (&frame, s_next (self), &results);
    s_send (self->sink, &frame);
    buffer_free (&list);
    buffer_free (&value);
}

//  Serves until nothing has come for a while; returns how many tasks it ran.
static size_t s_serve (peer_t *self, size_t wanted)
{
    uint64_t index [4096];
    size_t served = 0;
    while (served < wanted) {
        wire_lane_tasks_t tasks = s_take (self, index, 4096);
        s_answer (self, tasks.job, tasks.serial, index, tasks.tasks.count, CADRE_OUTCOME_OK);
        served += tasks.tasks.count;
    }
    return served;
}

//  ---- tests --------------------------------------------------------------

static void test_a_job_runs (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    wire_client_welcome_t welcome = s_client_open (&client, &rig);
    assert_false (welcome.resumed);
    assert_true (welcome.window_tasks >= 1000);
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 600);
    s_send_tasks (&client, 1, 600, 400);
    s_seal (&client, 1, 1000);
    assert_int_equal (s_serve (&worker, 1000), 1000);
    wire_job_state_t last = s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 1000);
    assert_int_equal (last.done, 1000);
    assert_int_equal (last.total, 1000);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

//  Two slots and no measured time: two tasks wait at the worker, not more.
static void test_no_look_ahead_before_measured (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    uint64_t index [16];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 10);
    s_seal (&client, 1, 10);
    wire_lane_tasks_t tasks = s_take (&worker, index, 16);
    assert_int_equal (tasks.tasks.count, 2);
    assert_false (s_receive (&worker, worker.lane, WIRE_lane_tasks, 100));
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

static void test_unknown_function_names_the_nearest (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    char message [512] = "";
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    open.function = wire_view ("sqare");
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 3);
    s_seal (&client, 1, 3);
    s_worker_open (&worker, &rig);
    s_collect (&client, 1, outcomes, message);
    assert_int_equal (outcomes [CADRE_OUTCOME_ERROR], 3);
    assert_non_null (strstr (message, "no worker offers 'sqare'; nearest: square"));
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

static void test_a_lost_worker_s_tasks_run_elsewhere (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker, other;
    uint8_t uuid [16];
    uint64_t index [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 300, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 2);
    s_seal (&client, 1, 2);
    s_take (&worker, index, 16);
    s_close (&worker);
    //  Nothing is heard of it any more; the client keeps its session by beats
    for (int i = 0; i < 8; i++) {
        buffer_t frame = {0};
        wire_write_beat (&frame, (wire_envelope_t){.session = client.session},
                         &(wire_beat_t){.received = client.in});
        s_send (client.dealer, &frame);
        assert_false (s_receive (&client, client.dealer, WIRE_results, 50));
    }
    s_worker_open (&other, &rig);
    assert_int_equal (s_serve (&other, 2), 2);
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 2);
    s_close (&client);
    s_close (&other);
    s_end (&rig);
}

static void test_held_leases_are_adopted (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    uint64_t index [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 2);
    s_seal (&client, 1, 2);
    wire_lane_tasks_t tasks = s_take (&worker, index, 16);
    assert_int_equal (tasks.tasks.count, 2);
    //  It says HELLO again and holds only the first of the two
    buffer_t held = {0};
    wire_pack_span (&held, &(wire_span_t){.first = tasks.serial, .count = 1});
    wire_list_t list = wire_list_of (&held, 1);
    wire_worker_welcome_t welcome = s_worker_join (&worker, &list);
    assert_int_equal (welcome.adopted.count, 1);
    s_answer (&worker, tasks.job, tasks.serial, index, 1, CADRE_OUTCOME_OK);
    //  The other one comes again, under a new lease; its old one is stale
    s_answer (&worker, tasks.job, tasks.serial + 1, index + 1, 1, CADRE_OUTCOME_ERROR);
    uint64_t again [16];
    wire_lane_tasks_t second = s_take (&worker, again, 16);
    assert_int_equal (second.tasks.count, 1);
    assert_int_equal (again [0], index [1]);
    assert_true (second.serial > tasks.serial + 1);
    s_answer (&worker, second.job, second.serial, again, 1, CADRE_OUTCOME_OK);
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 2);
    buffer_free (&held);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

static void test_a_failed_task_is_retried (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    uint64_t index [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 5000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    open.retries = 1;
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 1);
    s_seal (&client, 1, 1);
    for (int i = 0; i < 2; i++) {
        wire_lane_tasks_t tasks = s_take (&worker, index, 16);
        s_answer (&worker, tasks.job, tasks.serial, index, 1, CADRE_OUTCOME_ERROR);
    }
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_ERROR], 1);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

static void test_cancel_ends_waiting_and_asks_running (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    uint64_t index [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (7, uuid);
    s_open_job (&client, &open);
    s_send_tasks (&client, 7, 0, 10);
    s_seal (&client, 7, 10);
    wire_lane_tasks_t tasks = s_take (&worker, index, 16);
    buffer_t frame = {0};
    wire_write_job_cancel (&frame, s_next (&client), &(wire_job_cancel_t){.ref = 7, .all = true});
    s_send (client.dealer, &frame);
    s_expect (&worker, worker.dealer, WIRE_cancel);
    wire_cancel_t cancel;
    assert_true (wire_read_cancel (&worker.body, &cancel));
    assert_int_equal (cancel.leases.count, 1);
    s_answer (&worker, tasks.job, tasks.serial, index, tasks.tasks.count, CADRE_OUTCOME_CANCELLED);
    s_collect (&client, 7, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_CANCELLED], 10);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

static void test_a_session_is_resumed (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 2);
    s_seal (&client, 1, 2);
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
    wire_write_beat (&frame, (wire_envelope_t){.session = client.session}, &(wire_beat_t){.received = 99});
    s_send (client.dealer, &frame);
    s_expect_refused (&client, CADRE_ERROR_PROTOCOL, "beat");
    s_close (&client);
    //  Another major version
    s_client_open (&client, &rig);
    wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = 2});
    frame.data [0] = 2;
    s_send (client.dealer, &frame);
    s_expect_refused (&client, CADRE_ERROR_VERSION, "client speaks cadre protocol 2, this broker 1.0");
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

static void test_a_detached_job_is_followed (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker, other;
    uint8_t uuid [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    open.detached = true;
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 4);
    s_seal (&client, 1, 4);
    s_expect (&client, client.dealer, WIRE_job_opened);
    wire_job_opened_t opened;
    assert_true (wire_read_job_opened (&client.body, &opened));
    uint64_t number = opened.number;
    s_close (&client);
    s_serve (&worker, 2);
    s_client_open (&other, &rig);
    buffer_t frame = {0};
    wire_job_follow_t follow = {.ref = 3, .number = number, .results = true, .wait = true};
    wire_write_job_follow (&frame, s_next (&other), &follow);
    s_send (other.dealer, &frame);
    s_serve (&worker, 2);
    s_collect (&other, 3, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 4);
    s_close (&other);
    s_close (&worker);
    s_end (&rig);
}

//  Who opened it is told how it goes, and gets no results.
static void test_the_opener_of_a_detached_job_hears_of_its_end (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    open.detached = true;
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 4);
    s_seal (&client, 1, 4);
    s_serve (&worker, 4);
    wire_job_state_t last = s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (last.done, 4);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 0);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

//  The client says goodbye while a task runs; its job can be opened anew, under the same UUID, before that task has ended.
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
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 1);
    s_seal (&client, 1, 1);
    wire_lane_tasks_t tasks = s_take (&worker, index, 16);
    buffer_t frame = {0};
    wire_write_goodbye (&frame, (wire_envelope_t){.session = client.session}, &(wire_goodbye_t){{0}});
    s_send (client.dealer, &frame);
    s_expect (&worker, worker.dealer, WIRE_cancel);
    s_client_open (&again, &rig);
    s_open_job (&again, &open);
    s_send_tasks (&again, 1, 0, 1);
    s_seal (&again, 1, 1);
    s_answer (&worker, tasks.job, tasks.serial, index, 1, CADRE_OUTCOME_CANCELLED);
    s_serve (&worker, 1);
    s_collect (&again, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 1);
    s_close (&client);
    s_close (&again);
    s_close (&worker);
    s_end (&rig);
}

//  A task of 700 KiB goes through in parts, both ways.
static void test_large_payloads (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    const size_t size = 700 * 1024;
    s_start (&rig, 5000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    buffer_t payload = {0}, frame = {0}, item = {0};
    uint8_t *bytes = calloc (1, size);
    pack_array (&payload, 1);
    pack_blob (&payload, bytes, size);
    for (size_t at = 0; at < payload.size; at += WIRE_PART_MAX) {
        size_t left = payload.size - at < WIRE_PART_MAX ? payload.size - at : WIRE_PART_MAX;
        wire_part_t part = {
            .payload = 9, .total = payload.size, .bytes = {.data = payload.data + at, .size = left}};
        wire_write_part (&frame, s_next (&client), &part);
        s_send (client.dealer, &frame);
    }
    wire_pack_parts (&item, 9);
    wire_job_tasks_t tasks = {.ref = 1, .first = 0, .payloads = wire_list_of (&item, 1)};
    wire_write_job_tasks (&frame, s_next (&client), &tasks);
    s_send (client.dealer, &frame);
    s_seal (&client, 1, 1);
    //  It arrives at the worker, in parts
    size_t got = 0;
    wire_part_t part;
    while (got < payload.size) {
        s_expect (&worker, worker.lane, WIRE_part);
        assert_true (wire_read_part (&worker.body, &part));
        assert_int_equal (part.total, payload.size);
        got += part.bytes.size;
    }
    uint64_t index [16];
    wire_lane_tasks_t given = s_take (&worker, index, 16);
    assert_int_equal (given.tasks.count, 1);
    //  The value goes back the same way, and before the last state
    for (size_t at = 0; at < payload.size; at += WIRE_PART_MAX) {
        size_t left = payload.size - at < WIRE_PART_MAX ? payload.size - at : WIRE_PART_MAX;
        part = (wire_part_t){
            .payload = 4, .total = payload.size, .bytes = {.data = payload.data + at, .size = left}};
        wire_write_part (&frame, s_next (&worker), &part);
        s_send (worker.sink, &frame);
    }
    buffer_clear (&item);
    wire_pack_parts (&item, 4);
    wire_sink_result_t result = {.job = given.job,
                                 .serial = given.serial,
                                 .outcome = CADRE_OUTCOME_OK,
                                 .run_us = 1,
                                 .value = wire_view_of (&item)};
    buffer_t list = {0};
    wire_pack_sink_result (&list, &result);
    wire_sink_results_t results = {.results = wire_list_of (&list, 1)};
    wire_write_sink_results (&frame, s_next (&worker), &results);
    s_send (worker.sink, &frame);
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    for (got = 0; got < payload.size; got += part.bytes.size) {
        s_expect (&client, client.dealer, WIRE_part);
        assert_true (wire_read_part (&client.body, &part));
    }
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 1);
    buffer_free (&payload);
    buffer_free (&item);
    buffer_free (&list);
    free (bytes);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_job_runs),
        cmocka_unit_test (test_no_look_ahead_before_measured),
        cmocka_unit_test (test_unknown_function_names_the_nearest),
        cmocka_unit_test (test_a_lost_worker_s_tasks_run_elsewhere),
        cmocka_unit_test (test_held_leases_are_adopted),
        cmocka_unit_test (test_a_failed_task_is_retried),
        cmocka_unit_test (test_cancel_ends_waiting_and_asks_running),
        cmocka_unit_test (test_a_session_is_resumed),
        cmocka_unit_test (test_strangers_are_asked_who_they_are),
        cmocka_unit_test (test_a_gap_asks_for_a_hello),
        cmocka_unit_test (test_hostile_clients_are_refused),
        cmocka_unit_test (test_garbage_is_dropped),
        cmocka_unit_test (test_requests_that_are_wrong_say_so),
        cmocka_unit_test (test_a_detached_job_is_followed),
        cmocka_unit_test (test_the_opener_of_a_detached_job_hears_of_its_end),
        cmocka_unit_test (test_a_job_of_a_lost_client_is_opened_anew),
        cmocka_unit_test (test_large_payloads),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
