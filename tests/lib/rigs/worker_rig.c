//  worker_rig.c - rig: a real worker in a thread; its broker is played by the test

#include "tests/lib/rigs/worker_rig.h"

#include "common/pack.h"
#include "common/parts.h"
#include "common/sockets.h"
#include "common/stream.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 20000

struct worker_rig {
    void *context;                // ZeroMQ's
    void *back;                   // ROUTER
    void *sink;                   // PULL
    void *lane;                   // PUSH of the session
    sockets_route_t route;        // of the worker
    uint64_t session;             // of the worker
    unsigned lanes;               // so far
    stream_t *out;                // what goes through the lane
    stream_in_t in;               // what comes through the sink
    parts_t *parts;               // of the session
    uint64_t serial;              // the last lease
    bool open;                    // LANE_OPEN has come
    bool adopt;                   // the next HELLO's leases
    bool goodbye;                 // the worker has left
    size_t functions;             // that it offers
    worker_rig_result_t *results; // all
    size_t count;                 // of results
    buffer_t output;              // of tasks
    pthread_t thread;             // of the worker
    worker_options_t options;     // for it
    worker_t *worker;             // while it runs
    _Atomic int phase;            // 0 starting, 1 running, 2 has left
    _Atomic bool leave;           // the worker may be destroyed, by its own thread
};

static void *s_worker_thread (void *argument)
{
    worker_rig_t *self = argument;
    fault_t fault = {0};
    self->worker = worker_new (self->context, &self->options, &fault);
    if (!self->worker)
        fprintf (stderr, "worker_new: %s\n", fault.text);
    assert (self->worker);
    self->phase = 1;
    worker_run (self->worker, &fault);
    if (fault.code)
        fprintf (stderr, "worker_run: %s\n", fault.text);
    self->phase = 2;
    while (!self->leave)
        poll (NULL, 0, 1);
    worker_destroy (&self->worker);
    return NULL;
}

static void s_send_back (worker_rig_t *self, buffer_t *frame)
{
    sockets_send_bytes_to (self->back, self->route, frame->data, frame->size, 0);
    buffer_free (frame);
}

static void s_push (worker_rig_t *self)
{
    const buffer_t *frame;
    while (self->lane && (frame = stream_next (self->out)))
        if (sockets_send_bytes (self->lane, frame->data, frame->size, ZMQ_DONTWAIT)) {
            stream_unsend (self->out); // Nobody is there yet
            return;
        }
}

static worker_rig_result_t *s_add (worker_rig_t *self, uint64_t serial)
{
    self->results = realloc (self->results, (self->count + 1) * sizeof (worker_rig_result_t));
    assert (self->results);
    self->results [self->count] = (worker_rig_result_t){.serial = serial};
    return &self->results [self->count++];
}

static const worker_rig_result_t *s_answer (const worker_rig_t *self, uint64_t serial)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->results [i].serial == serial)
            return &self->results [i];
    return NULL;
}

static bool s_holds (const wire_list_t *held, uint64_t serial)
{
    wire_span_t span;
    cursor_t cursor = cursor_of_view (held->values);
    while (wire_read_span (&cursor, &span))
        if (serial - span.first < span.count)
            return true;
    return false;
}

//  What the worker does not hold any more never reached it, or was lost with a session.
static void s_find_lost (worker_rig_t *self, const wire_list_t *held)
{
    for (uint64_t serial = 1; serial <= self->serial; serial++)
        if (!s_answer (self, serial) && !(self->adopt && s_holds (held, serial)))
            s_add (self, serial)->outcome = CADRE_OUTCOME_WORKER_LOST;
}

