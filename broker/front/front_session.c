//  front_session.c - frames to one client, and the end of its session

#include "broker/front/front_session.h"

#include <stdio.h>
#include <utlist.h>

#include "broker/front/request.h"
#include "common/log.h"
#include "common/units.h"

cadre_error_t front_session_send (front_t *self, sockets_route_t route)
{
    cadre_error_t error = sockets_send_bytes_to (self->router, route, self->frame.data,
                                                 self->frame.size, ZMQ_DONTWAIT);
    buffer_clear (&self->frame);
    return error;
}

//  Many frames of a peer without a session may be in flight: one WHO is enough.
void front_session_who (front_t *self, sockets_route_t route)
{
    if (!answer_rate_due (&self->answer_rate, ANSWER_WHO, route, self->ctx->now_us))
        return;
    wire_write_who (&self->frame, (wire_envelope_t){0}, &(wire_who_t){.major = WIRE_MAJOR});
    front_session_send (self, route);
}

void front_session_refuse (front_t *self, sockets_route_t route, cadre_error_t code,
                           const char *message)
{
    wire_refused_t fields = {
        .code = code, .message = wire_view (message), .major = WIRE_MAJOR, .minor = WIRE_MINOR};
    self->ctx->refused_frames++;
    if (!answer_rate_due (&self->answer_rate, ANSWER_REFUSED, route, self->ctx->now_us))
        return;
    wire_write_refused (&self->frame, (wire_envelope_t){0}, &fields);
    front_session_send (self, route);
    log_line (LOG_WARNING, "B020", "a client was refused: %s", message);
}

void front_session_forget (front_t *self, client_t *client)
{
    ledger_jobs_abandon (self->ctx->ledger, client);
    request_drop_all (self, client);
    while (client->followers) {
        follower_t *follower = client->followers;
        follower_destroy (&follower);
    }
    client_count (client, self->ctx, false);
    if (!peer_backlog_has_room (&client->backlog, FRONT_CUT_BYTES))
        peer_backlog_cut (
            &client->backlog); //  It would keep the frames that the session has queued there
    key_usage_leave (self->ctx, &client->usage);
    if (client->dirty)
        DL_DELETE2 (self->ctx->dirty, client, dirty_prev, dirty_next);
    client->dirty = false;
    client_tell (client, self->ctx, false);
    HASH_DELETE (hh, self->ctx->clients, client);
    HASH_DELETE (hh_uuid, self->by_uuid, client);
    front_session_move (self, client, 0);
    key_quota_give_back (self->quota, client->peer);
    client_destroy (&client);
}

void front_session_move (front_t *self, client_t *client, sockets_route_t route)
{
    if (client->route)
        HASH_DELETE (hh_route, self->by_route, client);
    client->route = route;
    if (route)
        HASH_ADD (hh_route, self->by_route, route, sizeof client->route, client);
}

void front_session_break (front_t *self, client_t *client, const char *what)
{
    char message [CONTEXT_NAME_BYTES + 128];
    snprintf (message, sizeof message, "a %s from client %s breaks the protocol: its session ends",
              what, client->name);
    front_session_refuse (self, client->route, CADRE_ERROR_PROTOCOL, message);
    front_session_forget (self, client);
}

void front_session_end_stuck (front_t *self, client_t *client)
{
    char message [CONTEXT_NAME_BYTES + 160], held [UNITS_TEXT_BYTES];
    snprintf (
        message, sizeof message,
        "client %s has acknowledged nothing for %u s, of %s that it was sent or waits for: its session ends",
        client->name, 3 * self->ctx->lost_ms / 1000,
        units_print_size (client_bytes (client), held, sizeof held));
    self->ctx->stuck_clients++;
    front_session_refuse (self, client->route, CADRE_ERROR_TOO_LARGE, message);
    front_session_forget (self, client);
}

size_t front_session_count (const front_t *self)
{
    return HASH_CNT (hh_uuid, self->by_uuid);
}
