//  link_receive.c - receives frames of the broker, on the back socket and on the lane

#include "worker/link/link_private.h"

#include "common/log.h"
#include "common/sockets.h"
#include "common/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FRAMES_A_TURN 64
#define ROOM_US 60000000 //  Interval of log lines about a broker without room
#define STALLS_MAX 3     //  The first BEAT that shows it, and two more

//  ---- back -------------------------------------------------------------------------------

//  BEATs also come with each acknowledgement: only those that are a beat interval apart are judged.
static void s_judge_progress (link_t *self, uint64_t sent)
{
    int64_t now_us = clock_now (self->options.clock);
    bool behind = sent > self->in.received, moved = self->in.received > self->seen_at_beat;
    self->seen_at_beat = self->in.received;
    if (!behind || moved) {
        self->stalls = 0;
        self->judged_us = now_us;
    } else if (now_us - self->judged_us >= (int64_t) self->beat_ms * 900) {
        self->stalls++;
        self->judged_us = now_us;
    }
    if (self->stalls >= STALLS_MAX)
        link_begin_anew (self, "frames of the lane were lost");
}

static bool s_link_receive_on_beat (link_t *self, cursor_t *body)
{
    wire_beat_t fields;
    if (!wire_read_beat (body, &fields)
        || !outbox_acknowledge (self->options.outbox, fields.received))
        return false;
    s_judge_progress (self, fields.sent);
    return true;
}

//  The session ends now; in the next one the tasks of that frame are answered by an error.
static bool s_on_sink_refused (link_t *self, cursor_t *body)
{
    wire_sink_refused_t fields;
    char why [FAULT_TEXT_BYTES], message [FAULT_TEXT_BYTES + 64];
    if (!wire_read_sink_refused (body, &fields))
        return false;
    view_copy (fields.message, why, sizeof why);
    utf8_repair (why, strlen (why));
    snprintf (message, sizeof message, "the broker refused its result: %s", why);
    log_line (LOG_WARNING, "W050", "the broker refuses frame %" PRIu64 " (lease %" PRIu64 "): %s",
              fields.frame, fields.serial, why);
    outbox_refused (self->options.outbox, fields.frame, fields.serial, message);
    link_begin_anew (self, "the broker refused a frame of the sink");
    return true;
}

static void s_link_receive_order (link_t *self, uint8_t verb, uint64_t after,
                                  const wire_list_t *spans)
{
    if (!orders_take (&self->orders, verb, after, self->in.received, spans))
        link_begin_anew (self, "too many orders wait for frames of the lane");
}

static bool s_on_cancel (link_t *self, cursor_t *body)
{
    wire_cancel_t fields;
    if (!wire_read_cancel (body, &fields))
        return false;
    s_link_receive_order (self, WIRE_cancel, fields.after, &fields.leases);
    return true;
}

static bool s_on_recall (link_t *self, cursor_t *body)
{
    wire_recall_t fields;
    if (!wire_read_recall (body, &fields))
        return false;
    s_link_receive_order (self, WIRE_recall, fields.after, &fields.leases);
    return true;
}

static bool s_on_output_window (link_t *self, cursor_t *body)
{
    wire_output_window_t fields;
    if (!wire_read_output_window (body, &fields))
        return false;
    self->options.events.output_window (self->options.events.context, fields.serial, fields.bytes,
                                        fields.discard);
    return true;
}

static bool s_on_drain (link_t *self, cursor_t *body)
{
    wire_drain_t fields;
    if (!wire_read_drain (body, &fields))
        return false;
    uint64_t timeout_ms = fields.timeout_ms < UINT32_MAX ? fields.timeout_ms : UINT32_MAX;
    self->options.events.drain (self->options.events.context, (uint32_t) timeout_ms);
    return true;
}

static bool s_on_stop (link_t *self, cursor_t *body)
{
    wire_stop_t fields;
    if (!wire_read_stop (body, &fields))
        return false;
    self->options.events.stop (self->options.events.context);
    return true;
}

