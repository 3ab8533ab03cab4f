//  link.c - registers with a broker, and maintains the session

#include "worker/link/link_private.h"

#include "common/entropy.h"
#include "common/greeting.h"
#include "common/log.h"
#include "common/memory_check.h"
#include "common/sockets.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define HELLO_MS 1000
#define FIRST_WAIT_MS 1 //  Doubles while there is no connection
#define WARN_MS 5000
#define SETTLED_MS 10000 //  A session that has lasted so long is not hasty
#define HASTY_MS 100u    //  Delay before the third hasty session, doubled for each further one
#define BEAT_MS 1000
#define LOST_MS 10000
#define MS_MAX 86400000u //  Limit of the beat interval, and of lost_ms
#define MS 1000

static const char *const s_names [] = {"greeting", "opening", "open", "ended"};
static const uint32_t s_next [] = {
    [LINK_GREETING] = STATE_MACHINE_TO (LINK_GREETING) | STATE_MACHINE_TO (LINK_OPENING)
                      | STATE_MACHINE_TO (LINK_ENDED),
    [LINK_OPENING] = STATE_MACHINE_TO (LINK_GREETING) | STATE_MACHINE_TO (LINK_OPENING)
                     | STATE_MACHINE_TO (LINK_OPEN) | STATE_MACHINE_TO (LINK_ENDED),
    [LINK_OPEN] = STATE_MACHINE_TO (LINK_GREETING) | STATE_MACHINE_TO (LINK_OPENING)
                  | STATE_MACHINE_TO (LINK_ENDED),
    [LINK_ENDED] = 0,
};
static const state_machine_table_t s_machine = {"link", 4, s_names, s_next, NULL};

static void s_on_hello (void *owner, int64_t now_us);
static void s_link_on_beat (void *owner, int64_t now_us);

link_t *link_new (const link_options_t *options)
{
    link_t *self = calloc (1, sizeof (link_t));
    assert (self);
    self->options = *options;
    self->beat_ms = BEAT_MS;
    self->lost_ms = LOST_MS;
    entropy_uuid (self->uuid);
    self->search =
        broker_search_new (options->addresses, options->addresses_count, ADDRESS_BACK, NULL);
    if (options->proxy)
        broker_search_keep_names (self->search);
    self->orders = (orders_t){.cancel = options->events.cancel,
                              .recall = options->events.recall,
                              .context = options->events.context};
    self->hello = (alarm_t){.ring = s_on_hello, .owner = self};
    self->beat = (alarm_t){.ring = s_link_on_beat, .owner = self};
    return self;
}

//  Closes lane, sink, and everything else of the session.
void link_close_session (link_t *self)
{
    timers_cancel (self->options.timers, &self->beat);
    sockets_destroy (&self->lane);
    sockets_destroy (&self->sink);
    parts_destroy (&self->parts);
    orders_drop (&self->orders);
    self->session = 0;
}

void link_destroy (link_t **self_p)
{
    assert (self_p);
    link_t *self = *self_p;
    if (!self)
        return;
    timers_cancel (self->options.timers, &self->hello);
    link_close_session (self);
    sockets_destroy (&self->back);
    bulk_release (&self->probe);
    broker_search_destroy (&self->search);
    free (self);
    *self_p = NULL;
}

void link_move (link_t *self, link_state_t to)
{
    state_machine_step (&s_machine, &self->state, (uint8_t) to, NULL);
}

cadre_error_t link_end (link_t *self, cadre_error_t code, const char *text)
{
    link_close_session (self);
    timers_cancel (self->options.timers, &self->hello);
    if (self->state != LINK_ENDED)
        link_move (self, LINK_ENDED);
    return fault_set (&self->fault, code, "%s", text);
}

const address_t *link_address (const link_t *self)
{
    return broker_search_address (self->search);
}

//  ---- HELLO -------------------------------------------------------------------------

static const char *s_scheme (const address_t *address)
{
    return address->kind == ADDRESS_TCP ? "tcp" : address->kind == ADDRESS_IPC ? "ipc" : "inproc";
}

