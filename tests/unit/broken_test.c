//  broken_test.c - slots that scribble, lie, fall silent or stop: replaced, and only the task that
//  ran pays

#include "tests/lib/fake_slot.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>


#define GARBLED "slot-broken: slot 1 of worker alpha sent a message that cannot be read while it ran 42.0"
#define TORN                                                                                                 \
    "slot-broken: slot 1 of worker alpha wrote over the memory that it shares with its worker while it ran " \
    "42.0"

static fake_bench_t bench;
static uint32_t tickets [64];

//  COUNT slots that are ready, and as many leases more than one each: serials from 1 on, given in
//  order.
static void s_open (size_t slots, size_t leases, uint64_t timeout_ms)
{
    fake_bench_open (&bench, slots, NULL);
    fake_bench_job (&bench, 42, WIRE_KIND_CALL, timeout_ms, 100);
    fake_bench_push (&bench, 42, 1, leases);
    fake_bench_turn (&bench);
    for (size_t i = 0; i < slots; i++)
        fake_slot_ready (&bench.slot [i]);
    fake_bench_turn (&bench);
}

static const fake_heard_t *s_heard (uint64_t serial)
{
    for (size_t i = 0; i < bench.heard_count; i++)
        if (bench.heard [i].serial == serial)
            return &bench.heard [i];
    return NULL;
}

static bool s_is_killed (size_t place)
{
    return bench.slot [place].vessel.last_signal == SIGKILL;
}

//  The kill takes effect, and another slot comes.
static void s_bury (size_t place)
{
    assert_true (s_is_killed (place));
    fake_slot_die (&bench.slot [place], SIGKILL);
    fake_bench_pass_ms (&bench, 20);
    fake_bench_turn (&bench);
}

static void s_next_slot (size_t place)
{
    for (int i = 0; i < 20 && bench.slot [place].fd < 0; i++)
        fake_bench_pass_ms (&bench, 1000);
    fake_slot_ready (&bench.slot [place]);
    fake_bench_turn (&bench);
}

//  Lease 1 has ended as a broken slot's, lease 2 (in another slot) has not heard of it, and lease 3
//  runs where 1 ran.
static void s_assert_only_the_first_paid (const char *detail)
{
    s_bury (0);
    assert_non_null (s_heard (1));
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (s_heard (1)->detail, detail);
    assert_null (s_heard (2));
    assert_int_equal (bench.slot [1].vessel.signals, 0);
    s_next_slot (0);
    fake_slot_run (&bench.slot [1], 1, 10);
    fake_slot_run (&bench.slot [0], 1, 10);
    fake_bench_turn (&bench);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (s_heard (3)->outcome, CADRE_OUTCOME_OK);
    assert_true (slots_idle (bench.slots));
    fake_bench_close (&bench);
}

static void s_claim (size_t place)
{
    assert_int_equal (ticket_claim (bench.slot [place].page, 1, bench.time.now_us), TICKET_RUN);
}

static void test_scribbles_are_noticed (void **state)
{
    static const uint64_t claims [] = {UINT64_MAX, 0, UINT64_C (0x0000000270000000), UINT64_C (0x12345678)};
    (void) state;
    for (size_t i = 0; i < sizeof claims / sizeof claims [0]; i++) {
        s_open (2, 3, 0);
        s_claim (0);
        bench.slot [0].page->claim = claims [i];
        bench.slot [0].page->started_us = (int64_t) claims [i];
        fake_bench_pass_s (&bench, 1);
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
        bench.slot [0].share->ring.head = heads [i];
        fake_slot_ring (&bench.slot [0], &(uint8_t){RING_BELL}, 1);
        fake_bench_turn (&bench);
        s_assert_only_the_first_paid (TORN);
    }
}

