//  session.c - the client's side of a session with a broker (SPEC.md, section 4)

#include "client/lib/session/session_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/entropy.h"
#include "common/memory_check.h"
#include "common/sharing.h"
#include "common/state_machine.h"

#define HELLO_US INT64_C (1000000)
#define ACK_FRAMES 64u
#define ACK_BYTES (256u * 1024u)
#define FRAME_TASKS 4096u
#define BEAT_MS_DEFAULT 1000u
#define LOST_MS_DEFAULT 10000u
#define MS_MAX 86400000u

//  ---- states -------------------------------------------------------------------

static const char *const s_names [] = {"greeting", "open", "ended"};

static const uint32_t s_next [] = {
    [SESSION_GREETING] = STATE_MACHINE_TO (SESSION_GREETING) | STATE_MACHINE_TO (SESSION_OPEN)
                         | STATE_MACHINE_TO (SESSION_ENDED),
    [SESSION_OPEN] = STATE_MACHINE_TO (SESSION_GREETING) | STATE_MACHINE_TO (SESSION_OPEN)
                     | STATE_MACHINE_TO (SESSION_ENDED),
    [SESSION_ENDED] = 0,
};

static const state_machine_table_t s_table = {"session", 3, s_names, s_next, NULL};

static void s_session_move (session_t *self, session_state_t to)
{
    state_machine_step (&s_table, &self->state, (uint8_t) to, self);
}

static void s_renew_parts (session_t *self)
{
    parts_destroy (&self->parts);
    self->parts = parts_new ();
    parts_bound (self->parts, memory_check_most ());
}

session_t *session_new (const session_options_t *options, const session_handler_t *handler)
{
    session_t *self = calloc (1, sizeof *self);
    assert (self);
    self->handler = *handler;
    entropy_uuid (self->uuid);
    snprintf (self->name, sizeof self->name, "%s", options->name);
    snprintf (self->address, sizeof self->address, "%s", options->address);
    self->allowance = receive_window_of (options->window_tasks, options->window_bytes);
    self->patience_us = options->patience_ms < 0 ? -1 : options->patience_ms * INT64_C (1000);
    s_renew_parts (self);
    self->frame_tasks = FRAME_TASKS;
    self->beat_us = BEAT_MS_DEFAULT * INT64_C (1000);
    self->lost_us = LOST_MS_DEFAULT * INT64_C (1000);
    self->silent = true;
    return self;
}

void session_destroy (session_t **self_p)
{
    assert (self_p);
    session_t *self = *self_p;
    if (!self)
        return;
    stream_destroy (&self->out);
    parts_destroy (&self->parts);
    bulk_release (&self->probe);
    free (self);
    *self_p = NULL;
}

session_state_t session_state (const session_t *self)
{
    return (session_state_t) self->state;
}

const fault_t *session_fault (const session_t *self)
{
    return &self->fault;
}

bool session_silent (const session_t *self)
{
    return self->silent || !self->out;
}

bool session_hears (const session_t *self, int64_t now_us)
{
    return self->state == SESSION_OPEN && now_us - self->heard_us <= 3 * self->beat_us;
}

//  ---- sending ------------------------------------------------------------------

static bool s_session_send (session_t *self, buffer_t *frame)
{
    bool sent = self->handler.send (self->handler.owner, frame);
    buffer_free (frame);
    return sent;
}

static bool s_is_local (const session_t *self)
{
    return strncmp (self->address, "inproc:", 7) == 0 || strncmp (self->address, "ipc:", 4) == 0;
}

static void s_hello (session_t *self, int64_t now_us)
{
    buffer_t offers = {0};
    if (!self->probe && s_is_local (self))
        self->probe = sharing_probe ();
    size_t offered = s_is_local (self) ? sharing_pack (self->probe, &offers) : 0;
    self->offered = receive_window_offer (&self->allowance);
    wire_client_hello_t hello = {.magic = wire_view (WIRE_MAGIC),
                                 .major = WIRE_MAJOR,
                                 .minor = WIRE_MINOR,
                                 .uuid = {self->uuid, sizeof self->uuid},
                                 .name = wire_view (self->name),
                                 .received = self->in.received,
                                 .window_tasks = self->offered.tasks,
                                 .window_bytes = self->offered.bytes,
                                 .capabilities = wire_list_of (&offers, offered)};
    buffer_t frame = {0};
    wire_write_client_hello (&frame, (wire_envelope_t){.session = self->number}, &hello);
    s_session_send (self, &frame);
    buffer_free (&offers);
    self->hello_us = now_us + HELLO_US;
}