//  Sets the alarm for the next HELLO, or the next address.
static void s_set_alarm (link_t *self)
{
    int64_t search_us = broker_search_due (self->search, clock_now (self->options.clock));
    bool search_first = !self->back || search_us < self->hello_us;
    timers_set (self->options.timers, &self->hello, search_first ? search_us : self->hello_us);
}

static void s_say_hello (link_t *self)
{
    wire_worker_hello_t fields = self->options.hello;
    buffer_t spans = {0}, frame = {0}, offers = {0};
    size_t count = self->options.events.held (self->options.events.context, &spans);
    fields.magic = wire_view (WIRE_MAGIC);
    fields.major = WIRE_MAJOR;
    fields.minor = WIRE_MINOR;
    fields.uuid = (view_t){self->uuid, WIRE_UUID_BYTES};
    fields.scheme = wire_view (s_scheme (link_address (self)));
    fields.epoch = count ? self->epoch : 0;
    fields.held = wire_list_of (&spans, count);
    if (!self->probe && link_address (self)->kind != ADDRESS_TCP)
        self->probe = sharing_probe ();
    size_t offered =
        link_address (self)->kind != ADDRESS_TCP ? sharing_pack (self->probe, &offers) : 0;
    fields.capabilities = wire_list_of (&offers, offered);
    wire_write_worker_hello (&frame, (wire_envelope_t){0}, &fields);
    bool sent = sockets_send_bytes (self->back, frame.data, frame.size, ZMQ_DONTWAIT) == CADRE_OK;
    buffer_free (&frame);
    buffer_free (&spans);
    buffer_free (&offers);
    //  Not connected yet: HELLOs must not accumulate for a broker that starts later, so the next
    //  try is soon.
    self->wait_ms = sent ? HELLO_MS : self->wait_ms * 2 < HELLO_MS ? self->wait_ms * 2 : HELLO_MS;
    self->hello_us = clock_now (self->options.clock) + (int64_t) self->wait_ms * MS;
    s_set_alarm (self);
}

//  Keys and proxy apply to tcp only.
static void s_equip (const link_t *self, void *socket)
{
    if (link_address (self)->kind != ADDRESS_TCP)
        return;
    if (self->options.keys)
        sockets_use_keys (socket, self->options.keys);
    if (self->options.proxy)
        sockets_use_proxy (socket, self->options.proxy);
}

static cadre_error_t s_connect_back (link_t *self, fault_t *fault)
{
    char endpoint [ADDRESS_ENDPOINT_BYTES];
    sockets_destroy (&self->back);
    self->back = sockets_new (self->options.context, ZMQ_DEALER, fault);
    if (!self->back)
        return CADRE_ERROR_IO;
    s_equip (self, self->back);
    int only_connected = 1;
    zmq_setsockopt (self->back, ZMQ_IMMEDIATE, &only_connected, sizeof (only_connected));
    self->wait_ms = FIRST_WAIT_MS;
    address_endpoint (broker_search_number (self->search), ADDRESS_BACK, endpoint,
                      sizeof (endpoint));
    cadre_error_t error = sockets_connect (self->back, endpoint, fault);
    if (error != CADRE_OK)
        return error;
    s_say_hello (self);
    return CADRE_OK;
}

//  Sends HELLO to the next address of the search, or to the current one, if any.
static cadre_error_t s_link_try (link_t *self, fault_t *fault)
{
    int64_t now_us = clock_now (self->options.clock);
    if (broker_search_step (self->search, now_us))
        return s_connect_back (self, fault);
    if (self->back && now_us >= self->hello_us)
        s_say_hello (self);
    else
        s_set_alarm (self);
    return CADRE_OK;
}

//  Leaves the current broker, if any, and starts the search for the next one.
static cadre_error_t s_look_for_broker (link_t *self, fault_t *fault)
{
    self->greeting_us = clock_now (self->options.clock);
    self->warned = false;
    sockets_destroy (&self->back);
    broker_search_begin (self->search);
    return s_link_try (self, fault);
}

cadre_error_t link_start (link_t *self, fault_t *fault)
{
    return s_look_for_broker (self, fault);
}

