//  front_capacity.c - limits the number of client sessions, and ends one to admit another

#include "broker/front/front_capacity.h"

#include <string.h>

#include "broker/front/front_session.h"
#include "common/log.h"

#define SESSIONS_SHARE 8     //  Fraction of the memory for idle sessions
#define SESSIONS_MOST 65536u //  For all clients
#define SESSIONS_FACTOR 3    //  A key may have three times what is free
#define SWEEP_US 100000      //  Minimum interval of searches for abandoned sessions
#define HELLO_US 250000      //  Minimum interval of HELLOs of one client, or on one connection
#define HELLO_AHEAD 8        //  Burst of HELLOs
#define LEFT_BEATS 3         //  Beat intervals of silence

key_quota_t *front_capacity_new (const context_t *ctx)
{
    uint64_t limit = ctx->memory_limit / SESSIONS_SHARE / CLIENT_REST_BYTES;
    return key_quota_new (limit < SESSIONS_MOST ? (size_t) limit : SESSIONS_MOST, SESSIONS_FACTOR);
}

bool front_capacity_is_too_often (const front_t *self, client_t *client)
{
    int64_t now_us = self->ctx->now_us;
    if (client->hello_us > now_us + HELLO_AHEAD * HELLO_US)
        return true;
    client->hello_us = (client->hello_us > now_us ? client->hello_us : now_us) + HELLO_US;
    return false;
}

//  Its connection is probably gone, and it has nothing here for which it would return.
static bool s_is_left (const front_t *self, const client_t *client)
{
    int64_t silent_us = self->ctx->now_us - client->heard_us;
    return silent_us > (int64_t) self->ctx->beat_ms * 1000 * LEFT_BEATS && !client->jobs_open
           && !client->followers && !client->refs;
}

//  A search for every HELLO of a flood would be too expensive.
static void s_front_capacity_sweep (front_t *self, const char *peer)
{
    if (self->ctx->now_us - self->swept_us < SWEEP_US)
        return;
    self->swept_us = self->ctx->now_us;
    client_t *client, *next;
    HASH_ITER (hh_uuid, self->by_uuid, client, next)
        if (strcmp (client->peer, peer) == 0 && s_is_left (self, client))
            front_session_forget (self, client);
}

//  Without keys all peers are the same.
static bool s_is_alone (const front_t *self, const char *peer)
{
    return !*peer || (self->ctx->authz && keyring_count (self->ctx->authz->keys) == 1);
}

cadre_error_t front_capacity_for_one (front_t *self, const char *peer, fault_t *fault)
{
    bool alone = s_is_alone (self, peer);
    if (key_quota_allow (self->quota, peer, alone))
        return CADRE_OK;
    s_front_capacity_sweep (self, peer);
    if (key_quota_allow (self->quota, peer, alone))
        return CADRE_OK;
    const rights_t *rights = authz_rights (self->ctx->authz, peer);
    self->ctx->refused_hellos++;
    return fault_set (
        fault, CADRE_ERROR_DESCRIPTORS,
        "the broker keeps %zu sessions of clients, and %zu of them are of the key '%s': end some, use "
        "several keys, or raise the broker's --memory",
        key_quota_limit (self->quota), key_quota_of (self->quota, peer),
        rights ? rights->name : "");
}
