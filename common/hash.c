//  hash.c - uthash with a keyed hash function

#include "common/hash.h"

#include <string.h>

#include "common/entropy.h"

static uint64_t s_secret [2];

//  Runs before main, and before any thread: the hash of a table must not change.
__attribute__ ((constructor)) static void s_draw (void)
{
    entropy_fill (s_secret, sizeof s_secret);
}

typedef struct state {
    uint64_t v0, v1, v2, v3; //  As in the paper
} state_t;

static inline uint64_t s_hash_turn (uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void s_round (state_t *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = s_hash_turn (s->v1, 13) ^ s->v0;
    s->v3 = s_hash_turn (s->v3, 16) ^ s->v2;
    s->v0 = s_hash_turn (s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = s_hash_turn (s->v1, 17) ^ s->v2;
    s->v3 = s_hash_turn (s->v3, 21) ^ s->v0;
    s->v2 = s_hash_turn (s->v2, 32);
}

static inline void s_mix (state_t *s, uint64_t word)
{
    s->v3 ^= word;
    s_round (s);
    s->v0 ^= word;
}

static inline uint64_t s_hash_end (state_t *s)
{
    s->v2 ^= 0xFF;
    s_round (s);
    s_round (s);
    s_round (s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

//  Words are read in native byte order: hashes never leave the process.
uint64_t hash_siphash (const uint64_t secret [2], const void *bytes, size_t size)
{
    state_t s = {.v0 = secret [0] ^ 0x736F6D6570736575,
                 .v1 = secret [1] ^ 0x646F72616E646F6D,
                 .v2 = secret [0] ^ 0x6C7967656E657261,
                 .v3 = secret [1] ^ 0x7465646279746573};
    const uint8_t *at = bytes;
    uint64_t word, last = 0;
    for (size_t left = size; left >= sizeof word; left -= sizeof word, at += sizeof word) {
        memcpy (&word, at, sizeof word);
        s_mix (&s, word);
    }
    if (size % sizeof last)
        memcpy (&last, at, size % sizeof last);
    s_mix (&s, last | (uint64_t) size << 56);
    return s_hash_end (&s);
}

uint32_t hash_key (const void *key, size_t size)
{
    return (uint32_t) hash_siphash (s_secret, key, size);
}