//  The reason is determined only before the first session: that takes a moment, and nothing runs
//  yet.
static void s_warn (link_t *self)
{
    char text [ADDRESS_ENDPOINT_BYTES], line [FAULT_TEXT_BYTES + 16];
    fault_t why = {0};
    address_print (link_address (self), text, sizeof (text));
    const fault_t *unresolved = broker_search_fault (self->search);
    if (unresolved->code)
        why = *unresolved;
    else if (link_never_opened (self) && !self->options.proxy)
        greeting_explain (link_address (self), self->options.keys != NULL, &why);
    if (self->options.proxy)
        fault_set (&why, CADRE_ERROR_UNAVAILABLE,
                   "no broker answers at %s through the proxy %s; check the tunnel", text,
                   self->options.proxy);
    else if (!unresolved->code && why.code != CADRE_ERROR_REFUSED)
        fault_set (
            &why, CADRE_ERROR_UNAVAILABLE,
            "no broker answers at %s; start one there (cadre broker start), or name another with --broker",
            text);
    snprintf (line, sizeof (line), "%s; retrying", why.text);
    self->warned = true;
    self->options.events.say (self->options.events.context, line);
}

//  The HELLO alarm: no broker has answered yet.
static void s_on_hello (void *owner, int64_t now_us)
{
    link_t *self = owner;
    if (self->state == LINK_OPENING) { //  The broker's lane is not reachable
        link_begin_anew (self, "the lane did not open");
        return;
    }
    if (self->options.embedded && now_us - self->greeting_us > (int64_t) self->lost_ms * MS) {
        link_end (self, CADRE_ERROR_UNAVAILABLE, "the broker of this process does not answer");
        return;
    }
    if (!self->warned && now_us - self->greeting_us >= WARN_MS * MS)
        s_warn (self);
    if (s_link_try (self, &self->fault) != CADRE_OK)
        link_end (self, self->fault.code, self->fault.text);
}

//  One session that ends soon is an accident; several in a row have a cause that would end the next
//  one, too.
static bool s_is_hasty (link_t *self)
{
    bool soon = self->greeting_us - self->opened_us < (int64_t) SETTLED_MS * MS;
    self->hasty = soon ? self->hasty + 1 : 0;
    return self->hasty > 1;
}

//  The delay doubles, but stays below the time after which the broker considers the worker lost.
static void s_link_wait (link_t *self)
{
    uint32_t wait_ms = HASTY_MS << (self->hasty < 8 ? self->hasty - 2 : 6);
    if (wait_ms > self->lost_ms / 4)
        wait_ms = self->lost_ms / 4;
    self->hello_us = self->greeting_us + (int64_t) wait_ms * MS;
    s_set_alarm (self);
}

void link_begin_anew (link_t *self, const char *why)
{
    log_line (LOG_INFO, "W020", "registering again: %s", why);
    link_close_session (self);
    link_move (self, LINK_GREETING);
    self->greeting_us = clock_now (self->options.clock);
    self->warned = false;
    broker_search_stay (self->search, self->greeting_us);
    if (s_is_hasty (self))
        s_link_wait (self);
    else
        s_say_hello (self);
}

//  ---- the session -----------------------------------------------------------------------

static void *s_connect_once (link_t *self, int type, const char *endpoint)
{
    void *socket = sockets_new_once (self->options.context, type, &self->fault);
    if (socket)
        s_equip (self, socket);
    if (socket && sockets_connect (socket, endpoint, &self->fault) != CADRE_OK)
        sockets_destroy (&socket);
    return socket;
}

static void s_open_session (link_t *self, uint64_t session, const wire_worker_welcome_t *fields)
{
    char endpoint [ADDRESS_ENDPOINT_BYTES];
    link_close_session (self);
    address_lane_endpoint (broker_search_number (self->search), (uint32_t) fields->lane, endpoint,
                           sizeof (endpoint));
    self->lane = s_connect_once (self, ZMQ_PULL, endpoint);
    address_endpoint (broker_search_number (self->search), ADDRESS_SINK, endpoint,
                      sizeof (endpoint));
    self->sink = s_connect_once (self, ZMQ_PUSH, endpoint);
    self->parts = parts_new ();
    parts_bound (self->parts, memory_check_most ());
    self->session = session;
    self->in = (stream_in_t){0};
    self->stalls = 0;
    self->seen_at_beat = 0;
    self->judged_us = clock_now (self->options.clock);
    self->received_tasks = self->received_bytes = self->told_bytes = 0;
    self->granted_tasks = self->granted_bytes = 0;
    self->lane_hello = false;
}

