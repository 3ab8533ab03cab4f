//  meter.c - limits the time that a key may use without bringing work

#include "broker/core/meter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/keys.h"

#define NS_A_US 1000
#define BURST_NS ((int64_t) METER_BURST_US * NS_A_US)
#define RELEASE_NS (BURST_NS - (int64_t) METER_QUANTUM_US * NS_A_US)
#define NEVER_US (-(int64_t) METER_ACTIVE_US - 1)

typedef struct account {
    char key [KEYS_TEXT_BYTES]; //  The key
    unsigned number;            //  Index in meter->accounts, from 1
    bool held;                  //  Its connections are not read
    int64_t level_ns;           //  Level of its leaky bucket at leaked_us
    int64_t leaked_us;          //  Time of that level
    int64_t held_us;            //  Since when it is held
    UT_hash_handle hh;          //  In meter->by_key
} account_t;

typedef struct work {
    unsigned account; //  The account that brought it; 0: none yet
    int64_t us;       //  Time of the work
} work_t;

struct meter {
    account_t **accounts; //  By number; [0] is unused
    size_t count;         //  Length of accounts
    account_t *by_key;    //  uthash
    account_t *last;      //  The account looked up last
    work_t work [2];      //  The last account that brought work, and the last other one
    int64_t longest_us;   //  Maximum duration of a hold
    size_t held;          //  Accounts held now
    uint64_t holds;       //  Holds, ever
    meter_hold_fn *hold;  //  Callback of the owner
    void *owner;          //  Its first argument
};

meter_t *meter_new (int64_t longest_us, meter_hold_fn *hold, void *owner)
{
    meter_t *self = calloc (1, sizeof *self);
    assert (self);
    self->count = 1;
    self->work [0].us = self->work [1].us = NEVER_US;
    self->longest_us = longest_us;
    self->hold = hold;
    self->owner = owner;
    return self;
}

void meter_destroy (meter_t **self_p)
{
    assert (self_p);
    meter_t *self = *self_p;
    if (!self)
        return;
    HASH_CLEAR (hh, self->by_key);
    for (size_t i = 1; i < self->count; i++)
        free (self->accounts [i]);
    free (self->accounts);
    free (self);
    *self_p = NULL;
}

static account_t *s_meter_add (meter_t *self, const char *key)
{
    account_t *account = calloc (1, sizeof *account);
    self->accounts = realloc (self->accounts, (self->count + 1) * sizeof *self->accounts);
    assert (account && self->accounts && strlen (key) < sizeof account->key);
    memcpy (account->key, key, strlen (key) + 1);
    account->number = (unsigned) self->count;
    self->accounts [self->count++] = account;
    HASH_ADD_STR (self->by_key, key, account);
    return account;
}

unsigned meter_account (meter_t *self, const char *key)
{
    account_t *account = self->last;
    if (account && strcmp (account->key, key) == 0)
        return account->number;
    HASH_FIND_STR (self->by_key, key, account);
    self->last = account ? account : s_meter_add (self, key);
    return self->last->number;
}

void meter_work (meter_t *self, unsigned account, int64_t now_us)
{
    if (self->work [0].account != account) {
        self->work [1] = self->work [0];
        self->work [0].account = account;
    }
    self->work [0].us = now_us;
}

static bool s_others_work (const meter_t *self, const account_t *account, int64_t now_us)
{
    const work_t *other = &self->work [self->work [0].account == account->number];
    return other->account && now_us - other->us <= METER_ACTIVE_US;
}

static void s_leak (const meter_t *self, account_t *account, int64_t now_us)
{
    if (now_us <= account->leaked_us)
        return;
    int64_t passed_ns = (now_us - account->leaked_us) * NS_A_US;
    if (s_others_work (self, account, now_us))
        passed_ns /= METER_SHARE;
    account->level_ns = account->level_ns > passed_ns ? account->level_ns - passed_ns : 0;
    account->leaked_us = now_us;
}

static void s_set_held (meter_t *self, account_t *account, bool held, int64_t now_us)
{
    account->held = held;
    account->held_us = now_us;
    self->held = held ? self->held + 1 : self->held - 1;
    self->holds += held;
    self->hold (self->owner, account->number, held);
}

void meter_charge (meter_t *self, unsigned number, uint64_t cost_ns, int64_t now_us)
{
    account_t *account = self->accounts [number];
    s_leak (self, account, now_us);
    account->level_ns += (int64_t) cost_ns;
    if (!account->held && account->level_ns > BURST_NS && s_others_work (self, account, now_us))
        s_set_held (self, account, true, now_us);
}

//  After the maximum duration an account is released in any case, with its level at RELEASE_NS.
static bool s_is_released (const meter_t *self, account_t *account, int64_t now_us)
{
    s_leak (self, account, now_us);
    bool longest = now_us - account->held_us >= self->longest_us;
    if (longest && account->level_ns > RELEASE_NS)
        account->level_ns = RELEASE_NS;
    return account->level_ns <= RELEASE_NS || !s_others_work (self, account, now_us);
}

void meter_turn (meter_t *self, int64_t now_us)
{
    for (size_t i = 1; self->held && i < self->count; i++) {
        account_t *account = self->accounts [i];
        if (account->held && s_is_released (self, account, now_us))
            s_set_held (self, account, false, now_us);
    }
}

size_t meter_held (const meter_t *self)
{
    return self->held;
}

uint64_t meter_holds (const meter_t *self)
{
    return self->holds;
}
