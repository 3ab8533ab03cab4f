//  message_test.c - each thread has its own message of each pool, however many pools there are

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "client/lib/pool/pool.h"

#define POOLS 50

static cadre_t *s_pools [POOLS];

static void s_say (int pool, const char *who)
{
    assert_int_equal (
        message_say_text (s_pools [pool], CADRE_ERROR_IO, "%s failed at %d", who, pool),
        CADRE_ERROR_IO);
}

static void s_assert_said (int pool, const char *who)
{
    char text [64];
    snprintf (text, sizeof text, "%s failed at %d", who, pool);
    assert_string_equal (cadre_message (s_pools [pool]), text);
}

static void s_begin (void)
{
    for (int i = 0; i < POOLS; i++) {
        s_pools [i] = pool_new ();
        assert_non_null (s_pools [i]);
        assert_string_equal (cadre_message (s_pools [i]), "");
    }
}

static void s_end (void)
{
    for (int i = 0; i < POOLS; i++)
        pool_release (&s_pools [i]);
}

static void test_many_pools (void **state)
{
    (void) state;
    s_begin ();
    for (int i = 0; i < POOLS; i++)
        s_say (i, "first");
    s_say (7, "second");
    for (int i = 0; i < POOLS; i++)
        s_assert_said (i, i == 7 ? "second" : "first");
    s_end ();
}

//  What was said of pools that are gone is not said of new ones.
static void test_pools_that_come_and_go (void **state)
{
    (void) state;
    for (int i = 0; i < 3; i++) {
        s_begin ();
        for (int pool = 0; pool < POOLS; pool++)
            s_say (pool, "this");
        s_end ();
    }
    assert_string_equal (cadre_message (NULL), "");
}

static void *s_other (void *unused)
{
    (void) unused;
    for (int i = 0; i < POOLS; i++) {
        assert_string_equal (cadre_message (s_pools [i]), "");
        s_say (i, "other");
        s_assert_said (i, "other");
    }
    return NULL;
}

static void test_threads (void **state)
{
    (void) state;
    pthread_t threads [4];
    s_begin ();
    for (int i = 0; i < POOLS; i++)
        s_say (i, "main");
    for (int i = 0; i < 4; i++)
        assert_int_equal (pthread_create (&threads [i], NULL, s_other, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join (threads [i], NULL);
    for (int i = 0; i < POOLS; i++)
        s_assert_said (i, "main");
    s_end ();
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_many_pools),
        cmocka_unit_test (test_pools_that_come_and_go),
        cmocka_unit_test (test_threads),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
