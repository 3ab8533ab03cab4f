/*  account.h - bytes that are held, as part of a sum
 *
 *  What belongs to one key is counted for it and for the broker as a whole, in one step: so the sum
 *  of all keys is the broker's, whatever happens to a job. Whoever holds bytes has a pointer to its
 *  account, and changes nothing else. A plain value; its owner sets sum_p once.
 */

#ifndef BROKER_CORE_ACCOUNT_H_INCLUDED
#define BROKER_CORE_ACCOUNT_H_INCLUDED

#include <stdint.h>

typedef struct account {
    uint64_t bytes;  //  Held
    uint64_t *sum_p; //  Of all accounts; borrowed
} account_t;

static inline void account_add (account_t *self, uint64_t bytes)
{
    self->bytes += bytes;
    *self->sum_p += bytes;
}

static inline void account_subtract (account_t *self, uint64_t bytes)
{
    self->bytes -= bytes;
    *self->sum_p -= bytes;
}

#endif
