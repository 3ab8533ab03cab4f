/*  account.h - counts held bytes, as part of a sum
 *
 *  The memory of a key is counted for the key and for the whole broker in one step, so the sum over
 *  all keys is always that of the broker, whatever happens to a job. The holder of bytes has a
 *  pointer to its account, and changes nothing else. A plain value; its owner sets sum_p once.
 */

#ifndef BROKER_CORE_ACCOUNT_H_INCLUDED
#define BROKER_CORE_ACCOUNT_H_INCLUDED

#include <stdint.h>

typedef struct account {
    uint64_t bytes;  //  Bytes held
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