static void s_on_hello (worker_rig_t *self, cursor_t *body)
{
    char endpoint [64];
    wire_worker_hello_t hello;
    buffer_t frame = {0};
    fault_t fault = {0};
    assert (wire_read_worker_hello (body, &hello));
    self->functions = hello.functions.count;
    s_find_lost (self, &hello.held);
    sockets_destroy (&self->lane);
    self->lane = sockets_new (self->context, ZMQ_PUSH, &fault);
    snprintf (endpoint, sizeof endpoint, "%s/lane-%u", self->options.broker, ++self->lanes);
    assert (sockets_bind (self->lane, endpoint, &fault) == CADRE_OK);
    self->session += 100;
    self->in = (stream_in_t){0};
    stream_destroy (&self->out);
    self->out = stream_new (self->session);
    parts_destroy (&self->parts);
    self->parts = parts_new ();
    self->open = false;
    wire_write_worker_welcome (
        &frame, (wire_envelope_t){.session = self->session},
        &(wire_worker_welcome_t){.lane = self->lanes,
                                 .epoch = 1,
                                 .beat_ms = 1000,
                                 .lost_ms = 5000,
                                 .sink_bytes = 1 << 24,
                                 .output_bytes = 1 << 20,
                                 .adopted = self->adopt ? hello.held : (wire_list_t){0}});
    s_send_back (self, &frame);
    wire_write_lane_hello (&frame, (wire_envelope_t){0}, &(wire_lane_hello_t){.minor = 0});
    stream_put (self->out, &frame, 0, false);
    s_push (self);
}

static void s_on_back (worker_rig_t *self, uint8_t verb, uint64_t session, cursor_t *body)
{
    wire_lane_open_t open;
    wire_window_t window;
    if (verb == WIRE_worker_hello)
        s_on_hello (self, body);
    if (verb != WIRE_worker_hello && session != self->session)
        return;
    if (verb == WIRE_lane_open && wire_read_lane_open (body, &open)) {
        self->open = true;
        stream_grant (self->out, open.tasks, open.bytes);
    }
    if (verb == WIRE_window && wire_read_window (body, &window))
        stream_grant (self->out, window.tasks, window.bytes);
    s_push (self);
}

static void s_text (view_t detail, const char *key, char *text, size_t size)
{
    cursor_t cursor = cursor_find (detail, key);
    view_t value;
    if (cursor_text (&cursor, &value))
        view_copy (value, text, size);
}

static void s_on_result (worker_rig_t *self, const wire_sink_result_t *fields)
{
    char kind [128] = "", message [800] = "";
    uint64_t number = wire_parts_of (fields->value);
    worker_rig_result_t *result = s_add (self, fields->serial);
    result->outcome = (cadre_outcome_t) fields->outcome;
    result->code = fields->code;
    if (number)
        assert (parts_take (self->parts, number, &result->value));
    else
        buffer_append (&result->value, fields->value.data, fields->value.size);
    cursor_t cursor = cursor_of_view (fields->detail);
    if (cursor_peek (&cursor) != CURSOR_MAP)
        return;
    s_text (fields->detail, "kind", kind, sizeof kind);
    s_text (fields->detail, "message", message, sizeof message);
    snprintf (result->detail, sizeof result->detail, "%s: %s", kind, message);
    cursor = cursor_find (fields->detail, "abandoned");
    cursor_bool (&cursor, &result->abandoned);
}

static void s_on_results (worker_rig_t *self, cursor_t *body)
{
    wire_sink_results_t fields;
    wire_sink_result_t result;
    assert (wire_read_sink_results (body, &fields));
    cursor_t cursor = cursor_of_view (fields.results.values);
    while (wire_read_sink_result (&cursor, &result))
        s_on_result (self, &result);
}

static void s_on_returned (worker_rig_t *self, cursor_t *body)
{
    wire_sink_returned_t fields;
    wire_lease_t lease;
    assert (wire_read_sink_returned (body, &fields));
    cursor_t cursor = cursor_of_view (fields.leases.values);
    while (wire_read_lease (&cursor, &lease))
        s_add (self, lease.serial);
}

static void s_beat (worker_rig_t *self)
{
    buffer_t frame = {0};
    wire_write_beat (
        &frame, (wire_envelope_t){.session = self->session},
        &(wire_beat_t){.received = self->in.received, .sent = stream_sent (self->out)});
    s_send_back (self, &frame);
}

static void s_on_sink (worker_rig_t *self, uint8_t verb, cursor_t *body)
{
    wire_sink_output_t output;
    wire_part_t part;
    if (verb == WIRE_sink_results)
        s_on_results (self, body);
    if (verb == WIRE_sink_returned)
        s_on_returned (self, body);
    if (verb == WIRE_sink_output && wire_read_sink_output (body, &output))
        buffer_append (&self->output, output.bytes.data, output.bytes.size);
    if (verb == WIRE_part && wire_read_part (body, &part))
        assert (parts_add (self->parts, &part) == CADRE_OK);
    if (verb == WIRE_goodbye)
        self->goodbye = true;
    s_beat (self);
}

