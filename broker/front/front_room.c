//  front_room_for_one.c - how many sessions of clients there may be, and who ends so that another
//  can begin

#include "broker/front/front_room.h"

#include <string.h>

#include "broker/front/front_session.h"
#include "common/log.h"

#define SESSIONS_SHARE 8     //  Of the memory, what sessions at rest may take
#define SESSIONS_MOST 65536u //  Of all clients
#define SESSIONS_FACTOR 3    //  A key may have three times what is free
#define SWEEP_US 100000      //  Between two looks for sessions that are left
#define HELLO_US 250000      //  Between two HELLOs of one client, or by one connection
#define HELLO_AHEAD 8        //  So many may come at once
#define LEFT_BEATS 3         //  So long it must have been silent

shares_t *front_room_new (const hub_t *hub)
{
    uint64_t limit = hub->memory_limit / SESSIONS_SHARE / CLIENT_REST_BYTES;
    return shares_new (limit < SESSIONS_MOST ? (size_t) limit : SESSIONS_MOST, SESSIONS_FACTOR);
}

bool front_room_is_too_often (const front_t *self, client_t *client)
{
    int64_t now_us = self->hub->now_us;
    if (client->hello_us > now_us + HELLO_AHEAD * HELLO_US)
        return true;
    client->hello_us = (client->hello_us > now_us ? client->hello_us : now_us) + HELLO_US;
    return false;
}

//  Its connection is gone, most likely, and it has nothing here that it could come back to.
static bool s_is_left (const front_t *self, const client_t *client)
{
    int64_t silent_us = self->hub->now_us - client->heard_us;
    return silent_us > (int64_t) self->hub->beat_ms * 1000 * LEFT_BEATS && !client->jobs_open
           && !client->followers && !client->refs;
}

//  Looking at all of them for each HELLO of a flood would be what the flood is for.
static void s_sweep (front_t *self, const char *peer)
{
    if (self->hub->now_us - self->swept_us < SWEEP_US)
        return;
    self->swept_us = self->hub->now_us;
    client_t *client, *next;
    HASH_ITER (hh_uuid, self->by_uuid, client, next)
        if (strcmp (client->peer, peer) == 0 && s_is_left (self, client))
            front_session_forget (self, client);
}

//  Without keys all come as the same.
static bool s_is_alone (const front_t *self, const char *peer)
{
    return !*peer || (self->hub->doors && keyring_count (self->hub->doors->keys) == 1);
}

cadre_error_t front_room_for_one (front_t *self, const char *peer, fault_t *fault)
{
    bool alone = s_is_alone (self, peer);
    if (shares_allow (self->shares, peer, alone))
        return CADRE_OK;
    s_sweep (self, peer);
    if (shares_allow (self->shares, peer, alone))
        return CADRE_OK;
    const rights_t *rights = authz_rights (self->hub->doors, peer);
    self->hub->refused_hellos++;
    return fault_set (
        fault, CADRE_ERROR_DESCRIPTORS,
        "the broker keeps %zu sessions of clients, and %zu of them are of the key '%s': end some, use "
        "several keys, or raise the broker's --memory",
        shares_limit (self->shares), shares_of (self->shares, peer), rights ? rights->name : "");
}