//  Three short tasks in one slot: 1 has ended, and the worker has not read that; 2 runs; 3 waits.
static void s_open_with_news (void)
{
    s_open (1, 1, 0);
    fake_slot_run (&bench.slot [0], 1, 10);
    fake_bench_turn (&bench);
    fake_bench_push (&bench, 42, 2, 3);
    fake_bench_turn (&bench);
    fake_slot_run (&bench.slot [0], 2, 10);
    assert_int_equal (ticket_claim (bench.slot [0].page, 3, bench.time.now_us), TICKET_RUN);
    bench.slot [0].share->begun = 3;
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
    fake_bench_turn (&bench);
    assert_int_equal (s_heard (4)->outcome, CADRE_OUTCOME_OK);
    fake_bench_close (&bench);
}

//  What the page cannot say any more: the slot has begun another task, so that the one before was
//  over.
static void test_what_ended_before_a_scribble_has_ended (void **state)
{
    (void) state;
    s_open_with_news ();
    bench.slot [0].page->claim = 0;
    fake_bench_turn (&bench);
    s_assert_the_second_paid ("wrote over the memory");
}

static void test_what_ended_before_rubbish_has_ended (void **state)
{
    (void) state;
    s_open_with_news ();
    fake_slot_ring (&bench.slot [0], "rubbish", 7);
    fake_bench_turn (&bench);
    s_assert_the_second_paid ("sent a message that cannot be read");
    s_open_with_news ();
    fake_slot_say (&bench.slot [0], "\0\0\0\1\x99", 5);
    fake_bench_turn (&bench);
    s_assert_the_second_paid ("sent a message that cannot be read");
}

//  When what was said is lost, each that had begun may be the one, or may have ended: none is run
//  again for nothing.
static void test_who_may_have_begun_is_not_run_again (void **state)
{
    (void) state;
    s_open_with_news ();
    bench.slot [0].share->ring.head = 0x77777777;
    fake_bench_turn (&bench);
    s_bury (0);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_ERROR);
    assert_int_equal (s_heard (3)->outcome, CADRE_OUTCOME_ERROR);
    assert_null (s_heard (4));
    fake_bench_close (&bench);
}

//  Rubbish, and then a result: who said what is not known.
static void test_what_comes_after_rubbish_is_not_heard (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    fake_slot_run (&bench.slot [0], 1, 10);
    fake_bench_turn (&bench);
    fake_bench_push (&bench, 42, 2, 3);
    fake_bench_turn (&bench);
    fake_slot_say (&bench.slot [0], "\0\0\0\1\x99", 5);
    fake_slot_run (&bench.slot [0], 2, 10);
    assert_int_equal (ticket_claim (bench.slot [0].page, 3, bench.time.now_us), TICKET_RUN);
    fake_bench_turn (&bench);
    s_bury (0);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_ERROR);
    assert_int_equal (s_heard (3)->outcome, CADRE_OUTCOME_ERROR);
    assert_null (s_heard (4));
    fake_bench_close (&bench);
}

//  A task wrote over the page and returned: it has not gone on, and those behind it have not begun.
static void test_who_scribbles_and_returns_pays (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    fake_slot_run (&bench.slot [0], 1, 10);
    fake_bench_turn (&bench);
    fake_bench_push (&bench, 42, 2, 3);
    fake_bench_turn (&bench);
    fake_slot_run (&bench.slot [0], 2, 10);
    bench.slot [0].share->begun = 2;
    bench.slot [0].page->claim = 0;
    fake_bench_turn (&bench);
    s_bury (0);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_ERROR);
    assert_null (s_heard (3));
    assert_null (s_heard (4));
    fake_bench_close (&bench);
}

//  It was seen to have begun before the page was written over.
static void test_a_late_scribble_is_noticed (void **state)
{
    (void) state;
    s_open (2, 3, 0);
    s_claim (0);
    fake_bench_pass_s (&bench, 2);
    bench.slot [0].page->claim = UINT64_MAX;
    fake_bench_pass_s (&bench, 1);
    s_assert_only_the_first_paid (TORN);
}