//  Handles messages of an open session.
static bool s_on_session_message (link_t *self, uint8_t verb, cursor_t *body)
{
    switch (verb) {
    case WIRE_beat: return s_link_receive_on_beat (self, body);
    case WIRE_sink_refused: return s_on_sink_refused (self, body);
    case WIRE_cancel: return s_on_cancel (self, body);
    case WIRE_recall: return s_on_recall (self, body);
    case WIRE_output_window: return s_on_output_window (self, body);
    case WIRE_drain: return s_on_drain (self, body);
    case WIRE_stop: return s_on_stop (self, body);
    default: return true; //  An unknown message of a newer minor version
    }
}

//  The broker may have room later, so HELLO is repeated. The reason is logged at once and then
//  repeatedly. An open session is over, because the broker refuses only peers without one.
static void s_has_no_room (link_t *self, const char *why)
{
    char line [FAULT_TEXT_BYTES + 64];
    int64_t now_us = clock_now (self->options.clock);
    bool told = self->fault.code == CADRE_ERROR_DESCRIPTORS;
    if (self->state != LINK_GREETING)
        link_begin_anew (self, "the broker has no room for it");
    self->warned = true; //  It does answer
    if (told && now_us - self->room_us < ROOM_US)
        return;
    int64_t waited_s = (now_us - self->greeting_us) / 1000000;
    fault_set (&self->fault, CADRE_ERROR_DESCRIPTORS, "%s", why);
    snprintf (line, sizeof (line), told ? "%s; waiting for it, for %lld s so far" : "%s; retrying",
              why, (long long) waited_s);
    self->room_us = now_us;
    self->options.events.say (self->options.events.context, line);
}

static void s_on_refused (link_t *self, cursor_t *body)
{
    wire_refused_t fields;
    char text [FAULT_TEXT_BYTES];
    if (!wire_read_refused (body, &fields))
        return;
    view_copy (fields.message, text, sizeof (text));
    if (fields.code == CADRE_ERROR_DESCRIPTORS) {
        s_has_no_room (self, text);
        return;
    }
    bool known = fields.code >= CADRE_ERROR_MEMORY && fields.code < CADRE_ERROR_END;
    link_end (self, known ? (cadre_error_t) fields.code : CADRE_ERROR_REFUSED, text);
}

static bool s_is_of_use (const link_t *self, const wire_worker_welcome_t *fields)
{
    uint64_t lanes = link_address (self)->kind == ADDRESS_TCP ? UINT16_MAX : UINT32_MAX;
    return fields->lane && fields->lane <= lanes && fields->beat_ms && fields->sink_bytes;
}

static void s_link_receive_on_welcome (link_t *self, uint64_t session, cursor_t *body)
{
    wire_worker_welcome_t fields;
    if (!wire_read_worker_welcome (body, &fields))
        return;
    if (!s_is_of_use (self, &fields)) {
        log_line (LOG_WARNING, "W022",
                  "the broker's WELCOME is invalid (lane %" PRIu64 ", a beat each %" PRIu64
                  " ms, %" PRIu64 " bytes on the sink); use the same release on both sides",
                  fields.lane, fields.beat_ms, fields.sink_bytes);
        return;
    }
    fault_clear (&self->fault); //  There is room now
    link_on_welcome (self, session, &fields);
}

static void s_hear_back (link_t *self, zmq_msg_t *message)
{
    wire_envelope_t envelope;
    cursor_t body;
    cadre_error_t error =
        wire_open (zmq_msg_data (message), zmq_msg_size (message), &envelope, &body);
    if (error != CADRE_OK && !(error == CADRE_ERROR_VERSION && envelope.verb == WIRE_refused))
        return;
    self->heard_us = clock_now (self->options.clock);
    if (envelope.verb == WIRE_refused) {
        s_on_refused (self, &body);
    } else if (envelope.verb == WIRE_who) {
        if (self->state != LINK_GREETING)
            link_begin_anew (self, "the broker does not know this session");
    } else if (envelope.verb == WIRE_worker_welcome) {
        s_link_receive_on_welcome (self, envelope.session, &body);
    } else if (self->session && envelope.session == self->session) {
        if (!s_on_session_message (self, envelope.verb, &body))
            link_begin_anew (self, "the broker sent a message that cannot be read");
    }
}

//  ---- lane ---------------------------------------------------------------------------------