static bool s_session_beat (session_t *self, int64_t now_us)
{
    wire_beat_t beat = {
        .received = self->in.received, .sent = stream_sent (self->out), .shares = self->shares};
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = self->number}, &beat);
    self->acknowledged = self->in.received;
    self->unacknowledged_bytes = 0;
    self->beat_due_us = now_us + self->beat_us;
    return s_session_send (self, &frame);
}

static bool s_grant (session_t *self)
{
    const amount_t *granted = &self->allowance.granted;
    wire_window_t window = {.tasks = granted->tasks, .bytes = granted->bytes};
    buffer_t frame = {0};
    wire_write_window (&frame, (wire_envelope_t){.session = self->number}, &window);
    return s_session_send (self, &frame);
}

static bool s_session_flush (session_t *self)
{
    bool any = false;
    const buffer_t *frame;
    while ((frame = stream_next (self->out))) {
        if (!self->handler.send (self->handler.owner, frame)) {
            stream_unsend (self->out);
            break;
        }
        any = true;
    }
    return any;
}

bool session_settle (session_t *self, int64_t now_us)
{
    if (self->state != SESSION_OPEN)
        return false;
    bool any = s_session_flush (self);
    if (self->in.received - self->acknowledged >= ACK_FRAMES
        || self->unacknowledged_bytes >= ACK_BYTES)
        any |= s_session_beat (self, now_us);
    if (receive_window_grow (&self->allowance))
        any |= s_grant (self);
    return any;
}

static void s_session_greet (session_t *self, int64_t now_us)
{
    if (self->state != SESSION_OPEN)
        return;
    s_session_move (self, SESSION_GREETING);
    s_hello (self, now_us);
}

//  Drops the session with everything that was put into it.
static void s_session_forget (session_t *self)
{
    stream_destroy (&self->out);
    s_renew_parts (self);
    self->in.received = self->acknowledged = self->number = self->puts = 0;
}

void session_end (session_t *self, const fault_t *why)
{
    if (self->state == SESSION_ENDED)
        return;
    fault_t fault = *why;
    s_session_move (self, SESSION_ENDED);
    self->fault = fault;
    s_session_forget (self);
    self->handler.lost (self->handler.owner, &fault);
}

//  The broker is away for too long. If it returns, HELLO uses a new identity, because it must not
//  resume the old session.
static void s_session_give_up (session_t *self)
{
    fault_t fault = {0};
    fault_set (&fault, CADRE_ERROR_UNAVAILABLE, "the broker at %s does not answer: is it running?",
               self->address);
    self->given_up = self->silent = true;
    s_session_move (self, SESSION_GREETING);
    entropy_uuid (self->uuid);
    s_session_forget (self);
    self->handler.lost (self->handler.owner, &fault);
}

void session_leave (session_t *self, const char *reason)
{
    if (self->state == SESSION_OPEN) {
        wire_goodbye_t goodbye = {.reason = wire_view (reason)};
        buffer_t frame = {0};
        wire_write_goodbye (&frame, (wire_envelope_t){.session = self->number}, &goodbye);
        s_session_send (self, &frame);
    }
    fault_t fault = {0};
    fault_set (&fault, CADRE_ERROR_CLOSED, "the pool was closed: open another one");
    session_end (self, &fault);
}

static void s_broken (session_t *self, uint8_t verb)
{
    fault_t fault = {0};
    fault_set (
        &fault, CADRE_ERROR_PROTOCOL,
        "the broker at %s sent a message (%s) that breaks the protocol: use the same release on both sides",
        self->address, wire_verb_name (verb));
    session_end (self, &fault);
}

void session_greet (session_t *self, const char *address, int64_t now_us)
{
    if (self->state == SESSION_ENDED)
        return;
    snprintf (self->address, sizeof self->address, "%s", address);
    s_session_move (self, SESSION_GREETING);
    s_hello (self, now_us);
}

//  If this process did not run for a while, the silence is not the broker's.
static void s_mind_stall (session_t *self, int64_t now_us)
{
    int64_t grace_us = self->lost_us / 2;
    if (now_us - self->tick_us > grace_us && now_us - self->heard_us > grace_us)
        self->heard_us = now_us - grace_us;
    self->tick_us = now_us;
}

int64_t session_tick (session_t *self, int64_t now_us)
{
    if (self->state == SESSION_ENDED)
        return now_us + HELLO_US;
    if (self->heard_us == 0)
        self->heard_us = self->tick_us = now_us;
    s_mind_stall (self, now_us);
    int64_t silence_us = now_us - self->heard_us;
    if (silence_us > self->lost_us)
        self->silent = true;
    bool away = self->silent || self->state == SESSION_GREETING;
    if (away && !self->given_up && self->patience_us >= 0 && silence_us > self->patience_us)
        s_session_give_up (self);
    bool greeting = self->state == SESSION_GREETING;
    if (greeting && now_us >= self->hello_us)
        s_hello (self, now_us);
    else if (!greeting && now_us >= self->beat_due_us)
        s_session_beat (self, now_us);
    int64_t due_us = greeting ? self->hello_us : self->beat_due_us,
            look_us = now_us + self->lost_us / 4;
    return due_us < look_us ? due_us : look_us;
}

