//  front.c - sessions of clients

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/doubt.h"
#include "broker/front_own.h"
#include "common/log.h"

#define REPORT_US 100000 //  Between two JOB_STATEs of a job

#define RELEASE CADRE_VERSION_STRING

static void s_report (void *owner, int64_t now_us)
{
    (void) now_us;
    front_t *self = owner;
    for (client_t *client = self->hub->clients; client; client = client->hh.next) {
        while (client->changed) {
            job_t *job = client->changed;
            client_unchanged (client, job);
            client_state (client, self->hub, job->ref, job, false);
        }
        follow_report (client, self->hub);
    }
}

front_t *front_new (hub_t *hub, void *router, back_t *back)
{
    front_t *self = calloc (1, sizeof *self);
    assert (self);
    self->hub = hub;
    self->router = router;
    self->back = back;
    self->report = (alarm_t){.ring = s_report, .owner = self};
    self->rate_us = hub->now_us;
    return self;
}

static cadre_error_t s_send (front_t *self, sockets_route_t route)
{
    cadre_error_t error =
        sockets_send_bytes_to (self->router, route, self->frame.data, self->frame.size, ZMQ_DONTWAIT);
    buffer_clear (&self->frame);
    return error;
}

static void s_who (front_t *self, sockets_route_t route)
{
    wire_write_who (&self->frame, (wire_envelope_t){0}, &(wire_who_t){.major = WIRE_MAJOR});
    s_send (self, route);
}

static void s_refuse (front_t *self, sockets_route_t route, cadre_error_t code, const char *message)
{
    wire_refused_t fields = {
        .code = code, .message = wire_view (message), .major = WIRE_MAJOR, .minor = WIRE_MINOR};
    wire_write_refused (&self->frame, (wire_envelope_t){0}, &fields);
    s_send (self, route);
    self->hub->refused_frames++;
    log_line (LOG_WARNING, "B020", "a client was refused: %s", message);
}

//  The session is forgotten, and with it the client's attached jobs.
static void s_forget (front_t *self, client_t *client)
{
    ledger_abandon (self->hub->ledger, client);
    while (client->followers) {
        follower_t *follower = client->followers;
        follow_destroy (&follower);
    }
    if (client->dirty)
        DL_DELETE2 (self->hub->dirty, client, dirty_prev, dirty_next);
    client->dirty = false;
    HASH_DELETE (hh, self->hub->clients, client);
    HASH_DELETE (hh_uuid, self->by_uuid, client);
    client_destroy (&client);
}

void front_destroy (front_t **self_p)
{
    assert (self_p);
    front_t *self = *self_p;
    if (!self)
        return;
    while (self->by_uuid) {
        client_t *client = self->by_uuid;
        wire_write_goodbye (&self->frame, (wire_envelope_t){.session = client->session},
                            &(wire_goodbye_t){.reason = wire_view ("the broker ends")});
        s_send (self, client->route);
        s_forget (self, client);
    }
    timers_cancel (self->hub->timers, &self->report);
    buffer_free (&self->frame);
    free (self);
    *self_p = NULL;
}

//  ---- windows ------------------------------------------------------------

//  What a client may send ahead shrinks as memory fills up.
static void s_allowance (const hub_t *hub, uint64_t *tasks, uint64_t *bytes)
{
    uint64_t used = hub->job_bytes + hub->client_bytes;
    uint64_t left = used < hub->memory_limit ? (hub->memory_limit - used) / 2 : 0;
    *bytes = left < HUB_ALLOWANCE_BYTES ? left : HUB_ALLOWANCE_BYTES;
    *tasks = left / 64 < HUB_ALLOWANCE_TASKS ? left / 64 : HUB_ALLOWANCE_TASKS;
}