static bool s_link_receive_on_job (link_t *self, cursor_t *body)
{
    wire_lane_job_t fields;
    if (!wire_read_lane_job (body, &fields))
        return false;
    if (!self->options.events.job (self->options.events.context, &fields))
        link_begin_anew (self, "the broker opens too many jobs");
    return true;
}

static bool s_link_receive_on_job_end (link_t *self, cursor_t *body)
{
    wire_lane_job_end_t fields;
    if (!wire_read_lane_job_end (body, &fields))
        return false;
    self->options.events.job_end (self->options.events.context, fields.job);
    return true;
}

//  A broker may exceed the window by one frame, and then must send no more metered frames.
static bool s_is_overdrawn (link_t *self)
{
    if (self->received_tasks <= self->granted_tasks && self->received_bytes <= self->granted_bytes)
        return false;
    link_begin_anew (self, "the broker exceeds the window");
    return true;
}

static bool s_on_tasks (link_t *self, cursor_t *body, size_t size)
{
    wire_lane_tasks_t fields;
    if (!wire_read_lane_tasks (body, &fields))
        return false;
    if (s_is_overdrawn (self))
        return true;
    self->received_tasks += fields.tasks.count;
    self->received_bytes += size;
    return self->options.events.tasks (self->options.events.context, &fields);
}

static bool s_on_part (link_t *self, cursor_t *body, size_t size)
{
    wire_part_t fields;
    if (!wire_read_part (body, &fields))
        return false;
    if (s_is_overdrawn (self))
        return true;
    if (fields.held > WIRE_PART_MAX)
        return false;
    self->received_bytes += size + fields.held;
    return parts_add (self->parts, &fields) == CADRE_OK;
}

static bool s_on_lane_message (link_t *self, uint8_t verb, cursor_t *body, size_t size)
{
    switch (verb) {
    case WIRE_lane_hello: self->lane_hello = true; return true;
    case WIRE_lane_job: return s_link_receive_on_job (self, body);
    case WIRE_lane_tasks: return s_on_tasks (self, body, size);
    case WIRE_lane_job_end: return s_link_receive_on_job_end (self, body);
    case WIRE_part: return s_on_part (self, body, size);
    default: return true;
    }
}

static void s_hear_lane (link_t *self, zmq_msg_t *message)
{
    wire_envelope_t envelope;
    cursor_t body;
    size_t size = zmq_msg_size (message);
    if (wire_open (zmq_msg_data (message), size, &envelope, &body) != CADRE_OK
        || envelope.session != self->session)
        return;
    self->heard_us = clock_now (self->options.clock);
    switch (stream_in_accept (&self->in, envelope.sequence)) {
    case STREAM_SEEN: return;
    case STREAM_GAP: link_begin_anew (self, "a frame of the lane was lost"); return;
    case STREAM_NEW: break;
    }
    if (!s_on_lane_message (self, envelope.verb, &body, size))
        link_begin_anew (self, "a frame of the lane cannot be read");
    else
        orders_run (&self->orders, self->in.received);
}

//  ---- both ------------------------------------------------------------------------------------

int link_receive_poll (const link_t *self, zmq_pollitem_t *items)
{
    int count = 0;
    if (self->back)
        items [count++] = (zmq_pollitem_t){.socket = self->back, .events = ZMQ_POLLIN};
    if (self->lane)
        items [count++] = (zmq_pollitem_t){.socket = self->lane, .events = ZMQ_POLLIN};
    return count;
}

//  Handling a message may replace the socket, so it is looked up for each message.
static bool s_drain_socket (link_t *self, void *const *socket_p,
                            void (*hear) (link_t *, zmq_msg_t *))
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    int left = FRAMES_A_TURN;
    while (left && *socket_p && self->state != LINK_ENDED) {
        cadre_error_t error = sockets_receive (*socket_p, &message);
        if (error == CADRE_ERROR_PROTOCOL)
            continue;
        if (error == CADRE_ERROR_CLOSED)
            link_end (self, CADRE_ERROR_CLOSED, "the context was ended");
        if (error != CADRE_OK)
            break;
        hear (self, &message);
        left--;
    }
    zmq_msg_close (&message);
    return left == 0;
}

bool link_receive (link_t *self)
{
    bool more = s_drain_socket (self, &self->lane, s_hear_lane);
    return s_drain_socket (self, &self->back, s_hear_back) || more;
}
