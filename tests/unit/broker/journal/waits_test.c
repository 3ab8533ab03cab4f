//  waits_test.c - waits are carried out in order, each once, when their batch is durable

#include "broker/journal/waits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t s_called [8];
static size_t s_called_count;

static void s_note (context_t *ctx, wait_t *wait)
{
    (void) ctx;
    assert_true (s_called_count < 8);
    s_called [s_called_count++] = wait->job;
}

//  It has another wait follow, for the next batch
static void s_note_and_add (context_t *ctx, wait_t *wait)
{
    waits_t *waits = ctx->zmq;
    s_note (ctx, wait);
    waits_add (waits, wait->batch + 1, true, s_note)->job = wait->job + 100;
}

static void test_they_are_called_in_order (void **state)
{
    (void) state;
    waits_t waits = {0};
    context_t ctx = {0};
    s_called_count = 0;
    waits_add (&waits, 1, true, s_note)->job = 1;
    waits_add (&waits, 1, true, s_note)->job = 2;
    waits_add (&waits, 2, true, s_note)->job = 3;
    waits_carry_out (&waits, 0, &ctx);
    assert_int_equal (s_called_count, 0);
    waits_carry_out (&waits, 1, &ctx);
    assert_int_equal (s_called_count, 2);
    waits_carry_out (&waits, 1, &ctx);
    assert_int_equal (s_called_count, 2);
    waits_carry_out (&waits, 5, &ctx);
    assert_int_equal (s_called_count, 3);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal (s_called [i], i + 1);
    assert_null (waits.first);
}

static void test_they_learn_the_number_of_their_batch (void **state)
{
    (void) state;
    waits_t waits = {0};
    wait_t *before =
        waits_add (&waits, 1, false, s_note); //  Nothing was recorded: it waits for what flies
    wait_t *first = waits_add (&waits, 2, true, s_note),
           *second = waits_add (&waits, 2, true, s_note);
    waits_place (&waits, 77);
    wait_t *third = waits_add (&waits, 3, true, s_note);
    assert_int_equal (before->location.seq, 0);
    assert_int_equal (first->location.seq, 77);
    assert_int_equal (second->location.seq, 77);
    assert_int_equal (third->location.seq, 0);
    waits_place (&waits, 78);
    assert_int_equal (first->location.seq, 77);
    assert_int_equal (third->location.seq, 78);
    waits_drop (&waits);
}

static void test_a_function_may_add_waits (void **state)
{
    (void) state;
    waits_t waits = {0};
    context_t ctx = {.zmq = &waits};
    s_called_count = 0;
    waits_add (&waits, 1, true, s_note_and_add)->job = 1;
    waits_carry_out (&waits, 1, &ctx);
    assert_int_equal (s_called_count, 1);
    waits_carry_out (&waits, 2, &ctx);
    assert_int_equal (s_called_count, 2);
    assert_int_equal (s_called [1], 101);
}

static void test_what_is_dropped_is_not_called (void **state)
{
    (void) state;
    waits_t waits = {0};
    context_t ctx = {0};
    s_called_count = 0;
    buffer_append (&waits_add (&waits, 1, true, s_note)->bytes, "bytes", 5);
    waits_drop (&waits);
    waits_carry_out (&waits, 9, &ctx);
    assert_int_equal (s_called_count, 0);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_they_are_called_in_order),
        cmocka_unit_test (test_they_learn_the_number_of_their_batch),
        cmocka_unit_test (test_a_function_may_add_waits),
        cmocka_unit_test (test_what_is_dropped_is_not_called),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