//  A slot has begun one task that has not ended, not two.
static void test_two_at_a_time_is_a_lie (void **state)
{
    (void) state;
    s_open_with_news ();
    fake_bench_turn (&bench);
    bench.slot [0].page->claim = UINT64_C (0x0000000500000005);
    fake_bench_pass_s (&bench, 1);
    s_assert_the_second_paid ("wrote over the memory");
}

//  What a broken slot says of its task does not count.
static void test_a_result_from_a_torn_page_is_none (void **state)
{
    (void) state;
    s_open (2, 3, 0);
    s_claim (0);
    bench.slot [0].page->claim = 0;
    fake_slot_result (&bench.slot [0], 1, CADRE_OUTCOME_OK, 10);
    fake_bench_turn (&bench);
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
        fake_bench_turn (&bench);
        s_assert_only_the_first_paid (GARBLED);
    }
}

static void test_the_socket_is_for_bells (void **state)
{
    (void) state;
    s_open (2, 3, 0);
    s_claim (0);
    fake_slot_ring (&bench.slot [0], "\x07\x07\x08", 3);
    fake_bench_turn (&bench);
    s_assert_only_the_first_paid (GARBLED);
}

static void test_another_task_is_nobody_s_to_end (void **state)
{
    (void) state;
    for (uint32_t ticket = 0; ticket < 4; ticket += 2) {
        s_open (2, 3, 0);
        s_claim (0);
        fake_slot_result (&bench.slot [0], ticket, CADRE_OUTCOME_OK, 10);
        fake_bench_turn (&bench);
        s_assert_only_the_first_paid (GARBLED);
    }
}

static void test_a_task_ends_once (void **state)
{
    (void) state;
    s_open (1, 2, 0);
    s_claim (0);
    fake_slot_result (&bench.slot [0], 1, CADRE_OUTCOME_OK, 10);
    fake_slot_result (&bench.slot [0], 1, CADRE_OUTCOME_ERROR, 10);
    fake_bench_turn (&bench);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_OK);
    s_bury (0);
    assert_int_equal (bench.heard_count, 1);
    s_next_slot (0);
    fake_slot_run (&bench.slot [0], 1, 10);
    fake_bench_turn (&bench);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (bench.heard_count, 2);
    fake_bench_close (&bench);
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
        fake_bench_turn (&bench);
        assert_null (s_heard (1));
        s_bury (0);
        if (i < 3)
            s_next_slot (0);
    }
    assert_int_equal (bench.output_bytes, 0);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (s_heard (1)->detail,
                         "slot-broken: 3 slots in a row ended before they began 42.0; the last, slot 1 of "
                         "worker alpha, sent a message that cannot be read");
    fake_bench_close (&bench);
}

//  Who says that it has begun all of them has lied: only the first can have run.
static void test_those_behind_pay_nothing (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    fake_slot_run (&bench.slot [0], 1, 10);
    fake_bench_turn (&bench);
    fake_bench_push (&bench, 42, 2, 3);
    fake_bench_turn (&bench);
    assert_int_equal (fake_slot_read (&bench.slot [0], tickets, 64, NULL), 4);
    bench.slot [0].page->claim = UINT64_C (0x0000000500000005);
    fake_slot_die (&bench.slot [0], SIGSEGV);
    fake_bench_turn (&bench);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_SIGNAL);
    assert_null (s_heard (3));
    assert_null (s_heard (4));
    s_next_slot (0);
    assert_int_equal (fake_slot_read (&bench.slot [0], tickets, 64, NULL), 2);
    fake_bench_close (&bench);
}

static void test_a_result_that_is_cut_off_is_none (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    s_claim (0);
    fake_slot_say (&bench.slot [0], "\0\x10\0\0\x71\x96\x01\x01", 8);
    fake_bench_turn (&bench);
    fake_slot_die (&bench.slot [0], SIGKILL);
    fake_bench_turn (&bench);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_SIGNAL);
    assert_int_equal (s_heard (1)->code, SIGKILL);
    fake_bench_close (&bench);
}

