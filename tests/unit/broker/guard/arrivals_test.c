//  arrivals_test.c - the time that failing connections take

#include "broker/guard/arrivals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND_US 1000000

//  As many as come in, for so long, one after the other.
static uint64_t s_flood (arrivals_t *self, int64_t *now_us, int64_t duration_us, uint64_t bytes)
{
    uint64_t before = self->failed;
    for (int64_t end_us = *now_us + duration_us; *now_us < end_us; *now_us += 50) {
        arrivals_go_on (self, *now_us);
        if (!self->paused)
            arrivals_fail (self, bytes, *now_us);
    }
    return self->failed - before;
}

static void test_failing_connections_get_an_eighth_of_the_time (void **state)
{
    (void) state;
    arrivals_t self = {0};
    int64_t now_us = SECOND_US;
    s_flood (&self, &now_us, SECOND_US, 0);
    uint64_t most = SECOND_US / ARRIVALS_SHARE / ARRIVALS_CONNECT_US;
    assert_in_range (s_flood (&self, &now_us, SECOND_US, 0), most * 9 / 10, most * 11 / 10);
}

static void test_handshakes_cost_more (void **state)
{
    (void) state;
    arrivals_t self = {0};
    int64_t now_us = SECOND_US;
    s_flood (&self, &now_us, SECOND_US, ARRIVALS_SHAKE_BYTES);
    uint64_t most = SECOND_US / ARRIVALS_SHARE / (ARRIVALS_CONNECT_US + ARRIVALS_SHAKE_US);
    assert_in_range (s_flood (&self, &now_us, SECOND_US, ARRIVALS_SHAKE_BYTES), most * 9 / 10,
                     most * 11 / 10);
}

static void test_a_few_pass (void **state)
{
    (void) state;
    arrivals_t self = {0};
    for (int i = 0; i < 500; i++)
        assert_false (arrivals_fail (&self, 0, SECOND_US));
    assert_false (arrivals_go_on (&self, SECOND_US));
}

//  Both ends of a pause are told once.
static void test_a_pause_begins_and_ends (void **state)
{
    (void) state;
    arrivals_t self = {0};
    int64_t now_us = SECOND_US;
    unsigned begun = 0;
    for (int i = 0; i < 2000; i++)
        begun += arrivals_fail (&self, 0, now_us);
    assert_int_equal (begun, 1);
    assert_false (arrivals_go_on (&self, now_us));
    now_us += ARRIVALS_SHARE * 2000 * ARRIVALS_CONNECT_US;
    assert_true (arrivals_go_on (&self, now_us));
    assert_false (arrivals_go_on (&self, now_us));
    assert_false (arrivals_fail (&self, 0, now_us));
}

//  A pause would keep out others, and the many go on anyway.
static void test_there_is_no_pause_in_a_crowd (void **state)
{
    (void) state;
    arrivals_t self = {0};
    int64_t now_us = SECOND_US;
    s_flood (&self, &now_us, SECOND_US, 0);
    while (!self.paused)
        arrivals_fail (&self, 0, now_us);
    assert_false (arrivals_queued (&self, ARRIVALS_QUEUE, now_us));
    assert_true (arrivals_queued (&self, ARRIVALS_QUEUE + 1, now_us));
    assert_false (self.paused);
    assert_int_equal (s_flood (&self, &now_us, ARRIVALS_CROWD_US, 0), ARRIVALS_CROWD_US / 50);
    assert_true (arrivals_fail (&self, 0, now_us));
    now_us += (int64_t) ARRIVALS_SHARE * 3 * ARRIVALS_QUANTUM_US;
    assert_true (arrivals_go_on (&self, now_us));
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_failing_connections_get_an_eighth_of_the_time),
        cmocka_unit_test (test_handshakes_cost_more),
        cmocka_unit_test (test_a_few_pass),
        cmocka_unit_test (test_a_pause_begins_and_ends),
        cmocka_unit_test (test_there_is_no_pause_in_a_crowd),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
