//  front_hello.c - CLIENT_HELLO: begins a session, or continues it on another connection

#include "broker/front/front_hello.h"

#include <stdio.h>
#include <string.h>

#include "broker/front/front_capacity.h"
#include "broker/front/front_session.h"
#include "common/log.h"
#include "common/sharing.h"

#define RELEASE CADRE_VERSION_STRING

static void s_welcome (front_t *self, client_t *client, bool resumed, uint64_t answers)
{
    buffer_t offers = {0};
    size_t count = client->shares ? sharing_pack (self->ctx->probe, &offers) : 0;
    windows_raise (&self->windows, client);
    wire_client_welcome_t fields = {.minor = WIRE_MINOR,
                                    .resumed = resumed,
                                    .received = client_acknowledgeable (client),
                                    .window_tasks = client->granted_tasks,
                                    .window_bytes = client->granted_bytes,
                                    .beat_ms = self->ctx->beat_ms,
                                    .lost_ms = self->ctx->lost_ms,
                                    .broker = wire_view (self->ctx->name),
                                    .version = wire_view (RELEASE),
                                    .capabilities = wire_list_of (&offers, count),
                                    .epoch = self->ctx->epoch,
                                    .answers = answers};
    wire_write_client_welcome (&self->frame, (wire_envelope_t){.session = client->session},
                               &fields);
    front_session_send (self, client->route);
    buffer_free (&offers);
}

//  Files are opened only for peers on this machine that need no key: they are of the broker's user.
static void s_client_share (const front_t *self, client_t *client, const wire_client_hello_t *hello)
{
    if (client->shares || *client->key || !sharing_is_local (self->ctx->peer_fd)
        || !sharing_opens (&hello->capabilities))
        return;
    client->shares = true;
    parts_share (client->parts, true);
}

//  named: the session in the HELLO. If it is not the present one, the client either has not
//  received the WELCOME of the present one, or returns from another broker.
static client_t *s_front_hello_resume (front_t *self, const wire_client_hello_t *hello,
                                       uint64_t named, bool *resumed)
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
        front_session_forget (
            self, client); //  It has received more than we sent: that was another session
        return NULL;
    }
    stream_rewind (client->out, hello->received);
    *resumed = true;
    return client;
}

//  A session is resumed only by the key that began it.
static bool s_is_anothers (const front_t *self, const wire_client_hello_t *hello)
{
    client_t *client;
    HASH_FIND (hh_uuid, self->by_uuid, hello->uuid.data, WIRE_UUID_BYTES, client);
    return client && self->ctx->peer && strcmp (client->peer, self->ctx->peer) != 0;
}

//  False when HELLOs come too often: the HELLO is ignored. An earlier client on the same connection
//  is superseded, because a connection belongs to one client.
static bool s_supersede (front_t *self, const wire_client_hello_t *hello, sockets_route_t route,
                         int64_t *hello_us)
{
    client_t *client, *former;
    HASH_FIND (hh_uuid, self->by_uuid, hello->uuid.data, WIRE_UUID_BYTES, client);
    HASH_FIND (hh_route, self->by_route, &route, sizeof route, former);
    if ((client && front_capacity_is_too_often (self, client))
        || (former && former != client && front_capacity_is_too_often (self, former)))
        return false;
    *hello_us = former ? former->hello_us : 0;
    if (former && former != client) {
        log_line (LOG_INFO, "B038", "client %s is replaced by another on its connection",
                  former->name);
        front_session_forget (self, former);
    }
    return true;
}

//  NULL and a fault when there is no room.
static client_t *s_admit (front_t *self, const wire_client_hello_t *hello, fault_t *fault)
{
    const char *peer = self->ctx->peer ? self->ctx->peer : "";
    const rights_t *rights = authz_rights (self->ctx->authz, self->ctx->peer);
    if (front_capacity_for_one (self, peer, fault))
        return NULL;
    client_t *client = client_new (hello->uuid.data);
    view_copy (hello->name, client->name, sizeof client->name);
    snprintf (client->peer, sizeof client->peer, "%s", peer);
    key_quota_take (self->quota, peer);
    snprintf (client->key, sizeof client->key, "%s", rights->name);
    snprintf (client->holder, sizeof client->holder, "%s", rights->holder);
    client->usage = key_usage_enter (self->ctx, client->holder);
    HASH_ADD (hh, self->ctx->clients, session, sizeof client->session, client);
    HASH_ADD (hh_uuid, self->by_uuid, uuid, WIRE_UUID_BYTES, client);
    log_line (LOG_INFO, "B021", "client %s connects%s%s", client->name,
              *client->key ? " with key " : "", client->key);
    return client;
}

//  The session continues on this connection. The previous connection is useless, and would keep its
//  queued frames, so it is closed.
static void s_front_hello_connect (front_t *self, client_t *client, sockets_route_t route)
{
    if (client->route == route)
        return;
    if (!peer_backlog_has_room (&client->backlog, FRONT_CUT_BYTES))
        peer_backlog_cut (&client->backlog);
    front_session_move (self, client, route);
    client->backlog = peer_backlog_of (self->ctx->peer_fd);
}

void front_hello (front_t *self, sockets_route_t route, uint64_t named, cursor_t *body)
{
    wire_client_hello_t hello;
    char message [256];
    if (!wire_read_client_hello (body, &hello) || !cursor_done (body)
        || !view_is (hello.magic, WIRE_MAGIC) || hello.uuid.size != WIRE_UUID_BYTES) {
        front_session_refuse (self, route, CADRE_ERROR_PROTOCOL,
                              "this is not the HELLO of a cadre client");
        return;
    }
    if (hello.major != WIRE_MAJOR) {
        snprintf (
            message, sizeof message,
            "client speaks cadre protocol %u.%u, this broker %u.%u: upgrade the older of the two",
            (unsigned) hello.major, (unsigned) hello.minor, WIRE_MAJOR, WIRE_MINOR);
        front_session_refuse (self, route, CADRE_ERROR_VERSION, message);
        return;
    }
    if (!authz_is_client (self->ctx->authz, self->ctx->peer) || s_is_anothers (self, &hello)) {
        front_session_refuse (self, route, CADRE_ERROR_REFUSED,
                              "this key is not a client's: ask for an access file of role client");
        return;
    }
    bool resumed;
    int64_t hello_us;
    fault_t fault = {0};
    if (!s_supersede (self, &hello, route, &hello_us)) {
        self->ctx->refused_hellos++;
        return;
    }
    client_t *client = s_front_hello_resume (self, &hello, named, &resumed);
    if (!client)
        client = s_admit (self, &hello, &fault);
    if (!client) {
        front_session_refuse (self, route, fault.code, fault.text);
        return;
    }
    s_front_hello_connect (self, client, route);
    client->hello_us = hello_us > client->hello_us ? hello_us : client->hello_us;
    client->heard_us = self->ctx->now_us;
    stream_grant (client->out, hello.window_tasks, hello.window_bytes);
    s_client_share (self, client, &hello);
    s_welcome (self, client, resumed, named);
    client_touch (client, self->ctx);
}
