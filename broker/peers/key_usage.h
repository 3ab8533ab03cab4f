/*  purse.h - how much the peers of one key make the broker hold
 *
 *  Sessions come and go, and detached jobs outlive them, so limits per key are counted here. Each
 *  key that has a session or a job has one purse. A renewed key keeps the purse of the old key.
 *  Jobs that a restart finds in the store are counted in the purse of the key that opened them.
 *
 *  The accounts of a purse count all memory of its jobs until it is freed, so a job keeps its purse
 *  until then. The sums over all purses are hub->job_bytes, hub->kept_bytes and hub->client_bytes;
 *  purse_check compares them.
 */

#ifndef BROKER_PEERS_PURSE_H_INCLUDED
#define BROKER_PEERS_PURSE_H_INCLUDED

#include <string.h>

#include "broker/auth/keyring.h"
#include "broker/core/account.h"
#include "broker/core/context.h"
#include "common/hash.h"
#include "common/keys.h"

struct client;
struct job;

typedef struct purse {
    char holder [KEYS_TEXT_BYTES]; //  Holder of the key's jobs (holder.h)
    unsigned users;                //  Sessions and jobs that point to this purse
    unsigned sessions;             //  Of these, sessions
    account_t jobs;                //  Its jobs' part of hub->job_bytes
    account_t kept;                //  Its jobs' part of hub->kept_bytes
    uint64_t client_bytes;         //  Its sessions' part of hub->client_bytes
    uint64_t promised_bytes;       //  Its sessions' part of hub->promised_bytes
    uint64_t open_bytes;           //  Its part of hub->open_bytes
    uint64_t reply_bytes;          //  Sent to its sessions outside of windows, and not acknowledged
    int64_t large_us;  //  No large frame is accepted before this time (rate limit, park.c)
    UT_hash_handle hh; //  In hub->purses
} purse_t;

//  The purse of that holder, with one more user; purse_give: one less.
purse_t *purse_take (hub_t *hub, const char *holder);
void purse_give (hub_t *hub, purse_t **self_p);

//  The same for a session that begins or ends.
purse_t *purse_enter (hub_t *hub, const char *holder);
void purse_leave (hub_t *hub, purse_t **self_p);

//  Counts a job, with its current weight, for the client's session and key until it is removed or
//  the session ends. A job from the store has no client and counts for its key only.
void purse_charge (hub_t *hub, struct client *client, struct job *job);
void purse_discharge (hub_t *hub, struct job *job);

//  Memory of its jobs, with tasks and results, and of its sessions.
static inline uint64_t purse_held (const purse_t *self)
{
    return self->jobs.bytes + self->kept.bytes + self->client_bytes;
}

//  Does the key use more than its share of the memory? Then the rest is for other keys, including
//  those that connect later.
bool purse_is_over (const hub_t *hub, const purse_t *self);

//  Are the hub's sums those of all purses? For tests: visits all purses.
bool purse_check (const hub_t *hub);

//  Does it belong to one key, rather than to all peers without a key?
static inline bool purse_is_one (const purse_t *self)
{
    return self->holder [0] && strcmp (self->holder, RIGHTS_LOCAL) != 0;
}

#endif
