/*  key_usage.h - how much the peers of one key make the broker hold
 *
 *  Sessions come and go, and detached jobs outlive them, so limits per key are counted here. Each
 *  key that has a session or a job has one usage. A renewed key keeps the usage of the old key.
 *  Jobs that a restart finds in the store are counted in the usage of the key that opened them.
 *
 *  The accounts of a usage count all memory of its jobs until it is freed, so a job keeps its usage
 *  until then. The sums over all usages are ctx->job_bytes, ctx->kept_bytes and ctx->client_bytes;
 *  key_usage_check compares them.
 */

#ifndef BROKER_PEERS_KEY_USAGE_H_INCLUDED
#define BROKER_PEERS_KEY_USAGE_H_INCLUDED

#include <string.h>

#include "broker/auth/keyring.h"
#include "broker/core/account.h"
#include "broker/core/context.h"
#include "common/hash.h"
#include "common/keys.h"

struct client;
struct job;

typedef struct key_usage {
    char holder [KEYS_TEXT_BYTES]; //  Holder of the key's jobs (job_owner.h)
    unsigned users;                //  Sessions and jobs that point to this usage
    unsigned sessions;             //  Of these, sessions
    account_t jobs;                //  Its jobs' part of ctx->job_bytes
    account_t kept;                //  Its jobs' part of ctx->kept_bytes
    uint64_t client_bytes;         //  Its sessions' part of ctx->client_bytes
    uint64_t promised_bytes;       //  Its sessions' part of ctx->promised_bytes
    uint64_t open_bytes;           //  Its part of ctx->open_bytes
    uint64_t reply_bytes;          //  Sent to its sessions outside of windows, and not acknowledged
    int64_t
        large_us; //  No large frame is accepted before this time (rate limit, deferred_frames.c)
    UT_hash_handle hh; //  In ctx->usages
} key_usage_t;

//  The usage of that holder, with one more user; key_usage_give: one less.
key_usage_t *key_usage_take (context_t *ctx, const char *holder);
void key_usage_give (context_t *ctx, key_usage_t **self_p);

//  The same for a session that begins or ends.
key_usage_t *key_usage_enter (context_t *ctx, const char *holder);
void key_usage_leave (context_t *ctx, key_usage_t **self_p);

//  Counts a job, with its current weight, for the client's session and key until it is removed or
//  the session ends. A job from the store has no client and counts for its key only.
void key_usage_charge (context_t *ctx, struct client *client, struct job *job);
void key_usage_discharge (context_t *ctx, struct job *job);

//  Memory of its jobs, with tasks and results, and of its sessions.
static inline uint64_t key_usage_held (const key_usage_t *self)
{
    return self->jobs.bytes + self->kept.bytes + self->client_bytes;
}

//  Does the key use more than its share of the memory? Then the rest is for other keys, including
//  those that connect later.
bool key_usage_is_over (const context_t *ctx, const key_usage_t *self);

//  Are the context's sums those of all usages? For tests: visits all usages.
bool key_usage_check (const context_t *ctx);

//  Does it belong to one key, rather than to all peers without a key?
static inline bool key_usage_is_one (const key_usage_t *self)
{
    return self->holder [0] && strcmp (self->holder, RIGHTS_LOCAL) != 0;
}

#endif
