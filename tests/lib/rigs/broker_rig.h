/*  broker_rig.h - rig: a real broker in a thread, over inproc; its client and workers are played by
 *  the test
 *
 *  For cmocka programs: an answer that differs from what is expected fails the test.
 */

#ifndef TESTS_LIB_RIGS_BROKER_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_BROKER_RIG_H_INCLUDED

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/broker.h"
#include "common/entropy.h"
#include "common/pack.h"
#include "common/sockets.h"
#include "common/wire.h"

#define WAIT_MS 5000

typedef struct rig {
    void *context;    // ZeroMQ's
    broker_t *broker; // under test
    pthread_t thread; // where it runs
    char name [64];   // its address
} rig_t;

//  A peer: one DEALER, and a lane and a sink when it is a worker.
typedef struct peer {
    rig_t *rig;               // where the broker is
    void *dealer;             // front or back
    void *lane;               // of a worker
    void *sink;               // of a worker
    uint64_t session;         // given by the broker
    uint64_t out;             // highest number sent
    uint64_t in;              // highest number received
    uint64_t epoch;           // of the leases
    uint8_t uuid [16];        // identity
    zmq_msg_t message;        // the frame at hand
    wire_envelope_t envelope; // its envelope
    cursor_t body;            // and body
} peer_t;

static inline void *s_run (void *argument)
{
    fault_t fault = {0};
    broker_run (argument, &fault);
    return NULL;
}

static inline void s_start_with (rig_t *self, broker_options_t options)
{
    static int number;
    fault_t fault = {0};
    *self = (rig_t){0};
    snprintf (self->name, sizeof self->name, "inproc://rig-%d", ++number);
    self->context = sockets_context_new (1, 1000, &fault);
    options.name = "rig";
    options.listen = self->name;
    options.beat_ms = 50;
    self->broker = broker_new (self->context, &options, &fault);
    assert_string_equal (fault.text, "");
    assert_non_null (self->broker);
    assert_int_equal (pthread_create (&self->thread, NULL, s_run, self->broker), 0);
}

static inline void s_start (rig_t *self, uint32_t lost_ms, bool embedded)
{
    s_start_with (self, (broker_options_t){.lost_ms = lost_ms, .embedded = embedded});
}

static inline void s_end (rig_t *self)
{
    broker_signal (self->broker, BROKER_STOP);
    pthread_join (self->thread, NULL);
    broker_destroy (&self->broker);
    sockets_context_destroy (&self->context);
}

static inline void *s_connect (rig_t *rig, int type, const char *place)
{
    char endpoint [128];
    fault_t fault = {0};
    snprintf (endpoint, sizeof endpoint, "%s/%s", rig->name, place);
    void *socket = sockets_new_once (rig->context, type, &fault);
    assert_int_equal (sockets_connect (socket, endpoint, &fault), CADRE_OK);
    return socket;
}

static inline void s_close (peer_t *self)
{
    zmq_msg_close (&self->message);
    sockets_destroy (&self->dealer);
    sockets_destroy (&self->lane);
    sockets_destroy (&self->sink);
}

static inline void s_send (void *socket, buffer_t *frame)
{
    assert_int_equal (sockets_send_bytes (socket, frame->data, frame->size, 0), CADRE_OK);
    buffer_free (frame);
}

//  Next frame of that verb (0: any) from the socket; beats, windows and states are passed over.
//  False when none comes.
static inline bool s_receive (peer_t *self, void *socket, unsigned verb, int wait_ms)
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

static inline void s_expect (peer_t *self, void *socket, unsigned verb)
{
    if (!s_receive (self, socket, verb, WAIT_MS))
        fail_msg ("no %s came", wire_verb_name (verb));
}

//  ---- client -------------------------------------------------------------

static inline void s_client_hello (peer_t *self)
{
    buffer_t frame = {0};
    wire_client_hello_t hello = {.magic = wire_view ("cadre"),
                                 .major = 1,
                                 .uuid = {.data = self->uuid, .size = 16},
                                 .name = wire_view ("test"),
                                 .received = self->in,
                                 .window_tasks = 1000000,
                                 .window_bytes = 1u << 30};
    wire_write_client_hello (&frame, (wire_envelope_t){.session = self->session}, &hello);
    s_send (self->dealer, &frame);
}

static inline wire_client_welcome_t s_client_open (peer_t *self, rig_t *rig)
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

static inline wire_envelope_t s_next (peer_t *self)
{
    return (wire_envelope_t){.session = self->session, .sequence = ++self->out};
}

static inline wire_job_open_t s_job (uint64_t ref, uint8_t uuid [16])
{
    entropy_uuid (uuid);
    return (wire_job_open_t){.ref = ref,
                             .uuid = {.data = uuid, .size = 16},
                             .kind = WIRE_KIND_CALL,
                             .function = wire_view ("square"),
                             .retries_lost = 2};
}

static inline void s_open_job (peer_t *self, const wire_job_open_t *open)
{
    buffer_t frame = {0};
    wire_write_job_open (&frame, s_next (self), open);
    s_send (self->dealer, &frame);
}

static inline void s_send_tasks (peer_t *self, uint64_t ref, uint64_t first, size_t count)
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

static inline void s_seal (peer_t *self, uint64_t ref, uint64_t count)
{
    buffer_t frame = {0};
    wire_write_job_seal (&frame, s_next (self), &(wire_job_seal_t){.ref = ref, .count = count});
    s_send (self->dealer, &frame);
}

//  A job of COUNT tasks, opened, sent and sealed.
static inline void s_submit_job (peer_t *self, const wire_job_open_t *open, uint64_t count)
{
    s_open_job (self, open);
    s_send_tasks (self, open->ref, 0, count);
    s_seal (self, open->ref, count);
}

static inline void s_submit (peer_t *self, uint64_t ref, uint64_t count)
{
    uint8_t uuid [16];
    wire_job_open_t open = s_job (ref, uuid);
    s_submit_job (self, &open, count);
}

//  Reads until the job's last state, and counts results by outcome; the last result's text fields
//  go to message.
static inline wire_job_state_t s_collect (peer_t *self, uint64_t ref,
                                          size_t outcomes [CADRE_OUTCOMES_COUNT], char *message)
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

static inline void s_worker_hello (peer_t *self, const wire_list_t *held)
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

static inline wire_worker_welcome_t s_worker_join (peer_t *self, const wire_list_t *held)
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

static inline void s_worker_open (peer_t *self, rig_t *rig)
{
    *self = (peer_t){.rig = rig};
    zmq_msg_init (&self->message);
    entropy_uuid (self->uuid);
    self->dealer = s_connect (rig, ZMQ_DEALER, "back");
    s_worker_join (self, NULL);
}

//  Takes one batch from the lane: its job, first lease and the indexes.
static inline wire_lane_tasks_t s_take (peer_t *self, uint64_t *index, size_t max)
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

static inline void s_answer (peer_t *self, uint64_t job, uint64_t serial, const uint64_t *index,
                             size_t count, unsigned outcome)
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
static inline size_t s_serve (peer_t *self, size_t wanted)
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

#endif