static void test_a_closed_socket (void **state)
{
    (void) state;
    s_open (2, 3, 0);
    s_claim (0);
    close (bench.slot [0].fd);
    bench.slot [0].fd = -1;
    fake_bench_turn (&bench);
    fake_bench_pass_ms (&bench, 99);
    assert_false (s_is_killed (0));
    fake_bench_pass_ms (&bench, 1);
    assert_true (s_is_killed (0));
    bench.slot [0].vessel.ended = true;
    bench.slot [0].vessel.status = SIGKILL;
    fake_bench_pass_ms (&bench, 20);
    assert_string_equal (
        s_heard (1)->detail,
        "slot-broken: slot 1 of worker alpha closed its socket to the worker while it ran 42.0");
    assert_null (s_heard (2));
    fake_bench_close (&bench);
}

//  It can still publish: a task that returned has ended.
static void test_a_result_without_a_socket_counts (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    s_claim (0);
    shutdown (bench.slot [0].fd, SHUT_WR);
    fake_bench_turn (&bench);
    buffer_t body = {0};
    buffer_append (&body, "\0\0\0\0\x71", 5);
    wire_pack_slot_result (&body, &(wire_slot_result_t){.ticket = 1, .outcome = CADRE_OUTCOME_OK});
    body.data [3] = (uint8_t) (body.size - 4);
    ring_put (&bench.slot [0].ring, body.data, body.size);
    buffer_free (&body);
    fake_slot_die (&bench.slot [0], 0);
    fake_bench_pass_ms (&bench, 100);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_OK);
    fake_bench_close (&bench);
}

static void test_a_slot_that_is_stopped_while_it_runs (void **state)
{
    (void) state;
    s_open (2, 3, 0);
    s_claim (0);
    s_claim (1);
    bench.slot [0].vessel.stopped = true;
    bench.slot [1].vessel.stopped = true;
    fake_bench_pass_s (&bench, 2);
    assert_false (s_is_killed (0));
    bench.slot [1].vessel.stopped = false;
    fake_bench_pass_s (&bench, 1);
    assert_true (s_is_killed (0));
    bench.slot [1].vessel.stopped = true;
    fake_bench_pass_s (&bench, 2);
    bench.slot [1].vessel.stopped = false;
    assert_int_equal (bench.slot [1].vessel.signals, 0);
    fake_slot_result (&bench.slot [1], 1, CADRE_OUTCOME_OK, 10);
    s_bury (0);
    assert_string_equal (s_heard (1)->detail, "slot-broken: slot 1 of worker alpha was stopped (SIGSTOP) and "
                                              "not continued while it ran 42.0");
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_OK);
    fake_bench_close (&bench);
}

//  What it published before it was ended counts.
static void test_a_stopped_slot_has_its_last_word (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    s_claim (0);
    bench.slot [0].vessel.stopped = true;
    fake_bench_pass_s (&bench, 3);
    assert_true (s_is_killed (0));
    fake_slot_result (&bench.slot [0], 1, CADRE_OUTCOME_OK, 10);
    s_bury (0);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (bench.heard_count, 1);
    fake_bench_close (&bench);
}

static void test_an_idle_slot_that_is_stopped (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    bench.slot [0].vessel.stopped = true;
    fake_bench_pass_s (&bench, 1);
    assert_false (s_is_killed (0));
    fake_bench_pass_s (&bench, 1);
    s_bury (0);
    assert_int_equal (bench.heard_count, 0);
    s_next_slot (0);
    fake_slot_run (&bench.slot [0], 1, 10);
    fake_bench_turn (&bench);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_OK);
    fake_bench_close (&bench);
}

