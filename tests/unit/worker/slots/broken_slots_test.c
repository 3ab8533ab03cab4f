//  broken_slots_test.c - slots that scribble, lie, fall silent or stop: replaced, and only the task
//  that ran pays

#include "tests/lib/rigs/broken_slots_rig.h"

#include <malloc.h>

#define GARBLED                                                                                    \
    "slot-broken: slot 1 of worker alpha sent a message that cannot be read while it ran 42.0"
#define TORN                                                                                                \
    "slot-broken: slot 1 of worker alpha overwrote the memory that it shares with its worker while it ran " \
    "42.0"

//  Lease 1 has ended as a broken slot's, lease 2 (in another slot) has not heard of it, and lease 3
//  runs where 1 ran.
static void s_assert_only_the_first_paid (const char *detail)
{
    s_bury (0);
    assert_non_null (s_heard (1));
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (s_heard (1)->detail, detail);
    assert_null (s_heard (2));
    assert_int_equal (bench.slot [1].backend.signals, 0);
    s_next_slot (0);
    fake_slot_run (&bench.slot [1], 1, 10);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (s_heard (3)->outcome, CADRE_OUTCOME_OK);
    assert_true (slots_idle (bench.slots));
    slots_rig_close (&bench);
}

static void test_scribbles_are_noticed (void **state)
{
    static const uint64_t claims [] = {UINT64_MAX, 0, UINT64_C (0x0000000270000000),
                                       UINT64_C (0x12345678)};
    (void) state;
    for (size_t i = 0; i < sizeof claims / sizeof claims [0]; i++) {
        s_open (2, 3, 0);
        s_claim (0);
        bench.slot [0].page->claim = claims [i];
        bench.slot [0].page->started_us = (int64_t) claims [i];
        slots_rig_pass_s (&bench, 1);
        s_assert_only_the_first_paid (TORN);
    }
}

static void test_a_head_that_cannot_be_is_noticed (void **state)
{
    static const uint32_t heads [] = {UINT32_MAX, RING_BYTES + 1000};
    (void) state;
    for (size_t i = 0; i < sizeof heads / sizeof heads [0]; i++) {
        s_open (2, 3, 0);
        s_claim (0);
        bench.slot [0].memory->ring.head = heads [i];
        fake_slot_ring (&bench.slot [0], &(uint8_t){RING_BELL}, 1);
        slots_rig_turn (&bench);
        s_assert_only_the_first_paid (TORN);
    }
}

//  Three short tasks in one slot: 1 has ended, and the worker has not read that; 2 runs; 3 waits.
static void s_open_with_news (void)
{
    s_open (1, 1, 0);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    slots_rig_push (&bench, 42, 2, 3);
    slots_rig_turn (&bench);
    fake_slot_run (&bench.slot [0], 2, 10);
    assert_int_equal (fake_slot_claim (&bench.slot [0], 3, bench.time.now_us), TICKET_RUN);
}

static void s_assert_the_second_paid (const char *text)
{
    s_bury (0);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (s_heard (3)->outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (strstr (s_heard (3)->detail, text));
    assert_null (s_heard (4));
    s_next_slot (0);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (4)->outcome, CADRE_OUTCOME_OK);
    slots_rig_close (&bench);
}

//  What the page cannot say any more: the slot has begun another task, so that the one before was
//  over.
static void test_what_ended_before_a_scribble_has_ended (void **state)
{
    (void) state;
    s_open_with_news ();
    bench.slot [0].page->claim = 0;
    slots_rig_turn (&bench);
    s_assert_the_second_paid ("overwrote the memory");
}

static void test_what_ended_before_rubbish_has_ended (void **state)
{
    (void) state;
    s_open_with_news ();
    fake_slot_ring (&bench.slot [0], "rubbish", 7);
    slots_rig_turn (&bench);
    s_assert_the_second_paid ("sent a message that cannot be read");
    s_open_with_news ();
    fake_slot_say (&bench.slot [0], "\0\0\0\1\x99", 5);
    slots_rig_turn (&bench);
    s_assert_the_second_paid ("sent a message that cannot be read");
}

//  When what was said is lost, each that had begun may be the one, or may have ended: none is run
//  again for nothing.
static void test_who_may_have_begun_is_not_run_again (void **state)
{
    (void) state;
    s_open_with_news ();
    bench.slot [0].memory->ring.head = 0x77777777;
    slots_rig_turn (&bench);
    s_bury (0);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_ERROR);
    assert_int_equal (s_heard (3)->outcome, CADRE_OUTCOME_ERROR);
    assert_null (s_heard (4));
    slots_rig_close (&bench);
}

