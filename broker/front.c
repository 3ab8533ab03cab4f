//  front.c - sessions of clients

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/front_own.h"
#include "broker/journal.h"
#include "broker/park.h"
#include "common/log.h"
#include "common/units.h"

#define CUT_BYTES 65536u //  On a connection that is left: more is worth cutting it off
#define RELEASE CADRE_VERSION_STRING

front_t *front_new (hub_t *hub, void *router, back_t *back)
{
    front_t *self = calloc (1, sizeof *self);
    assert (self);
    self->hub = hub;
    self->router = router;
    self->back = back;
    self->report = (alarm_t){.ring = front_report, .owner = self};
    windows_begin (&self->windows, hub);
    self->shares = front_room_new (hub);
    self->rate_us = hub->now_us;
    self->steps = FRONT_STEPS;
    return self;
}

cadre_error_t front_send (front_t *self, sockets_route_t route)
{
    cadre_error_t error =
        sockets_send_bytes_to (self->router, route, self->frame.data, self->frame.size, ZMQ_DONTWAIT);
    buffer_clear (&self->frame);
    return error;
}

//  Many frames of a stranger may be on their way: asking once is enough.
void front_who (front_t *self, sockets_route_t route)
{
    if (!askers_due (&self->askers, ASKER_WHO, route, self->hub->now_us))
        return;
    wire_write_who (&self->frame, (wire_envelope_t){0}, &(wire_who_t){.major = WIRE_MAJOR});
    front_send (self, route);
}

static void s_refuse (front_t *self, sockets_route_t route, cadre_error_t code, const char *message)
{
    wire_refused_t fields = {
        .code = code, .message = wire_view (message), .major = WIRE_MAJOR, .minor = WIRE_MINOR};
    self->hub->refused_frames++;
    if (!askers_due (&self->askers, ASKER_REFUSED, route, self->hub->now_us))
        return;
    wire_write_refused (&self->frame, (wire_envelope_t){0}, &fields);
    front_send (self, route);
    log_line (LOG_WARNING, "B020", "a client was refused: %s", message);
}

//  The session is forgotten, and with it the client's attached jobs.
void front_forget (front_t *self, client_t *client)
{
    ledger_abandon (self->hub->ledger, client);
    front_drop_requests (self, client);
    while (client->followers) {
        follower_t *follower = client->followers;
        follow_destroy (&follower);
    }
    client_count (client, self->hub, false);
    if (!burden_has_room (&client->burden, CUT_BYTES))
        burden_cut (&client->burden); //  It would hold what the session has left there
    purse_give (self->hub, &client->purse);
    if (client->dirty)
        DL_DELETE2 (self->hub->dirty, client, dirty_prev, dirty_next);
    client->dirty = false;
    client_tell (client, self->hub, false);
    HASH_DELETE (hh, self->hub->clients, client);
    HASH_DELETE (hh_uuid, self->by_uuid, client);
    front_move (self, client, 0);
    shares_give_back (self->shares, client->peer);
    client_destroy (&client);
}

void front_move (front_t *self, client_t *client, sockets_route_t route)
{
    if (client->route)
        HASH_DELETE (hh_route, self->by_route, client);
    client->route = route;
    if (route)
        HASH_ADD (hh_route, self->by_route, route, sizeof client->route, client);
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
        front_send (self, client->route);
        front_forget (self, client);
    }
    timers_cancel (self->hub->timers, &self->report);
    windows_end (&self->windows);
    shares_destroy (&self->shares);
    buffer_free (&self->frame);
    free (self);
    *self_p = NULL;
}

//  ---- HELLO --------------------------------------------------------------

static void s_welcome (front_t *self, client_t *client, bool resumed, uint64_t answers)
{
    windows_raise (&self->windows, client);
    wire_client_welcome_t fields = {.minor = WIRE_MINOR,
                                    .resumed = resumed,
                                    .received = client_acknowledgeable (client),
                                    .window_tasks = client->granted_tasks,
                                    .window_bytes = client->granted_bytes,
                                    .beat_ms = self->hub->beat_ms,
                                    .lost_ms = self->hub->lost_ms,
                                    .broker = wire_view (self->hub->name),
                                    .version = wire_view (RELEASE),
                                    .epoch = self->hub->epoch,
                                    .answers = answers};
    wire_write_client_welcome (&self->frame, (wire_envelope_t){.session = client->session}, &fields);
    front_send (self, client->route);
}

