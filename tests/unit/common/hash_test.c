//  hash_test.c - tables hash by a secret: keys that collide elsewhere do not collide here

#include "common/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEYS 4096u

typedef struct entry {
    uint8_t key [16];  //  What it is found by
    UT_hash_handle hh; //  In the table
} entry_t;

//  As another implementation has them, under a key of zeros.
static void test_it_is_siphash_1_3 (void **state)
{
    (void) state;
    static const struct {
        const char *text; //  What is hashed
        uint64_t hash;    //  What comes out
    } known [] = {
        {"a", 0x407448d2b89b1813},
        {"12345678", 0x3489982430560a87},
        {"0123456789abcdef", 0x1d42b30f7e060c24},
        {"cadre hashes by a secret", 0x682c4af50a86db87},
    };
    const uint64_t zeros [2] = {0, 0};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal (hash_siphash (zeros, known [i].text, strlen (known [i].text)),
                          known [i].hash);
}

static void test_the_secret_decides (void **state)
{
    (void) state;
    const uint64_t one [2] = {1, 2}, other [2] = {1, 3};
    assert_int_not_equal (hash_siphash (one, "alpha", 5), hash_siphash (other, "alpha", 5));
    assert_int_not_equal (hash_siphash (one, "alpha", 5), hash_siphash (one, "alpha\0", 6));
    assert_int_equal (hash_key ("alpha", 5), hash_key ("alpha", 5));
}

//  The tables' key is drawn: nobody who has the source knows it.
static void test_the_secret_of_tables_is_drawn (void **state)
{
    (void) state;
    const uint64_t zeros [2] = {0, 0};
    unsigned same = 0;
    for (uint32_t i = 0; i < 8; i++)
        same += hash_key (&i, sizeof i) == (uint32_t) hash_siphash (zeros, &i, sizeof i);
    assert_true (same < 8);
}

//  The inverse of the last mix of uthash's usual hash: a key for each choice of what went into it.
static void s_unmix (uint32_t *a, uint32_t *b, uint32_t *c)
{
    *c = (*c ^ *b >> 15) + *a + *b;
    *b = (*b ^ *a << 10) + *c + *a;
    *a = (*a ^ *c >> 3) + *b + *c;
    *c = (*c ^ *b >> 5) + *a + *b;
    *b = (*b ^ *a << 16) + *c + *a;
    *a = (*a ^ *c >> 12) + *b + *c;
    *c = (*c ^ *b >> 13) + *a + *b;
    *b = (*b ^ *a << 8) + *c + *a;
    *a = (*a ^ *c >> 13) + *b + *c;
}

static void s_collider (uint32_t number, uint8_t key [16])
{
    uint32_t a = number * 2654435761u, b = number * 40503u + 77, c = 0x12345678;
    s_unmix (&a, &b, &c);
    c -= 16;
    s_unmix (&a, &b, &c);
    uint32_t words [4] = {a - 0x9e3779b9, b - 0x9e3779b9, c - 0xfeedbeef, 0};
    memcpy (key, words, sizeof words);
}

static unsigned s_longest (const entry_t *table)
{
    unsigned longest = 0;
    for (unsigned i = 0; i < table->hh.tbl->num_buckets; i++)
        if (table->hh.tbl->buckets [i].count > longest)
            longest = table->hh.tbl->buckets [i].count;
    return longest;
}

//  4,096 keys that uthash's usual hash puts into one bucket: with a secret the fullest has a few.
static void test_chosen_keys_spread (void **state)
{
    (void) state;
    entry_t *entries = calloc (KEYS, sizeof *entries), *table = NULL;
    for (uint32_t i = 0; i < KEYS; i++) {
        unsigned usual;
        s_collider (i, entries [i].key);
        HASH_JEN (entries [i].key, sizeof entries [i].key, usual);
        assert_int_equal (usual, 0x12345678); //  They do collide
        HASH_ADD (hh, table, key, sizeof entries [i].key, &entries [i]);
    }
    assert_int_equal (HASH_COUNT (table), KEYS);
    assert_true (s_longest (table) < 64);
    HASH_CLEAR (hh, table);
    free (entries);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_it_is_siphash_1_3),
        cmocka_unit_test (test_the_secret_decides),
        cmocka_unit_test (test_the_secret_of_tables_is_drawn),
        cmocka_unit_test (test_chosen_keys_spread),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