//  Three slots that take a task and do not begin it: an outcome, not a fourth.
static void test_a_slot_that_does_not_begin (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal (bench.slot [0].starts, i);
        fake_bench_pass_s (&bench, 5);
        assert_false (s_is_killed (0));
        fake_bench_pass_s (&bench, 1);
        s_bury (0);
        if (i < 3)
            s_next_slot (0);
    }
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (strstr (s_heard (1)->detail, "did not begin the task that it was given"));
    assert_true (slots_idle (bench.slots));
    fake_bench_close (&bench);
}

//  A worker that was stopped for an hour has looked once.
static void test_a_stall_of_the_worker_is_nobody_s_fault (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    bench.slot [0].vessel.stopped = true;
    fake_bench_pass_ms (&bench, 3600000);
    bench.slot [0].vessel.stopped = false;
    for (int i = 0; i < 4; i++)
        fake_bench_pass_ms (&bench, 3600000);
    assert_int_equal (bench.slot [0].vessel.signals, 0);
    fake_slot_run (&bench.slot [0], 1, 10);
    fake_bench_pass_ms (&bench, 3600000);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_OK);
    fake_bench_close (&bench);
}

static void test_time_counts_from_the_hand_over (void **state)
{
    (void) state;
    s_open (1, 2, 500);
    fake_bench_pass_ms (&bench, 499);
    assert_false (s_is_killed (0));
    fake_bench_pass_ms (&bench, 1);
    s_bury (0);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_TIMEOUT);
    assert_null (s_heard (2));
    fake_bench_close (&bench);
}

//  It says that it began in the future, or long ago, or just now at each look: its time ends all
//  the same, and what it ran is bounded.
static void test_a_liar_s_time_ends (void **state)
{
    static const int64_t begins [] = {INT64_MAX, INT64_MIN, 0, -1};
    (void) state;
    for (size_t i = 0; i < sizeof begins / sizeof begins [0]; i++) {
        s_open (1, 1, 5000);
        s_claim (0);
        for (int s = 0; s < 5; s++) {
            bench.slot [0].page->started_us = begins [i] == -1 ? bench.time.now_us : begins [i];
            fake_bench_pass_s (&bench, 1);
        }
        assert_int_equal (bench.slot [0].vessel.last_signal, SIGTERM);
        fake_slot_die (&bench.slot [0], SIGTERM);
        fake_bench_turn (&bench);
        assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_TIMEOUT);
        assert_true (s_heard (1)->run_us <= 5100000);
        fake_bench_close (&bench);
        s_open (1, 1, 0);
        s_claim (0);
        bench.slot [0].page->started_us = begins [i];
        fake_slot_die (&bench.slot [0], SIGSEGV);
        fake_bench_turn (&bench);
        assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_SIGNAL);
        assert_true (s_heard (1)->run_us <= 5100000);
        fake_bench_close (&bench);
    }
}

static void test_deaths_before_the_beginning_are_counted (void **state)
{
    (void) state;
    s_open (1, 2, 0);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal (bench.slot [0].starts, i);
        assert_int_equal (bench.heard_count, 0);
        fake_slot_die (&bench.slot [0], SIGKILL);
        fake_bench_turn (&bench);
        s_next_slot (0);
    }
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    fake_slot_run (&bench.slot [0], 1, 10);
    fake_bench_turn (&bench);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_OK);
    fake_bench_close (&bench);
}

//  A slot that nothing can be given: the task goes to the next one, and not round for ever.
static void test_a_torn_page_takes_no_task (void **state)
{
    (void) state;
    fake_bench_open (&bench, 1, NULL);
    fake_bench_job (&bench, 42, WIRE_KIND_CALL, 0, 100);
    fake_bench_push (&bench, 42, 1, 1);
    fake_bench_turn (&bench);
    for (unsigned i = 1; i <= 3; i++) {
        bench.slot [0].page->claim = UINT64_MAX;
        s_next_slot (0);
        assert_int_equal (fake_slot_read (&bench.slot [0], tickets, 64, NULL), 0);
        s_bury (0);
        for (int s = 0; s < 20 && bench.slot [0].fd < 0 && !bench.heard_count; s++)
            fake_bench_pass_ms (&bench, 1000);
    }
    assert_int_equal (bench.heard_count, 1);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    fake_bench_close (&bench);
}

