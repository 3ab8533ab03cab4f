//  dedup_test.c - what was heard of tasks, so that nothing is told twice

#include "client/lib/session/dedup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

//  What is left of a piece of output; NULL: nothing.
static const char *s_left (dedup_t *self, uint32_t index, uint64_t attempt, const char *text)
{
    static char left [64];
    wire_output_t output = {.index = index,
                            .attempt = attempt,
                            .stream = WIRE_STREAM_STDOUT,
                            .bytes = wire_view (text)};
    if (!dedup_output (self, &output))
        return NULL;
    memcpy (left, output.bytes.data, output.bytes.size);
    left [output.bytes.size] = 0;
    return left;
}

static void test_bytes_are_heard_once (void **state)
{
    (void) state;
    dedup_t heard = {0};
    assert_string_equal (s_left (&heard, 1, 1, "one"), "one");
    assert_string_equal (s_left (&heard, 1, 1, "one"), "one");
    dedup_again (&heard);
    assert_null (s_left (&heard, 1, 1, "on"));
    assert_string_equal (s_left (&heard, 1, 1, "eoneX"), "X");
    dedup_again (&heard);
    assert_string_equal (s_left (&heard, 1, 1, "oneoneXY"), "Y");
    assert_string_equal (s_left (&heard, 2, 1, "two"), "two");
    dedup_free (&heard);
}

static void test_a_later_try_is_new (void **state)
{
    (void) state;
    dedup_t heard = {0};
    assert_string_equal (s_left (&heard, 1, 1, "one"), "one");
    assert_string_equal (s_left (&heard, 1, 2, "two"), "two");
    dedup_again (&heard);
    assert_null (s_left (&heard, 1, 1, "one"));
    assert_null (s_left (&heard, 1, 2, "two"));
    assert_string_equal (s_left (&heard, 1, 3, "three"), "three");
    dedup_free (&heard);
}

static void test_results_are_heard_once (void **state)
{
    (void) state;
    dedup_t heard = {0};
    assert_string_equal (s_left (&heard, 7, 1, "one"), "one");
    assert_true (dedup_result (&heard, 7, 1));
    //  Cancelled before a try, retried by hand, cancelled again: no broker has begun again
    assert_true (dedup_result (&heard, 4000000000u, 0));
    assert_true (dedup_result (&heard, 4000000000u, 0));
    dedup_again (&heard);
    assert_null (s_left (&heard, 7, 1, "one"));
    assert_false (dedup_result (&heard, 7, 1));
    assert_false (dedup_result (&heard, 4000000000u, 0));
    assert_string_equal (s_left (&heard, 7, 2, "two"), "two");
    assert_true (dedup_result (&heard, 7, 2));
    assert_true (dedup_result (&heard, 8, 1));
    dedup_free (&heard);
}

static void test_cut_is_told_once (void **state)
{
    (void) state;
    dedup_t heard = {0};
    wire_output_t cut = {.index = 1, .attempt = 1, .stream = WIRE_STREAM_STDOUT, .cut = true};
    wire_output_t output = cut;
    assert_true (dedup_output (&heard, &output) && output.cut);
    dedup_again (&heard);
    output = cut;
    assert_false (dedup_output (&heard, &output));
    dedup_free (&heard);
}

static void test_a_new_run_is_told_once (void **state)
{
    (void) state;
    dedup_t heard = {0};
    assert_false (dedup_writes (&heard, 1));
    assert_false (dedup_writes (&heard, 2));
    assert_false (dedup_writes (&heard, 3));
    assert_false (dedup_ends (&heard, 3));
    dedup_again (&heard);
    assert_true (dedup_writes (&heard, 1));
    assert_false (dedup_writes (&heard, 1));
    assert_false (dedup_ends (&heard, 1));
    assert_true (dedup_ends (&heard, 2));
    assert_false (dedup_writes (&heard, 3));
    dedup_free (&heard);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_bytes_are_heard_once),   cmocka_unit_test (test_a_later_try_is_new),
        cmocka_unit_test (test_results_are_heard_once), cmocka_unit_test (test_cut_is_told_once),
        cmocka_unit_test (test_a_new_run_is_told_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