//  named: the session in the HELLO. Another one than the present: that began with an earlier HELLO, and the client has not heard of it yet; or the
//  client comes back from another broker.
static client_t *s_resume (front_t *self, const wire_client_hello_t *hello, uint64_t named, bool *resumed)
{
    client_t *client;
    *resumed = false;
    HASH_FIND (hh_uuid, self->by_uuid, hello->uuid.data, WIRE_UUID_BYTES, client);
    if (!client)
        return NULL;
    bool unheard = named && named != client->session;
    if (unheard && client->in.received == 0)
        return client;
    if (unheard || !stream_acknowledge (client->out, hello->received)) {
        front_forget (self, client); //  It has received what we never sent: that was another session
        return NULL;
    }
    stream_rewind (client->out, hello->received);
    *resumed = true;
    return client;
}

//  A session is resumed by the key that began it, and by no other.
static bool s_is_anothers (const front_t *self, const wire_client_hello_t *hello)
{
    client_t *client;
    HASH_FIND (hh_uuid, self->by_uuid, hello->uuid.data, WIRE_UUID_BYTES, client);
    return client && self->hub->peer && strcmp (client->peer, self->hub->peer) != 0;
}

//  False when it says HELLO too often: it is not heard. Who spoke by its connection before is superseded: a connection is one client's.
static bool s_supersede (front_t *self, const wire_client_hello_t *hello, sockets_route_t route,
                         int64_t *hello_us)
{
    client_t *client, *former;
    HASH_FIND (hh_uuid, self->by_uuid, hello->uuid.data, WIRE_UUID_BYTES, client);
    HASH_FIND (hh_route, self->by_route, &route, sizeof route, former);
    if ((client && front_is_too_often (self, client))
        || (former && former != client && front_is_too_often (self, former)))
        return false;
    *hello_us = former ? former->hello_us : 0;
    if (former && former != client) {
        log_line (LOG_INFO, "B038", "client %s gives way to another on its connection", former->name);
        front_forget (self, former);
    }
    return true;
}

//  NULL and a fault when there is no room.
static client_t *s_admit (front_t *self, const wire_client_hello_t *hello, fault_t *fault)
{
    const char *peer = self->hub->peer ? self->hub->peer : "";
    const rights_t *rights = doors_rights (self->hub->doors, self->hub->peer);
    if (front_room (self, peer, fault))
        return NULL;
    client_t *client = client_new (hello->uuid.data);
    view_copy (hello->name, client->name, sizeof client->name);
    snprintf (client->peer, sizeof client->peer, "%s", peer);
    shares_take (self->shares, peer);
    snprintf (client->key, sizeof client->key, "%s", rights->name);
    snprintf (client->holder, sizeof client->holder, "%s", rights->holder);
    client->purse = purse_take (self->hub, client->peer);
    HASH_ADD (hh, self->hub->clients, session, sizeof client->session, client);
    HASH_ADD (hh_uuid, self->by_uuid, uuid, WIRE_UUID_BYTES, client);
    log_line (LOG_INFO, "B021", "client %s connects%s%s", client->name, *client->key ? " with key " : "",
              client->key);
    return client;
}

//  The session goes on by this connection. One that it leaves is of no use any more, and what it holds would stay.
static void s_connect (front_t *self, client_t *client, sockets_route_t route)
{
    if (client->route == route)
        return;
    if (!burden_has_room (&client->burden, CUT_BYTES))
        burden_cut (&client->burden);
    front_move (self, client, route);
    client->burden = burden_of (self->hub->peer_fd);
}