//  Raises what the client was granted; true when it is worth telling.
static bool s_raise (const hub_t *hub, client_t *client)
{
    uint64_t tasks, bytes;
    s_allowance (hub, &tasks, &bytes);
    tasks += client->received_tasks;
    bytes += client->received_bytes;
    bool worth =
        (tasks > client->granted_tasks && tasks - client->granted_tasks >= HUB_ALLOWANCE_TASKS / 8)
        || (bytes > client->granted_bytes && bytes - client->granted_bytes >= HUB_ALLOWANCE_BYTES / 8)
        || (client->granted_bytes - client->received_bytes < HUB_ALLOWANCE_BYTES / 16
            && bytes > client->granted_bytes + WIRE_FRAME_MAX)
        || (client->granted_tasks - client->received_tasks < HUB_ALLOWANCE_TASKS / 16
            && tasks > client->granted_tasks + 1000);
    if (!worth)
        return false;
    client->granted_tasks = tasks > client->granted_tasks ? tasks : client->granted_tasks;
    client->granted_bytes = bytes > client->granted_bytes ? bytes : client->granted_bytes;
    return true;
}

static void s_send_window (front_t *self, client_t *client)
{
    if (!s_raise (self->hub, client))
        return;
    wire_window_t window = {.tasks = client->granted_tasks, .bytes = client->granted_bytes};
    wire_write_window (&self->frame, (wire_envelope_t){.session = client->session}, &window);
    s_send (self, client->route);
}

static void s_send_beat (front_t *self, client_t *client)
{
    wire_beat_t beat = {.received = client->in.received, .sent = stream_sent (client->out)};
    wire_write_beat (&self->frame, (wire_envelope_t){.session = client->session}, &beat);
    s_send (self, client->route);
    client->acknowledged = client->in.received;
    client->unacknowledged_bytes = 0;
    client->beat_due = false;
}

//  ---- HELLO --------------------------------------------------------------

static void s_welcome (front_t *self, client_t *client, bool resumed)
{
    s_raise (self->hub, client);
    wire_client_welcome_t fields = {.minor = WIRE_MINOR,
                                    .resumed = resumed,
                                    .received = client->in.received,
                                    .window_tasks = client->granted_tasks,
                                    .window_bytes = client->granted_bytes,
                                    .beat_ms = self->hub->beat_ms,
                                    .lost_ms = self->hub->lost_ms,
                                    .broker = wire_view (self->hub->name),
                                    .version = wire_view (RELEASE)};
    wire_write_client_welcome (&self->frame, (wire_envelope_t){.session = client->session}, &fields);
    s_send (self, client->route);
}

static client_t *s_resume (front_t *self, const wire_client_hello_t *hello)
{
    client_t *client;
    HASH_FIND (hh_uuid, self->by_uuid, hello->uuid.data, WIRE_UUID_BYTES, client);
    if (!client)
        return NULL;
    if (!stream_acknowledge (client->out, hello->received)) {
        s_forget (self, client); //  It has received what we never sent: that was another session
        return NULL;
    }
    stream_rewind (client->out, hello->received);
    return client;
}

static void s_hello (front_t *self, sockets_route_t route, cursor_t *body)
{
    wire_client_hello_t hello;
    char message [256];
    if (!wire_read_client_hello (body, &hello) || !cursor_done (body) || !view_is (hello.magic, WIRE_MAGIC)
        || hello.uuid.size != WIRE_UUID_BYTES) {
        s_refuse (self, route, CADRE_ERROR_PROTOCOL, "this is not the HELLO of a cadre client");
        return;
    }
    if (hello.major != WIRE_MAJOR) {
        snprintf (message, sizeof message,
                  "client speaks cadre protocol %u.%u, this broker %u.%u: upgrade the older of the two",
                  (unsigned) hello.major, (unsigned) hello.minor, WIRE_MAJOR, WIRE_MINOR);
        s_refuse (self, route, CADRE_ERROR_VERSION, message);
        return;
    }
    client_t *client = s_resume (self, &hello);
    bool resumed = client != NULL;
    if (!client) {
        client = client_new (hello.uuid.data);
        view_copy (hello.name, client->name, sizeof client->name);
        HASH_ADD (hh, self->hub->clients, session, sizeof client->session, client);
        HASH_ADD (hh_uuid, self->by_uuid, uuid, WIRE_UUID_BYTES, client);
        log_line (LOG_INFO, "B021", "client %s connects", client->name);
    }
    client->route = route;
    client->heard_us = self->hub->now_us;
    stream_grant (client->out, hello.window_tasks, hello.window_bytes);
    s_welcome (self, client, resumed);
    client_touch (client, self->hub);
}

