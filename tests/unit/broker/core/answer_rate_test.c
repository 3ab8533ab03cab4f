//  answer_rate_test.c - how often a connection is answered

#include "broker/core/answer_rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS INT64_C (1000)

static answer_rate_t s_askers;

static unsigned s_ask (answer_kind_t kind, sockets_route_t route, unsigned times, int64_t now_us)
{
    unsigned answers = 0;
    for (unsigned i = 0; i < times; i++)
        answers += answer_rate_due (&s_askers, kind, route, now_us);
    return answers;
}

//  Each connection by itself, however many take turns; WHO and REFUSED as well.
static void test_each_is_answered_now_and_then (void **state)
{
    (void) state;
    s_askers = (answer_rate_t){0};
    for (int64_t ms = 1; ms <= 1000; ms += 100)
        for (sockets_route_t route = 1; route < 20; route++)
            assert_int_equal (s_ask (ANSWER_WHO, route, 50, ms * MS), 1);
    assert_int_equal (s_ask (ANSWER_REFUSED, 7, 1000, 1000 * MS), 16);
    assert_int_equal (s_ask (ANSWER_REFUSED, 7, 1000, 1100 * MS), 1);
    assert_int_equal (s_ask (ANSWER_WHO, 7, 1000, 1100 * MS), 1);
}

int main (void)
{
    const struct CMUnitTest tests [] = {cmocka_unit_test (test_each_is_answered_now_and_then)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