//  Reads everything that is there.
static void s_read (worker_rig_t *self)
{
    zmq_msg_t message;
    wire_envelope_t envelope;
    cursor_t body;
    zmq_msg_init (&message);
    while (sockets_receive_from (self->back, &self->route, &message) == CADRE_OK) {
        assert (wire_open (zmq_msg_data (&message), zmq_msg_size (&message), &envelope, &body)
                == CADRE_OK);
        s_on_back (self, envelope.verb, envelope.session, &body);
    }
    while (sockets_receive (self->sink, &message) == CADRE_OK) {
        assert (wire_open (zmq_msg_data (&message), zmq_msg_size (&message), &envelope, &body)
                == CADRE_OK);
        if (envelope.session != self->session)
            continue;
        assert (stream_in_accept (&self->in, envelope.sequence) == STREAM_NEW);
        s_on_sink (self, envelope.verb, &body);
    }
    zmq_msg_close (&message);
}

static void s_turn (worker_rig_t *self)
{
    zmq_pollitem_t items [2] = {{.socket = self->back, .events = ZMQ_POLLIN},
                                {.socket = self->sink, .events = ZMQ_POLLIN}};
    zmq_poll (items, 2, 10);
    s_read (self);
    if (self->session)
        s_push (self);
}

void worker_rig_pass_ms (worker_rig_t *self, int ms)
{
    for (int64_t end_us = clock_now (NULL) + ms * 1000; clock_now (NULL) < end_us;) {
        s_turn (self);
        if (self->open)
            s_beat (self);
    }
}

static void s_wait_open (worker_rig_t *self)
{
    for (int64_t end_us = clock_now (NULL) + WAIT_MS * 1000; !self->open; s_turn (self))
        assert (clock_now (NULL) < end_us);
}

static void *s_bind (worker_rig_t *self, int type, const char *name)
{
    char endpoint [64];
    fault_t fault = {0};
    void *socket = sockets_new (self->context, type, &fault);
    snprintf (endpoint, sizeof endpoint, "%s/%s", self->options.broker, name);
    assert (sockets_bind (socket, endpoint, &fault) == CADRE_OK);
    return socket;
}

worker_rig_t *worker_rig_new (worker_options_t options)
{
    worker_rig_t *self = calloc (1, sizeof (worker_rig_t));
    fault_t fault = {0};
    assert (self);
    self->context = sockets_context_new (1, 64, &fault);
    self->adopt = true;
    self->options = options;
    if (!options.broker)
        self->options.broker = "inproc://hub";
    self->options.name = "alpha";
    self->back = s_bind (self, ZMQ_ROUTER, "back");
    self->sink = s_bind (self, ZMQ_PULL, "sink");
    int failed = pthread_create (&self->thread, NULL, s_worker_thread, self);
    assert (!failed);
    s_wait_open (self);
    return self;
}

void worker_rig_destroy (worker_rig_t **self_p)
{
    worker_rig_t *self = *self_p;
    if (self->phase == 1)
        worker_signal (self->worker, WORKER_STOP);
    self->leave = true;
    pthread_join (self->thread, NULL);
    for (size_t i = 0; i < self->count; i++)
        buffer_free (&self->results [i].value);
    free (self->results);
    buffer_free (&self->output);
    stream_destroy (&self->out);
    parts_destroy (&self->parts);
    sockets_destroy (&self->lane);
    sockets_destroy (&self->back);
    sockets_destroy (&self->sink);
    sockets_context_destroy (&self->context);
    free (self);
    *self_p = NULL;
}

void worker_rig_open_job (worker_rig_t *self, uint64_t job, unsigned kind, const char *function,
                          uint64_t timeout_ms, uint64_t grace_ms)
{
    buffer_t frame = {0}, spec = {0};
    pack_map (&spec, 1);
    pack_text (&spec, "shell");
    pack_bool (&spec, true);
    wire_write_lane_job (
        &frame, (wire_envelope_t){0},
        &(wire_lane_job_t){.job = job,
                           .kind = kind,
                           .function = wire_view (function),
                           .spec = kind == WIRE_KIND_COMMAND ? wire_view_of (&spec) : (view_t){0},
                           .timeout_ms = timeout_ms,
                           .grace_ms = grace_ms});
    stream_put (self->out, &frame, 0, false);
    buffer_free (&spec);
}

