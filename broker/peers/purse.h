/*  purse.h - what the peers of one key make the broker hold
 *
 *  Sessions come and go, and detached jobs outlive them: what is to be bounded for a key is counted
 *  here. One purse for each key that has a session or a job; who has none of them has no purse. A
 *  key that is made anew has the purse of the old one, and jobs that a restart finds in the store
 *  are in the purse of whoever opened them.
 */

#ifndef BROKER_PEERS_PURSE_H_INCLUDED
#define BROKER_PEERS_PURSE_H_INCLUDED

#include <string.h>

#include "broker/auth/keyring.h"
#include "broker/core/hub.h"
#include "common/hash.h"
#include "common/keys.h"

struct client;
struct job;

typedef struct purse {
    char holder [KEYS_TEXT_BYTES]; //  Of the key's jobs (holder.h)
    unsigned users;                //  Sessions and jobs that point here
    unsigned sessions;             //  Of these, sessions
    uint64_t promised_bytes;       //  Its sessions' part of hub->promised_bytes
    uint64_t job_bytes;            //  Of its open jobs, without their tasks
    uint64_t reply_bytes;          //  Sent to its sessions without a window, and not acknowledged
    int64_t large_us;              //  Until then its large frames have used up their rate (park.c)
    UT_hash_handle hh;             //  In hub->purses
} purse_t;

//  The purse of that holder, with one user more; and with one less.
purse_t *purse_take (hub_t *hub, const char *holder);
void purse_give (hub_t *hub, purse_t **self_p);

//  The same for a session, which begins or ends.
purse_t *purse_enter (hub_t *hub, const char *holder);
void purse_leave (hub_t *hub, purse_t **self_p);

//  A job that the client opens is counted for its session and its key, what it weighs now: until it
//  is dropped, or the session ends. One that comes from the store has no client: it counts for its
//  key.
void purse_charge (hub_t *hub, struct client *client, struct job *job);
void purse_discharge (hub_t *hub, struct job *job);

//  Is it one key's, and not everybody's?
static inline bool purse_is_one (const purse_t *self)
{
    return self->holder [0] && strcmp (self->holder, RIGHTS_LOCAL) != 0;
}

#endif