//  Rubbish, and then a result: who said what is not known.
static void test_what_comes_after_rubbish_is_not_heard (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    slots_rig_push (&bench, 42, 2, 3);
    slots_rig_turn (&bench);
    fake_slot_say (&bench.slot [0], "\0\0\0\1\x99", 5);
    fake_slot_run (&bench.slot [0], 2, 10);
    assert_int_equal (fake_slot_claim (&bench.slot [0], 3, bench.time.now_us), TICKET_RUN);
    slots_rig_turn (&bench);
    s_bury (0);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_ERROR);
    assert_int_equal (s_heard (3)->outcome, CADRE_OUTCOME_ERROR);
    assert_null (s_heard (4));
    slots_rig_close (&bench);
}

//  A task wrote over the page and returned: it has not gone on, and those behind it have not begun.
static void test_who_scribbles_and_returns_pays (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    slots_rig_push (&bench, 42, 2, 3);
    slots_rig_turn (&bench);
    fake_slot_run (&bench.slot [0], 2, 10);
    bench.slot [0].page->claim = 0;
    slots_rig_turn (&bench);
    s_bury (0);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_ERROR);
    assert_null (s_heard (3));
    assert_null (s_heard (4));
    slots_rig_close (&bench);
}

//  It was seen to have begun before the page was written over.
static void test_a_late_scribble_is_noticed (void **state)
{
    (void) state;
    s_open (2, 3, 0);
    s_claim (0);
    slots_rig_pass_s (&bench, 2);
    bench.slot [0].page->claim = UINT64_MAX;
    slots_rig_pass_s (&bench, 1);
    s_assert_only_the_first_paid (TORN);
}

//  Who says that those behind it were claimed makes the slot pass them over: it is found out when
//  it does not begin them, and they pay nothing.
static void test_a_claim_that_is_a_lie (void **state)
{
    (void) state;
    s_open_with_news ();
    slots_rig_turn (&bench);
    bench.slot [0].page->claim = UINT64_C (0x0000000500000005);
    fake_slot_result (&bench.slot [0], 3, CADRE_OUTCOME_OK, 10);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (3)->outcome, CADRE_OUTCOME_OK);
    slots_rig_pass_s (&bench, 6);
    s_bury (0);
    assert_null (s_heard (4));
    s_next_slot (0);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (4)->outcome, CADRE_OUTCOME_OK);
    slots_rig_close (&bench);
}

//  What a broken slot says of its task does not count.
static void test_a_result_from_a_torn_page_is_none (void **state)
{
    (void) state;
    s_open (2, 3, 0);
    s_claim (0);
    bench.slot [0].page->claim = 0;
    fake_slot_result (&bench.slot [0], 1, CADRE_OUTCOME_OK, 10);
    slots_rig_turn (&bench);
    s_assert_only_the_first_paid (TORN);
}

static void test_rubbish_is_noticed (void **state)
{
    static const struct {
        const char *bytes; //  Said
        size_t size;       //  How many
    } cases [] = {
        {"\0\0\0\0\x71", 5},                    //  Nothing
        {"\0\0\0\1\x99", 5},                    //  A verb that nobody knows
        {"\0\0\0\2\x71\xc0", 6},                //  A result that is nil
        {"\0\0\0\1\x62", 5},                    //  What only workers say
        {"\xff\xff\xff\xff\x71", 5},            //  4 GiB will follow
        {"\x3f\xff\xff\xff\x72", 5},            //  1 GiB of output will follow
        {"\x3f\xff\xff\xff\x70", 5},            //  1 GiB of functions will follow
        {"\0\0\0\x06\x70\x93\0\xa0\xdd\0", 10}, //  A second word that it is ready, cut short
    };
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases [0]; i++) {
        s_open (2, 3, 0);
        s_claim (0);
        fake_slot_say (&bench.slot [0], cases [i].bytes, cases [i].size);
        slots_rig_turn (&bench);
        s_assert_only_the_first_paid (GARBLED);
    }
}

static void test_the_socket_is_for_bells (void **state)
{
    (void) state;
    s_open (2, 3, 0);
    s_claim (0);
    fake_slot_ring (&bench.slot [0], "\x07\x07\x08", 3);
    slots_rig_turn (&bench);
    s_assert_only_the_first_paid (GARBLED);
}

static void test_another_task_is_nobody_s_to_end (void **state)
{
    (void) state;
    for (uint32_t ticket = 0; ticket < 4; ticket += 2) {
        s_open (2, 3, 0);
        s_claim (0);
        fake_slot_result (&bench.slot [0], ticket, CADRE_OUTCOME_OK, 10);
        slots_rig_turn (&bench);
        s_assert_only_the_first_paid (GARBLED);
    }
}