//  ---- receiving ------------------------------------------------------------------

static void s_on_refused (session_t *self, cursor_t body)
{
    wire_refused_t refused;
    if (!wire_read_refused (&body, &refused)) {
        s_broken (self, WIRE_refused);
        return;
    }
    if (self->handler.elsewhere && self->handler.elsewhere (self->handler.owner))
        return;
    fault_t fault = {0};
    cadre_error_t code = refused.code >= CADRE_ERROR_MEMORY && refused.code < CADRE_ERROR_END
                             ? (cadre_error_t) refused.code
                             : CADRE_ERROR_REFUSED;
    if (refused.message.size)
        fault_set (&fault, code, "%.*s",
                   (int) (refused.message.size < 400 ? refused.message.size : 400),
                   (const char *) refused.message.data);
    else
        fault_set (&fault, code,
                   "the broker at %s refused this client (protocol %u.%u here, %u.%u there)",
                   self->address, WIRE_MAJOR, WIRE_MINOR, (unsigned) refused.major,
                   (unsigned) refused.minor);
    session_end (self, &fault);
}

static int64_t s_span_us (uint64_t ms, uint64_t usual_ms)
{
    uint64_t chosen = ms == 0 ? usual_ms : ms < MS_MAX ? ms : MS_MAX;
    return (int64_t) chosen * 1000;
}

//  A new session: the broker does not know the old one, so open requests get no answer.
static void s_session_begin (session_t *self, uint64_t number, const wire_client_welcome_t *welcome)
{
    if (self->number) {
        fault_t fault = {0};
        fault_set (&fault, CADRE_ERROR_CLOSED,
                   "the broker at %s no longer knows this session (it was restarted): ask again",
                   self->address);
        self->handler.gone (self->handler.owner, &fault);
        s_session_forget (self);
    }
    receive_window_begin (&self->allowance, self->offered);
    self->number = number;
    self->out = stream_new (number);
    self->frame_tasks = welcome->window_tasks < FRAME_TASKS ? welcome->window_tasks : FRAME_TASKS;
}

//  Resumes the session. A WINDOW may have been lost with the connection.
static bool s_session_resume (session_t *self, uint64_t received)
{
    if (!stream_acknowledge (self->out, received))
        return false;
    stream_rewind (self->out, received);
    s_grant (self);
    return true;
}

//  Several HELLOs may have been queued for the broker: only one answer, to the current HELLO,
//  counts.
static bool s_is_stale (const session_t *self, uint64_t number,
                        const wire_client_welcome_t *welcome)
{
    bool repeated = !welcome->resumed && number == self->number;
    return repeated || (welcome->answers && welcome->answers != self->number);
}

//  If both sides can open each other's files, the broker must know before it sends results.
static void s_session_share (session_t *self, const wire_client_welcome_t *welcome, int64_t now_us)
{
    self->shares = s_is_local (self) && sharing_opens (&welcome->capabilities);
    if (!self->shares)
        return;
    stream_share (self->out);
    parts_share (self->parts, false);
    s_session_beat (self, now_us);
}

static void s_session_on_welcome (session_t *self, uint64_t number, cursor_t body, int64_t now_us)
{
    wire_client_welcome_t welcome;
    if (self->state != SESSION_GREETING)
        return;
    if (!wire_read_client_welcome (&body, &welcome) || number == 0) {
        s_broken (self, WIRE_client_welcome);
        return;
    }
    if (s_is_stale (self, number, &welcome))
        return;
    bool goes_on = welcome.resumed && number == self->number && self->out;
    if (goes_on && !s_session_resume (self, welcome.received)) {
        s_broken (self, WIRE_client_welcome);
        return;
    }
    if (!goes_on)
        s_session_begin (self, number, &welcome);
    self->beat_us = s_span_us (welcome.beat_ms, BEAT_MS_DEFAULT);
    self->lost_us = s_span_us (welcome.lost_ms, LOST_MS_DEFAULT);
    self->beat_due_us = now_us + self->beat_us;
    s_session_move (self, SESSION_OPEN);
    self->given_up = false;
    stream_grant (self->out, welcome.window_tasks, welcome.window_bytes);
    s_session_share (self, &welcome, now_us);
    bool same = welcome.epoch && welcome.epoch == self->epoch;
    self->epoch = welcome.epoch;
    if (!goes_on)
        self->handler.renewed (self->handler.owner, same);
}