static uint32_t s_span_ms (uint64_t ms)
{
    return ms < MS_MAX ? (uint32_t) ms : MS_MAX;
}

void link_on_welcome (link_t *self, uint64_t session, const wire_worker_welcome_t *fields)
{
    if (session == 0 || (session == self->session && self->state != LINK_GREETING))
        return;
    bool same = fields->epoch == self->epoch;
    s_open_session (self, session, fields);
    if (!self->lane || !self->sink) {
        link_end (self, self->fault.code, self->fault.text);
        return;
    }
    broker_search_arrived (self->search);
    self->epoch = fields->epoch;
    self->beat_ms = s_span_ms (fields->beat_ms);
    self->lost_ms = s_span_ms (fields->lost_ms ? fields->lost_ms : LOST_MS);
    self->sink_bytes = fields->sink_bytes;
    self->output_bytes = fields->output_bytes;
    self->opened_us = clock_now (self->options.clock);
    outbox_restart (self->options.outbox, session, !same);
    self->shares =
        link_address (self)->kind != ADDRESS_TCP && sharing_opens (&fields->capabilities);
    if (self->shares) {
        outbox_share (self->options.outbox);
        parts_share (self->parts, true);
    }
    wire_worker_welcome_t heard = *fields;
    if (!same)
        heard.adopted = (wire_list_t){0};
    link_move (self, LINK_OPENING);
    if (!self->options.events.welcome (self->options.events.context, &heard)) {
        link_begin_anew (self, "the broker adopts leases that this worker does not hold");
        return;
    }
    int64_t now_us = clock_now (self->options.clock);
    timers_set (self->options.timers, &self->hello, now_us + 5 * HELLO_MS * MS);
    //  The broker must know soon that its files can be opened here
    timers_set (self->options.timers, &self->beat,
                self->shares ? now_us : now_us + (int64_t) self->beat_ms * MS);
}

static void s_send_back (link_t *self, const buffer_t *frame)
{
    sockets_send_bytes (self->back, frame->data, frame->size, ZMQ_DONTWAIT);
}

static void s_link_beat (link_t *self)
{
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = self->session},
                     &(wire_beat_t){.received = self->in.received,
                                    .sent = outbox_sent (self->options.outbox),
                                    .shares = self->shares});
    self->told_bytes = self->received_bytes;
    s_send_back (self, &frame);
    buffer_free (&frame);
}

static void s_lost (link_t *self)
{
    if (self->options.embedded) {
        link_end (self, CADRE_ERROR_UNAVAILABLE, "the broker of this process is gone");
        return;
    }
    log_line (LOG_WARNING, "W021", "the broker has been silent for %u ms; looking for it",
              self->lost_ms);
    link_close_session (self);
    link_move (self, LINK_GREETING);
    if (s_look_for_broker (self, &self->fault) != CADRE_OK)
        link_end (self, self->fault.code, self->fault.text);
}

static void s_link_on_beat (void *owner, int64_t now_us)
{
    link_t *self = owner;
    int64_t late_us = now_us - self->turn_us; //  How long this process did not run
    if (late_us < (int64_t) self->lost_ms * MS / 2
        && now_us - self->heard_us > (int64_t) self->lost_ms * MS) {
        s_lost (self);
        return;
    }
    s_link_beat (self);
    log_settle ();
    timers_set (self->options.timers, &self->beat, now_us + (int64_t) self->beat_ms * MS);
}

//  ---- windows and turns ---------------------------------------------------------------------

#define WINDOW_BYTES (64ull * 1024 * 1024)
#define WINDOW_BYTES_LEAST (4ull * 1024 * 1024)