//  Nobody asked for that: a task that says so would run again for nothing.
static void test_a_task_that_expires_by_itself (void **state)
{
    (void) state;
    s_open (2, 3, 0);
    s_claim (0);
    fake_slot_result (&bench.slot [0], 1, CADRE_OUTCOME_EXPIRED, 10);
    slots_rig_turn (&bench);
    s_assert_only_the_first_paid (GARBLED);
}

static void test_a_task_ends_once (void **state)
{
    (void) state;
    s_open (1, 2, 0);
    s_claim (0);
    fake_slot_result (&bench.slot [0], 1, CADRE_OUTCOME_OK, 10);
    fake_slot_result (&bench.slot [0], 1, CADRE_OUTCOME_ERROR, 10);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_OK);
    s_bury (0);
    assert_int_equal (bench.heard_count, 1);
    s_next_slot (0);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (bench.heard_count, 2);
    slots_rig_close (&bench);
}

//  A task that was not begun cannot have ended, nor written anything. It costs it nothing, three
//  times at most.
static void test_what_was_not_begun_has_no_end (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal (bench.slot [0].starts, i);
        if (i == 2)
            fake_slot_output (&bench.slot [0], 1, "hello");
        else
            fake_slot_result (&bench.slot [0], 1, CADRE_OUTCOME_OK, 10);
        slots_rig_turn (&bench);
        assert_null (s_heard (1));
        s_bury (0);
        if (i < 3)
            s_next_slot (0);
    }
    assert_int_equal (bench.output_bytes, 0);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (
        s_heard (1)->detail,
        "slot-broken: 3 slots in a row ended before they began 42.0; the last, slot 1 of "
        "worker alpha, sent a message that cannot be read");
    slots_rig_close (&bench);
}

//  Who says that it has begun all of them has lied: only the first can have run.
static void test_those_behind_pay_nothing (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    slots_rig_push (&bench, 42, 2, 3);
    slots_rig_turn (&bench);
    assert_int_equal (fake_slot_read (&bench.slot [0], tickets, 64, NULL), 4);
    assert_int_equal (fake_slot_claim (&bench.slot [0], 2, 0), TICKET_RUN);
    bench.slot [0].page->claim = UINT64_C (0x0000000500000005);
    fake_slot_die (&bench.slot [0], SIGSEGV);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_SIGNAL);
    assert_null (s_heard (3));
    assert_null (s_heard (4));
    s_next_slot (0);
    assert_int_equal (fake_slot_read (&bench.slot [0], tickets, 64, NULL), 2);
    slots_rig_close (&bench);
}

static void test_a_result_that_is_cut_off_is_none (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    s_claim (0);
    fake_slot_say (&bench.slot [0], "\0\x10\0\0\x71\x96\x01\x01", 8);
    slots_rig_turn (&bench);
    fake_slot_die (&bench.slot [0], SIGKILL);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_SIGNAL);
    assert_int_equal (s_heard (1)->code, SIGKILL);
    slots_rig_close (&bench);
}

//  A gigabyte that is only announced costs nothing: memory is taken as bytes arrive.
static void test_what_is_announced_costs_nothing (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    s_claim (0);
    size_t before_bytes = mallinfo2 ().hblkhd;
    fake_slot_say (&bench.slot [0], "\x3f\xff\xff\xff\x71\x96\x01\x01", 8);
    slots_rig_turn (&bench);
    assert_true (mallinfo2 ().hblkhd - before_bytes < (64u << 20));
    fake_slot_die (&bench.slot [0], SIGKILL);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_SIGNAL);
    slots_rig_close (&bench);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_what_is_announced_costs_nothing),
        cmocka_unit_test (test_scribbles_are_noticed),
        cmocka_unit_test (test_a_head_that_cannot_be_is_noticed),
        cmocka_unit_test (test_what_ended_before_a_scribble_has_ended),
        cmocka_unit_test (test_what_ended_before_rubbish_has_ended),
        cmocka_unit_test (test_who_may_have_begun_is_not_run_again),
        cmocka_unit_test (test_what_comes_after_rubbish_is_not_heard),
        cmocka_unit_test (test_who_scribbles_and_returns_pays),
        cmocka_unit_test (test_a_late_scribble_is_noticed),
        cmocka_unit_test (test_a_claim_that_is_a_lie),
        cmocka_unit_test (test_a_result_from_a_torn_page_is_none),
        cmocka_unit_test (test_rubbish_is_noticed),
        cmocka_unit_test (test_the_socket_is_for_bells),
        cmocka_unit_test (test_another_task_is_nobody_s_to_end),
        cmocka_unit_test (test_a_task_that_expires_by_itself),
        cmocka_unit_test (test_a_task_ends_once),
        cmocka_unit_test (test_what_was_not_begun_has_no_end),
        cmocka_unit_test (test_those_behind_pay_nothing),
        cmocka_unit_test (test_a_result_that_is_cut_off_is_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