//  ---- frames of a session ------------------------------------------------

static bool s_part (client_t *client, cursor_t *body, size_t size_bytes)
{
    wire_part_t part;
    if (!wire_read_part (body, &part) || !cursor_done (body))
        return false;
    client->received_bytes += size_bytes;
    return client->received_bytes <= client->granted_bytes && parts_add (client->parts, &part) == CADRE_OK;
}

static bool s_tasks (front_t *self, client_t *client, cursor_t *body, size_t size_bytes)
{
    client->received_bytes += size_bytes;
    return client->received_bytes <= client->granted_bytes && front_job_tasks (self, client, body)
           && client->received_tasks <= client->granted_tasks;
}

static bool s_handle_stream (front_t *self, client_t *client, unsigned verb, cursor_t *body,
                             size_t size_bytes)
{
    switch (verb) {
    case WIRE_job_open: return front_job_open (self, client, body);
    case WIRE_job_tasks: return s_tasks (self, client, body, size_bytes);
    case WIRE_part: return s_part (client, body, size_bytes);
    case WIRE_job_seal: return front_job_seal (self, client, body);
    case WIRE_job_cancel: return front_job_cancel (self, client, body);
    case WIRE_job_follow: return front_job_follow (self, client, body);
    case WIRE_request: return front_request (self, client, body);
    default: return false;
    }
}

static bool s_beat (front_t *self, client_t *client, cursor_t *body)
{
    wire_beat_t beat;
    if (!wire_read_beat (body, &beat) || !cursor_done (body)
        || !stream_acknowledge (client->out, beat.received))
        return false;
    if (beat.sent > client->in.received)
        s_who (self, client->route); //  Frames are missing, and no later one has shown it
    client_touch (client, self->hub);
    return true;
}

static bool s_window (front_t *self, client_t *client, cursor_t *body)
{
    wire_window_t window;
    if (!wire_read_window (body, &window) || !cursor_done (body))
        return false;
    stream_grant (client->out, window.tasks, window.bytes);
    client_touch (client, self->hub);
    return true;
}

//  A frame with a number belongs to the stream; what was seen is dropped, a gap asks the client to start over.
static bool s_handle_numbered (front_t *self, client_t *client, const wire_envelope_t *envelope,
                               cursor_t *body, size_t size_bytes)
{
    switch (stream_in_accept (&client->in, envelope->sequence)) {
    case STREAM_SEEN: client->beat_due = true; return true;
    case STREAM_GAP: s_who (self, client->route); return true;
    case STREAM_NEW: break;
    }
    client->unacknowledged_bytes += size_bytes;
    if (client->in.received - client->acknowledged >= 64 || client->unacknowledged_bytes >= 256 * 1024)
        client->beat_due = true;
    client_touch (client, self->hub);
    return s_handle_stream (self, client, envelope->verb, body, size_bytes);
}

static bool s_handle_client (front_t *self, client_t *client, const wire_envelope_t *envelope, cursor_t *body,
                             size_t size_bytes)
{
    if (envelope->sequence)
        return s_handle_numbered (self, client, envelope, body, size_bytes);
    if (envelope->verb == WIRE_beat)
        return s_beat (self, client, body);
    return envelope->verb == WIRE_window && s_window (self, client, body);
}