uint64_t worker_rig_send (worker_rig_t *self, uint64_t job, buffer_t *payload)
{
    buffer_t frame = {0}, tasks = {0}, reference = {0};
    bool large = payload->size > WIRE_INLINE_MAX;
    uint64_t number = large ? stream_payload_number (self->out) : 0;
    if (large)
        wire_pack_parts (&reference, number);
    wire_lane_task_t task = {.index = self->serial + 1,
                             .attempt = 1,
                             .payload = wire_view_of (large ? &reference : payload)};
    wire_pack_lane_task (&tasks, &task);
    wire_write_lane_tasks (&frame, (wire_envelope_t){0},
                           &(wire_lane_tasks_t){.job = job,
                                                .serial = ++self->serial,
                                                .tasks = wire_list_of (&tasks, 1)});
    if (large)
        stream_put_payload (self->out, number, payload, &frame, 1);
    else
        stream_put (self->out, &frame, 1, true);
    buffer_free (&tasks);
    buffer_free (&reference);
    buffer_free (payload);
    s_push (self);
    return self->serial;
}

uint64_t worker_rig_call (worker_rig_t *self, uint64_t job, int64_t argument)
{
    buffer_t payload = {0};
    pack_array (&payload, 1);
    pack_int (&payload, argument);
    return worker_rig_send (self, job, &payload);
}

uint64_t worker_rig_line (worker_rig_t *self, uint64_t job, const char *line)
{
    buffer_t payload = {0};
    pack_array (&payload, 3);
    pack_text (&payload, line);
    pack_nil (&payload);
    pack_nil (&payload);
    return worker_rig_send (self, job, &payload);
}

void worker_rig_cancel (worker_rig_t *self, uint64_t serial)
{
    buffer_t frame = {0}, spans = {0};
    wire_pack_span (&spans, &(wire_span_t){.first = serial, .count = 1});
    wire_write_cancel (
        &frame, (wire_envelope_t){.session = self->session},
        &(wire_cancel_t){.after = stream_sent (self->out), .leases = wire_list_of (&spans, 1)});
    s_send_back (self, &frame);
    buffer_free (&spans);
}

void worker_rig_raw (worker_rig_t *self, bool lane, buffer_t *frame)
{
    s_turn (self);
    if (lane && self->open) {
        sockets_send_bytes (self->lane, frame->data, frame->size, ZMQ_DONTWAIT);
        buffer_free (frame);
    } else
        s_send_back (self, frame);
}

uint64_t worker_rig_session (const worker_rig_t *self)
{
    return self->session;
}

void worker_rig_drain (worker_rig_t *self, uint32_t timeout_ms)
{
    buffer_t frame = {0};
    wire_write_drain (&frame, (wire_envelope_t){.session = self->session},
                      &(wire_drain_t){.timeout_ms = timeout_ms});
    s_send_back (self, &frame);
}

//  As a broker does with frames of a session that it does not know: once a second, until the worker
//  has understood.
void worker_rig_forget (worker_rig_t *self, bool adopt)
{
    self->adopt = adopt;
    self->open = false;
    self->session++; // What is on its way belongs to no session
    for (int tries = 0; !self->open; tries++) {
        buffer_t frame = {0};
        assert (tries < WAIT_MS / 1000);
        wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = WIRE_MAJOR});
        s_send_back (self, &frame);
        for (int64_t end_us = clock_now (NULL) + 1000000; !self->open && clock_now (NULL) < end_us;)
            s_turn (self);
    }
}

const worker_rig_result_t *worker_rig_wait (worker_rig_t *self, uint64_t serial)
{
    for (int64_t end_us = clock_now (NULL) + WAIT_MS * 1000; clock_now (NULL) < end_us;
         s_turn (self)) {
        const worker_rig_result_t *result = s_answer (self, serial);
        if (result)
            return result;
    }
    fprintf (stderr, "lease %lu was not answered\n", (unsigned long) serial);
    abort ();
}

void worker_rig_wait_end (worker_rig_t *self)
{
    int64_t end_us = clock_now (NULL) + WAIT_MS * 1000;
    while (self->phase != 2 || !self->goodbye) {
        assert (clock_now (NULL) < end_us);
        s_turn (self);
    }
}

const buffer_t *worker_rig_output (const worker_rig_t *self)
{
    return &self->output;
}

size_t worker_rig_functions (const worker_rig_t *self)
{
    return self->functions;
}