static void s_hello (front_t *self, sockets_route_t route, uint64_t named, cursor_t *body)
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
    if (!doors_is_client (self->hub->doors, self->hub->peer) || s_is_anothers (self, &hello)) {
        s_refuse (self, route, CADRE_ERROR_REFUSED,
                  "this key is not let in as a client: ask for an access file of role client");
        return;
    }
    bool resumed;
    int64_t hello_us;
    fault_t fault = {0};
    if (!s_supersede (self, &hello, route, &hello_us)) {
        self->hub->refused_hellos++;
        return;
    }
    client_t *client = s_resume (self, &hello, named, &resumed);
    if (!client)
        client = s_admit (self, &hello, &fault);
    if (!client) {
        s_refuse (self, route, fault.code, fault.text);
        return;
    }
    s_connect (self, client, route);
    client->hello_us = hello_us > client->hello_us ? hello_us : client->hello_us;
    client->heard_us = self->hub->now_us;
    stream_grant (client->out, hello.window_tasks, hello.window_bytes);
    s_welcome (self, client, resumed, named);
    client_touch (client, self->hub);
}

//  ---- frames of a session ------------------------------------------------

//  A payload that can never be held is refused when its first part comes, by a sentence and not by a window that never opens.
static bool s_fits_memory (front_t *self, client_t *client, const wire_part_t *part)
{
    char message [256];
    if (part->total <= self->hub->memory_limit / 2)
        return true;
    snprintf (message, sizeof message,
              "a payload of %llu MiB is more than half of what this broker may hold (%llu MiB): see --memory",
              (unsigned long long) part->total >> 20, (unsigned long long) self->hub->memory_limit >> 20);
    s_refuse (self, client->route, CADRE_ERROR_TOO_LARGE, message);
    return false;
}