//  Slots that are broken before they are given anything are counted as ones that cannot be started.
static void test_slots_that_break_before_any_task (void **state)
{
    (void) state;
    fake_bench_open (&bench, 1, NULL);
    fake_bench_job (&bench, 42, WIRE_KIND_CALL, 0, 100);
    fake_bench_push (&bench, 42, 1, 1);
    fake_bench_turn (&bench);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal (bench.slot [0].starts, i);
        fake_slot_ready (&bench.slot [0]);
        fake_slot_say (&bench.slot [0], "\0\0\0\1\x99", 5);
        fake_bench_turn (&bench);
        s_bury (0);
        for (int s = 0; s < 20 && bench.slot [0].fd < 0 && !bench.heard_count; s++)
            fake_bench_pass_ms (&bench, 1000);
    }
    assert_int_equal (bench.heard_count, 1);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (strstr (s_heard (1)->detail, "slot-start: "));
    fake_bench_close (&bench);
}

//  A number that is no signal, from a slot whose end nobody saw.
static void test_a_fatal_signal_that_is_none (void **state)
{
    static const int32_t numbers [] = {-1, 0, 65, INT32_MAX, INT32_MIN};
    (void) state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers [0]; i++) {
        s_open (1, 1, 0);
        s_claim (0);
        bench.slot [0].page->fatal_signal = numbers [i];
        fake_slot_die (&bench.slot [0], VESSEL_STATUS_UNKNOWN);
        fake_bench_turn (&bench);
        assert_int_equal (s_heard (1)->code, SIGKILL);
        fake_bench_close (&bench);
    }
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_scribbles_are_noticed),
        cmocka_unit_test (test_a_head_that_cannot_be_is_noticed),
        cmocka_unit_test (test_what_ended_before_a_scribble_has_ended),
        cmocka_unit_test (test_what_ended_before_rubbish_has_ended),
        cmocka_unit_test (test_who_may_have_begun_is_not_run_again),
        cmocka_unit_test (test_what_comes_after_rubbish_is_not_heard),
        cmocka_unit_test (test_who_scribbles_and_returns_pays),
        cmocka_unit_test (test_a_late_scribble_is_noticed),
        cmocka_unit_test (test_two_at_a_time_is_a_lie),
        cmocka_unit_test (test_a_result_from_a_torn_page_is_none),
        cmocka_unit_test (test_rubbish_is_noticed),
        cmocka_unit_test (test_the_socket_is_for_bells),
        cmocka_unit_test (test_another_task_is_nobody_s_to_end),
        cmocka_unit_test (test_a_task_ends_once),
        cmocka_unit_test (test_what_was_not_begun_has_no_end),
        cmocka_unit_test (test_those_behind_pay_nothing),
        cmocka_unit_test (test_a_result_that_is_cut_off_is_none),
        cmocka_unit_test (test_a_closed_socket),
        cmocka_unit_test (test_a_result_without_a_socket_counts),
        cmocka_unit_test (test_a_slot_that_is_stopped_while_it_runs),
        cmocka_unit_test (test_a_stopped_slot_has_its_last_word),
        cmocka_unit_test (test_an_idle_slot_that_is_stopped),
        cmocka_unit_test (test_a_slot_that_does_not_begin),
        cmocka_unit_test (test_a_stall_of_the_worker_is_nobody_s_fault),
        cmocka_unit_test (test_time_counts_from_the_hand_over),
        cmocka_unit_test (test_a_liar_s_time_ends),
        cmocka_unit_test (test_deaths_before_the_beginning_are_counted),
        cmocka_unit_test (test_a_torn_page_takes_no_task),
        cmocka_unit_test (test_slots_that_break_before_any_task),
        cmocka_unit_test (test_a_fatal_signal_that_is_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
