//  front.c - the client side of the broker

#include "broker/front/front.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/front/front_capacity.h"
#include "broker/front/front_frames.h"
#include "broker/front/front_hello.h"
#include "broker/front/front_session.h"
#include "broker/front/front_turn.h"
#include "common/log.h"

front_t *front_new (context_t *ctx, void *router, back_t *back)
{
    front_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ctx = ctx;
    self->router = router;
    self->back = back;
    self->report = (alarm_t){.ring = front_turn_report, .owner = self};
    windows_begin (&self->windows, ctx);
    self->quota = front_capacity_new (ctx);
    self->rate_us = ctx->now_us;
    self->steps = FRONT_STEPS;
    return self;
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
        front_session_send (self, client->route);
        front_session_forget (self, client);
    }
    timers_cancel (self->ctx->timers, &self->report);
    windows_end (&self->windows);
    key_quota_destroy (&self->quota);
    buffer_free (&self->frame);
    free (self);
    *self_p = NULL;
}

void front_handle (front_t *self, sockets_route_t route, const void *frame, size_t size_bytes)
{
    wire_envelope_t envelope;
    cursor_t body;
    cadre_error_t error = wire_open (frame, size_bytes, &envelope, &body);
    if (error == CADRE_ERROR_VERSION) {
        char message [256];
        snprintf (
            message, sizeof message,
            "client speaks cadre protocol %u, this broker %u.%u: upgrade the older of the two",
            envelope.version, WIRE_MAJOR, WIRE_MINOR);
        front_session_refuse (self, route, error, message);
        return;
    }
    if (error) {
        self->ctx->refused_frames++;
        return;
    }
    if (envelope.verb == WIRE_client_hello) {
        front_hello (self, route, envelope.session, &body);
        return;
    }
    client_t *client = NULL;
    HASH_FIND (hh, self->ctx->clients, &envelope.session, sizeof envelope.session, client);
    if (!client || client->route != route) {
        if (envelope.verb != WIRE_goodbye)
            front_session_who (self, route);
        return;
    }
    client->heard_us = self->ctx->now_us;
    if (envelope.verb == WIRE_goodbye) {
        log_line (LOG_INFO, "B022", "client %s leaves", client->name);
        front_session_forget (self, client);
        return;
    }
    if (front_frames_handle (self, client, &envelope, &body, size_bytes))
        return;
    front_session_break (self, client, wire_verb_name (envelope.verb));
}

void front_check_keys (front_t *self)
{
    client_t *client, *next;
    HASH_ITER (hh_uuid, self->by_uuid, client, next) {
        if (authz_is_client (self->ctx->authz, client->peer))
            continue;
        log_line (LOG_WARNING, "B024", "client %s is disconnected: key %s was revoked",
                  client->name, client->key);
        front_session_refuse (
            self, client->route, CADRE_ERROR_REFUSED,
            "the key of this client was revoked or replaced: ask for a new access file");
        front_session_forget (self, client);
    }
}

size_t front_count (const front_t *self)
{
    return front_session_count (self);
}