static bool s_part (front_t *self, client_t *client, cursor_t *body, size_t size_bytes)
{
    wire_part_t part;
    if (!wire_read_part (body, &part) || !cursor_done (body) || !s_fits_memory (self, client, &part))
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

//  Who asks on and on, and takes no replies, is not heard for ever.
static bool s_request (front_t *self, client_t *client, cursor_t *body)
{
    char message [HUB_NAME_BYTES + 192];
    if (inbox_admits (&client->inbox, (size_t) (body->end - body->at)))
        return front_request (self, client, body);
    snprintf (message, sizeof message,
              "%zu requests of client %s wait to be answered: it asks faster than it takes replies",
              client->inbox.count, client->name);
    s_refuse (self, client->route, CADRE_ERROR_TOO_LARGE, message);
    return false;
}

static bool s_handle_stream (front_t *self, client_t *client, unsigned verb, cursor_t *body,
                             size_t size_bytes)
{
    switch (verb) {
    case WIRE_job_open: return front_job_open (self, client, body);
    case WIRE_job_tasks: return s_tasks (self, client, body, size_bytes);
    case WIRE_part: return s_part (self, client, body, size_bytes);
    case WIRE_job_seal: return front_job_seal (self, client, body);
    case WIRE_job_cancel: return front_job_cancel (self, client, body);
    case WIRE_job_follow: return front_job_follow (self, client, body);
    case WIRE_request: return s_request (self, client, body);
    default: return false;
    }
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

//  A frame that left a record is acknowledged when that is on the disk; a part, when the task to which it belongs is.
static bool s_handle_recorded (front_t *self, client_t *client, const wire_envelope_t *envelope,
                               cursor_t *body, size_t size_bytes)
{
    journal_t *journal = self->hub->journal;
    uint64_t session = client->session, mark = journal_mark (journal);
    if (!s_handle_stream (self, client, envelope->verb, body, size_bytes))
        return false;
    if (parts_bytes (client->parts) == 0)
        client->parts_from = 0;
    else if (client->parts_from == 0)
        client->parts_from = envelope->sequence;
    if (journal_mark (journal) != mark && client->session == session)
        journal_hold_client (journal, client, envelope->sequence);
    return true;
}

static bool s_handle_next (front_t *self, client_t *client, const wire_envelope_t *envelope, cursor_t *body,
                           size_t size_bytes)
{
    return self->hub->journal ? s_handle_recorded (self, client, envelope, body, size_bytes)
                              : s_handle_stream (self, client, envelope->verb, body, size_bytes);
}

//  What has waited until replies were acknowledged. False when it breaks the protocol.
static bool s_unpark (front_t *self, client_t *client)
{
    parked_t *frame;
    bool fine = true;
    while (fine && (frame = park_next (client, self->hub)) != NULL) {
        cursor_t body = cursor_of (frame->body, frame->size);
        fine = s_handle_next (self, client, &frame->envelope, &body, frame->size + WIRE_ENVELOPE_BYTES);
        free (frame);
    }
    if (fine && park_wants_more (client))
        front_who (self, client->route);
    return fine;
}

static bool s_beat (front_t *self, client_t *client, cursor_t *body)
{
    wire_beat_t beat;
    if (!wire_read_beat (body, &beat) || !cursor_done (body)
        || !stream_acknowledge (client->out, beat.received))
        return false;
    if (beat.sent > client->in.received && !client->deaf)
        front_who (self, client->route); //  Frames are missing, and no later one has shown it
    client_touch (client, self->hub);
    return s_unpark (self, client);
}

//  A frame with a number belongs to the stream; what was seen is dropped, a gap asks the client to start over.
static bool s_handle_numbered (front_t *self, client_t *client, const wire_envelope_t *envelope,
                               cursor_t *body, size_t size_bytes)
{
    bool next = envelope->sequence == client->in.received + 1;
    park_verdict_t verdict =
        next || client->deaf ? park_judge (client, self->hub, envelope, body) : PARK_PASS;
    if (verdict == PARK_DROP || verdict == PARK_BROKEN)
        return verdict == PARK_DROP;
    switch (stream_in_accept (&client->in, envelope->sequence)) {
    case STREAM_SEEN: client->beat_due = true; return true;
    case STREAM_GAP: front_who (self, client->route); return true;
    case STREAM_NEW: break;
    }
    client->unacknowledged_bytes += size_bytes;
    if (client->in.received - client->acknowledged >= 64 || client->unacknowledged_bytes >= 256 * 1024)
        client->beat_due = true;
    client_touch (client, self->hub);
    return verdict == PARK_TAKEN || s_handle_next (self, client, envelope, body, size_bytes);
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

static void s_break (front_t *self, client_t *client, const char *what)
{
    char message [HUB_NAME_BYTES + 128];
    snprintf (message, sizeof message, "a %s from client %s breaks the protocol: its session ends", what,
              client->name);
    s_refuse (self, client->route, CADRE_ERROR_PROTOCOL, message);
    front_forget (self, client);
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
        s_hello (self, route, envelope.session, &body);
        return;
    }
    client_t *client = NULL;
    HASH_FIND (hh, self->hub->clients, &envelope.session, sizeof envelope.session, client);
    if (!client || client->route != route) {
        if (envelope.verb != WIRE_goodbye)
            front_who (self, route);
        return;
    }
    client->heard_us = self->hub->now_us;
    if (envelope.verb == WIRE_goodbye) {
        log_line (LOG_INFO, "B022", "client %s leaves", client->name);
        front_forget (self, client);
        return;
    }
    if (s_handle_client (self, client, &envelope, &body, size_bytes))
        return;
    s_break (self, client, wire_verb_name (envelope.verb));
}

void front_check_keys (front_t *self)
{
    client_t *client, *next;
    HASH_ITER (hh_uuid, self->by_uuid, client, next) {
        if (doors_is_client (self->hub->doors, client->peer))
            continue;
        log_line (LOG_WARNING, "B023", "client %s is put out: its key %s is not let in any more",
                  client->name, client->key);
        s_refuse (self, client->route, CADRE_ERROR_REFUSED,
                  "the key of this client was revoked or made anew: ask for a new access file");
        front_forget (self, client);
    }
}

void front_end_stuck (front_t *self, client_t *client)
{
    char message [HUB_NAME_BYTES + 160], held [UNITS_TEXT_BYTES];
    snprintf (
        message, sizeof message,
        "client %s has acknowledged nothing for %u s, of %s that it was sent or waits for: its session ends",
        client->name, 3 * self->hub->lost_ms / 1000,
        units_print_size (client_bytes (client), held, sizeof held));
    self->hub->stuck_clients++;
    s_refuse (self, client->route, CADRE_ERROR_TOO_LARGE, message);
    front_forget (self, client);
}

bool front_unpark (front_t *self, client_t *client)
{
    if (!client->parked || s_unpark (self, client))
        return true;
    s_break (self, client, "frame that waited");
    return false;
}

size_t front_count (const front_t *self)
{
    return HASH_CNT (hh_uuid, self->by_uuid);
}