static void s_session_on_beat (session_t *self, cursor_t body, int64_t now_us)
{
    wire_beat_t beat;
    if (!wire_read_beat (&body, &beat) || !stream_acknowledge (self->out, beat.received)) {
        s_broken (self, WIRE_beat);
        return;
    }
    if (beat.sent > self->in.received)
        s_session_greet (self, now_us);
    self->handler.frame (self->handler.owner, WIRE_beat, body);
}

static void s_on_window (session_t *self, cursor_t body)
{
    wire_window_t window;
    if (!wire_read_window (&body, &window)) {
        s_broken (self, WIRE_window);
        return;
    }
    stream_grant (self->out, window.tasks, window.bytes);
}

static void s_on_goodbye (session_t *self, int64_t now_us)
{
    fault_t fault = {0};
    fault_set (&fault, CADRE_ERROR_CLOSED,
               "the broker at %s has shut down: start it again, then ask again", self->address);
    s_session_move (self, SESSION_GREETING);
    self->silent = true;
    self->hello_us = now_us + HELLO_US;
    self->handler.gone (self->handler.owner, &fault);
    s_session_forget (self);
}

static void s_overdrawn (session_t *self)
{
    fault_t fault = {0};
    fault_set (
        &fault, CADRE_ERROR_PROTOCOL,
        "the broker at %s exceeds the window for results: use the same release on both sides",
        self->address);
    session_end (self, &fault);
}

static bool s_on_part (session_t *self, cursor_t body)
{
    wire_part_t part;
    if (!wire_read_part (&body, &part) || part.held > WIRE_PART_MAX)
        return false;
    receive_window_arrive (&self->allowance, 0, (size_t) part.held);
    self->unacknowledged_bytes += (size_t) part.held;
    return parts_add (self->parts, &part) == CADRE_OK;
}

static void s_on_stream (session_t *self, const wire_envelope_t *envelope, cursor_t body,
                         size_t size_bytes, int64_t now_us)
{
    stream_verdict_t verdict = stream_in_accept (&self->in, envelope->sequence);
    if (verdict == STREAM_GAP)
        s_session_greet (self, now_us);
    if (verdict != STREAM_NEW)
        return;
    self->unacknowledged_bytes += size_bytes;
    if (envelope->verb == WIRE_results || envelope->verb == WIRE_output
        || envelope->verb == WIRE_part) {
        if (receive_window_is_overdrawn (&self->allowance)) {
            s_overdrawn (self);
            return;
        }
        receive_window_arrive (&self->allowance, 0, size_bytes);
    }
    if (envelope->verb == WIRE_results) {
        wire_results_t results;
        cursor_t peek = body;
        if (wire_read_results (&peek, &results))
            receive_window_arrive (&self->allowance, results.results.count, 0);
    }
    uint64_t number = self->number;
    bool fine = envelope->verb == WIRE_part
                    ? s_on_part (self, body)
                    : self->handler.frame (self->handler.owner, envelope->verb, body);
    if (!fine && self->number == number)
        s_broken (self, envelope->verb);
}

//  Frames of an open session.
static void s_on_open (session_t *self, const wire_envelope_t *envelope, cursor_t body,
                       size_t size_bytes, int64_t now_us)
{
    switch (envelope->verb) {
    case WIRE_beat: s_session_on_beat (self, body, now_us); return;
    case WIRE_window: s_on_window (self, body); return;
    case WIRE_goodbye: s_on_goodbye (self, now_us); return;
    case WIRE_client_welcome: return;
    default:
        //  Unknown messages of a newer minor version that are not stream frames are ignored
        if (envelope->sequence)
            s_on_stream (self, envelope, body, size_bytes, now_us);
    }
}

void session_receive (session_t *self, const void *bytes, size_t size_bytes, int64_t now_us)
{
    wire_envelope_t envelope;
    cursor_t body;
    if (self->state == SESSION_ENDED)
        return;
    cadre_error_t error = wire_open (bytes, size_bytes, &envelope, &body);
    if (error == CADRE_ERROR_PROTOCOL) {
        s_broken (self, 0);
        return;
    }
    self->heard_us = now_us;
    self->silent = false;
    //  REFUSED and WHO are equal in all major versions
    if (envelope.verb == WIRE_refused)
        s_on_refused (self, body);
    else if (envelope.verb == WIRE_who)
        s_session_greet (self, now_us);
    else if (error)
        return;
    else if (envelope.verb == WIRE_client_welcome)
        s_session_on_welcome (self, envelope.session, body, now_us);
    else if (self->state == SESSION_OPEN && envelope.session == self->number)
        s_on_open (self, &envelope, body, size_bytes, now_us);
}