void link_set_window (link_t *self, uint64_t capacity_tasks, uint64_t held_tasks,
                      uint64_t held_bytes, bool hungry)
{
    size_t parts = self->parts ? parts_bytes (self->parts) : 0;
    uint64_t held = held_bytes + parts;
    uint64_t free_bytes = held < WINDOW_BYTES ? WINDOW_BYTES - held : 0;
    //  A payload must be able to complete, and a free slot must get its next task.
    if ((parts || hungry) && free_bytes < WINDOW_BYTES_LEAST)
        free_bytes = WINDOW_BYTES_LEAST;
    self->free_tasks = held_tasks < capacity_tasks ? capacity_tasks - held_tasks : 0;
    self->free_bytes = free_bytes;
    self->capacity_tasks = capacity_tasks;
}

//  Has the window grown enough to be sent?
static bool s_window_has_grown (const link_t *self)
{
    uint64_t tasks = self->received_tasks + self->free_tasks,
             bytes = self->received_bytes + self->free_bytes;
    if (tasks > self->granted_tasks && tasks - self->granted_tasks >= self->capacity_tasks / 4)
        return true;
    return bytes > self->granted_bytes && bytes - self->granted_bytes >= WINDOW_BYTES_LEAST / 4;
}

static void s_grant (link_t *self)
{
    uint64_t tasks = self->received_tasks + self->free_tasks,
             bytes = self->received_bytes + self->free_bytes;
    self->granted_tasks = tasks > self->granted_tasks ? tasks : self->granted_tasks;
    self->granted_bytes = bytes > self->granted_bytes ? bytes : self->granted_bytes;
}

static void s_open_lane (link_t *self)
{
    char text [ADDRESS_ENDPOINT_BYTES], line [FAULT_TEXT_BYTES];
    buffer_t frame = {0};
    link_move (self, LINK_OPEN);
    timers_cancel (self->options.timers, &self->hello);
    s_grant (self);
    wire_write_lane_open (
        &frame, (wire_envelope_t){.session = self->session},
        &(wire_lane_open_t){.tasks = self->granted_tasks, .bytes = self->granted_bytes});
    s_send_back (self, &frame);
    buffer_free (&frame);
    address_print (link_address (self), text, sizeof (text));
    view_t name = self->options.hello.name;
    snprintf (line, sizeof (line), "%.*s registered with %s (%u slots)", (int) name.size,
              (const char *) name.data, text, (unsigned) self->options.hello.slots);
    self->options.events.say (self->options.events.context, line);
}

static void s_send_window (link_t *self)
{
    buffer_t frame = {0};
    s_grant (self);
    wire_write_window (
        &frame, (wire_envelope_t){.session = self->session},
        &(wire_window_t){.tasks = self->granted_tasks, .bytes = self->granted_bytes});
    s_send_back (self, &frame);
    buffer_free (&frame);
}

void link_turn (link_t *self)
{
    self->turn_us = clock_now (self->options.clock);
    if (self->state == LINK_OPENING && self->lane_hello)
        s_open_lane (self);
    if (self->state != LINK_OPEN)
        return;
    outbox_close (self->options.outbox);
    outbox_send (self->options.outbox, self->sink, self->sink_bytes);
    if (s_window_has_grown (self))
        s_send_window (self);
    //  The broker limits what it has sent and does not know to be here: also while a payload that
    //  is larger than that limit arrives, which does not let the window grow
    if (self->received_bytes - self->told_bytes >= WINDOW_BYTES_LEAST / 4)
        s_link_beat (self);
}

bool link_take_payload (link_t *self, uint64_t number, buffer_t *payload)
{
    return self->parts && parts_take (self->parts, number, payload);
}

uint64_t link_lacked_payload (link_t *self, uint64_t number)
{
    return self->parts ? parts_take_given_up (self->parts, number) : 0;
}

link_state_t link_state (const link_t *self)
{
    return (link_state_t) self->state;
}

bool link_never_opened (const link_t *self)
{
    return self->epoch == 0;
}

uint64_t link_output_bytes (const link_t *self)
{
    return self->output_bytes;
}

const fault_t *link_fault (const link_t *self)
{
    return &self->fault;
}