void front_handle (front_t *self, sockets_route_t route, const void *frame, size_t size_bytes)
{
    wire_envelope_t envelope;
    cursor_t body;
    cadre_error_t error = wire_open (frame, size_bytes, &envelope, &body);
    if (error == CADRE_ERROR_VERSION) {
        char message [256];
        snprintf (message, sizeof message,
                  "client speaks cadre protocol %u, this broker %u.%u: upgrade the older of the two",
                  envelope.version, WIRE_MAJOR, WIRE_MINOR);
        s_refuse (self, route, error, message);
        return;
    }
    if (error) {
        self->hub->refused_frames++;
        return;
    }
    if (envelope.verb == WIRE_client_hello) {
        s_hello (self, route, &body);
        return;
    }
    client_t *client = NULL;
    HASH_FIND (hh, self->hub->clients, &envelope.session, sizeof envelope.session, client);
    if (!client || client->route != route) {
        if (envelope.verb != WIRE_goodbye)
            s_who (self, route);
        return;
    }
    client->heard_us = self->hub->now_us;
    if (envelope.verb == WIRE_goodbye) {
        log_line (LOG_INFO, "B022", "client %s leaves", client->name);
        s_forget (self, client);
        return;
    }
    if (s_handle_client (self, client, &envelope, &body, size_bytes))
        return;
    char message [HUB_NAME_BYTES + 128];
    snprintf (message, sizeof message, "a %s from client %s breaks the protocol: its session ends",
              wire_verb_name (envelope.verb), client->name);
    s_refuse (self, route, CADRE_ERROR_PROTOCOL, message);
    s_forget (self, client);
}

//  ---- the end of a turn --------------------------------------------------

static void s_pump (front_t *self, client_t *client)
{
    const buffer_t *frame;
    while (client->route && (frame = stream_next (client->out)) != NULL)
        if (sockets_send_bytes_to (self->router, client->route, frame->data, frame->size, ZMQ_DONTWAIT)) {
            stream_unsend (client->out);
            client->route = 0; //  It will say HELLO again
        }
}

//  Jobs of a client that does not read rest until it does; half of the limit must have drained.
static void s_judge_backlog (front_t *self, client_t *client)
{
    size_t backlog = client_backlog (client);
    bool stalled = client->stalled ? backlog > HUB_CLIENT_BYTES / 2 : backlog > HUB_CLIENT_BYTES;
    if (stalled == client->stalled)
        return;
    client->stalled = stalled;
    ledger_stall (self->hub->ledger, client);
}

void front_flush (front_t *self)
{
    while (self->hub->dirty) {
        client_t *client = self->hub->dirty;
        follow_pump_all (client, self->hub);
        client_flush (client);
        s_pump (self, client);
        s_judge_backlog (self, client);
        s_send_window (self, client);
        if (client->beat_due)
            s_send_beat (self, client);
        if ((client->changed || client->followers) && !timers_is_set (&self->report))
            timers_set (self->hub->timers, &self->report, self->hub->now_us + REPORT_US);
        client->dirty = false;
        DL_DELETE2 (self->hub->dirty, client, dirty_prev, dirty_next);
    }
}

void front_beat (front_t *self)
{
    uint64_t bytes = 0, ended = self->hub->tasks_done + self->hub->tasks_failed;
    for (client_t *client = self->hub->clients; client; client = client->hh.next) {
        bytes += stream_bytes (client->out) + parts_bytes (client->parts) + client->batch.capacity;
        s_send_beat (self, client);
        s_send_window (self, client);
    }
    self->hub->client_bytes = bytes;
    int64_t passed_us = self->hub->now_us - self->rate_us;
    if (passed_us > 0)
        self->rate = (double) (ended - self->rate_done) * 1e6 / (double) passed_us;
    self->rate_done = ended;
    self->rate_us = self->hub->now_us;
    doubt_look (self->hub);
}

void front_judge (front_t *self)
{
    client_t *client, *next;
    int64_t lost_us = (int64_t) self->hub->lost_ms * 1000;
    for (client = self->hub->clients; client; client = next) {
        next = client->hh.next;
        if (self->hub->now_us - client->heard_us < lost_us)
            continue;
        log_line (LOG_WARNING, "B023", "client %s is lost: silent for %u ms; its attached jobs are cancelled",
                  client->name, self->hub->lost_ms);
        s_forget (self, client);
    }
}

bool front_is_delivered (const front_t *self)
{
    for (const client_t *client = self->hub->clients; client; client = client->hh.next)
        if (client->batch_count || stream_unacknowledged (client->out))
            return false;
    return true;
}

size_t front_count (const front_t *self)
{
    return HASH_CNT (hh_uuid, self->by_uuid);
}
