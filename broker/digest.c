//  digest.c - what the payloads of a job's first tasks were, in a few bytes

#include "broker/digest.h"

#include "common/hash.h"

void digest_add (digest_t *self, view_t payload)
{
    const uint64_t chain [2] = {self->sum, 0};
    self->sum = hash_siphash (chain, payload.data, payload.size);
    self->tasks++;
}

void digest_skip (digest_t *self)
{
    self->blind = true;
    self->tasks++;
}

bool digest_same (const digest_t *self, const digest_t *other)
{
    return self->blind || other->blind || (self->tasks == other->tasks && self->sum == other->sum);
}
