//  partial_map_test.c - what a slot has done of a map counts when it ends: its items are answered
//  one by one

#include "common/pack.h"
#include "common/value.h"
#include "tests/lib/fakes/fake_slot.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ITEMS 5
#define FIRST 70 //  Place of the first in its map

static slots_rig_t bench;
static uint32_t s_ticket;

static void s_push (bool told, uint64_t serial)
{
    buffer_t payload = {0};
    pack_array (&payload, ITEMS + (told ? 2 : 0));
    if (told) {
        pack_uint (&payload, FIRST);
        pack_uint (&payload, 0);
    }
    for (size_t i = 0; i < ITEMS; i++)
        pack_array (&payload, 0);
    wire_lane_task_t task = {.index = 3, .attempt = 1, .payload = wire_view_of (&payload)};
    lease_t *lease = lease_new (slots_job (bench.slots, 42), serial, &task);
    slots_push (bench.slots, &lease);
    buffer_free (&payload);
}

//  A slot has begun a map of five items.
static void s_open (bool told, uint64_t timeout_ms)
{
    slots_rig_open (&bench, 1, NULL);
    slots_rig_job (&bench, 42, WIRE_KIND_MAP, timeout_ms, 100);
    s_push (told, 1);
    slots_rig_turn (&bench);
    fake_slot_ready (&bench.slot [0]);
    slots_rig_turn (&bench);
    assert_int_equal (fake_slot_read (&bench.slot [0], &s_ticket, 1, NULL), 1);
    assert_int_equal (fake_slot_claim (&bench.slot [0], s_ticket, bench.time.now_us), TICKET_RUN);
}

static item_values_t *s_harvest (void)
{
    return &bench.slot [0].memory->item_values;
}

static void s_do (size_t items)
{
    static const uint8_t seven [] = {7};
    for (size_t i = 0; i < items; i++)
        assert_true (item_values_add (s_harvest (), (view_t){seven, 1}));
}

//  So many values of 7, and behind them perhaps a failure of that kind.
static void s_check (cadre_outcome_t outcome, size_t values, const char *kind, const char *message)
{
    const fake_heard_t *heard = &bench.heard [0];
    assert_int_equal (bench.heard_count, 1);
    assert_int_equal (heard->outcome, outcome);
    cadre_value_t *list = cadre_value_decode (heard->value, heard->value_bytes);
    assert_int_equal (cadre_value_count (list), values + (kind ? 1 : 0));
    for (size_t i = 0; i < values; i++)
        assert_int_equal (cadre_value_int (cadre_value_at (list, i)), 7);
    if (kind) {
        const cadre_value_t *failure = cadre_value_at (list, values);
        assert_int_equal (cadre_value_type (failure), CADRE_TYPE_FAILURE);
        assert_string_equal (cadre_value_text (cadre_value_at (failure, 0)), kind);
        assert_non_null (strstr (cadre_value_text (cadre_value_at (failure, 1)), message));
    }
    cadre_value_destroy (&list);
}

static void s_die (int status)
{
    fake_slot_die (&bench.slot [0], status);
    slots_rig_turn (&bench);
}

static void test_killed (void **state)
{
    (void) state;
    s_open (true, 0);
    item_values_begin (s_harvest (), s_ticket);
    s_do (3);
    s_die (SIGSEGV);
    s_check (CADRE_OUTCOME_SIGNAL, 3, "signal", "item 73 of map 42");
    slots_rig_close (&bench);
}

//  It had not come so far as to say that it begins: nothing of a map before counts.
static void test_killed_at_the_beginning (void **state)
{
    (void) state;
    s_open (true, 0);
    item_values_begin (s_harvest (), s_ticket - 1);
    s_do (3);
    s_die (SIGSEGV);
    s_check (CADRE_OUTCOME_SIGNAL, 0, "signal", "item 70 of map 42");
    slots_rig_close (&bench);
}

static void test_killed_when_all_was_done (void **state)
{
    (void) state;
    s_open (true, 0);
    item_values_begin (s_harvest (), s_ticket);
    s_do (ITEMS);
    s_die (SIGKILL);
    s_check (CADRE_OUTCOME_ERROR, ITEMS, NULL, NULL);
    slots_rig_close (&bench);
}

//  A client that does not tell its items is told of the task as a whole.
static void test_not_told (void **state)
{
    (void) state;
    s_open (false, 0);
    item_values_begin (s_harvest (), s_ticket);
    s_do (3);
    s_die (SIGSEGV);
    assert_int_equal (bench.heard [0].value_bytes, 0);
    assert_non_null (strstr (bench.heard [0].detail, "while it ran 42.3"));
    slots_rig_close (&bench);
}

static void s_take_back (void (*order) (slots_t *slots))
{
    s_open (true, 0);
    item_values_begin (s_harvest (), s_ticket);
    s_do (2);
    order (bench.slots);
    slots_rig_turn (&bench);
}

static void s_cancel (slots_t *slots)
{
    buffer_t buffer = {0};
    wire_list_t span = slots_rig_span (&buffer, 1, 1);
    slots_cancel (slots, &span);
    buffer_free (&buffer);
}

//  Whether the slot stops by itself or is ended: what is done counts, and the item at hand was
//  drained, or cancelled.
static void test_taken_back (void **state)
{
    (void) state;
    static const struct {
        void (*order) (slots_t *slots); //  That ends it
        const char *kind;               //  What is said of the item at hand
    } cases [] = {{slots_reclaim_running, "drained"}, {s_cancel, "cancelled"}};
    for (size_t i = 0; i < 4; i++) {
        s_take_back (cases [i / 2].order);
        if (i % 2)
            s_die (SIGKILL);
        else
            fake_slot_result (&bench.slot [0], s_ticket, CADRE_OUTCOME_CANCELLED, 100);
        slots_rig_turn (&bench);
        s_check (CADRE_OUTCOME_CANCELLED, 2, cases [i / 2].kind, "");
        assert_int_equal (
            strncmp (bench.heard [0].detail, cases [i / 2].kind, strlen (cases [i / 2].kind)), 0);
        slots_rig_close (&bench);
    }
}

//  It wrote over what it had done: all items are told of its end, and none counts as not begun.
static void test_scribbled (void **state)
{
    (void) state;
    static const uint8_t odd [][3] = {{0xc1, 0xc1, 0xc1},
                                      {0xd4, 9, 0}}; //  Not msgpack; an ext type that nobody knows
    for (size_t i = 0; i < 2; i++) {
        s_open (true, 0);
        item_values_begin (s_harvest (), s_ticket);
        assert_true (item_values_add (s_harvest (), (view_t){odd [1], 3}));
        memcpy (s_harvest ()->bytes, odd [i], 3);
        s_die (SIGSEGV);
        assert_int_equal (bench.heard [0].outcome, CADRE_OUTCOME_SIGNAL);
        assert_int_equal (bench.heard [0].value_bytes, 0);
        slots_rig_close (&bench);
    }
}

static void s_begin_item (void)
{
    item_values_item (s_harvest (), bench.time.now_us);
}

//  An item may take 50 ms, and all of them five times that.
static void test_time_counts_for_items (void **state)
{
    (void) state;
    s_open (true, 50);
    item_values_begin (s_harvest (), s_ticket);
    s_begin_item ();
    for (size_t i = 0; i < 3; i++) {
        slots_rig_pass_ms (&bench, 40);
        s_do (1);
        s_begin_item ();
    }
    slots_rig_pass_ms (&bench, 49);
    assert_int_equal (bench.slot [0].backend.signals, 0);
    slots_rig_pass_ms (&bench, 1);
    assert_int_equal (bench.slot [0].backend.signals, 1);
    s_die (SIGTERM);
    s_check (CADRE_OUTCOME_TIMEOUT, 3, "timeout",
             "item 73 of map 42 ran for longer than its 50 ms");
    slots_rig_close (&bench);
}

//  A slot that says that it has just begun an item, and is never done with one.
static void test_time_of_a_liar (void **state)
{
    (void) state;
    s_open (true, 50);
    item_values_begin (s_harvest (), s_ticket);
    for (size_t i = 0; i < 49; i++) {
        s_begin_item ();
        slots_rig_pass_ms (&bench, 1);
    }
    assert_int_equal (bench.slot [0].backend.signals, 0);
    s_begin_item ();
    slots_rig_pass_ms (&bench, 1);
    assert_int_equal (bench.slot [0].backend.signals, 1);
    s_die (SIGTERM);
    slots_rig_close (&bench);
}

//  A slot that may run six tasks is replaced after two chunks of five items.
static void test_items_count_as_tasks (void **state)
{
    (void) state;
    uint32_t ticket;
    slots_rig_open (&bench, 1, &(slots_options_t){.max_tasks = ITEMS + 1});
    slots_rig_job (&bench, 42, WIRE_KIND_MAP, 0, 100);
    for (uint64_t serial = 1; serial <= 3; serial++)
        s_push (true, serial);
    slots_rig_turn (&bench);
    fake_slot_ready (&bench.slot [0]);
    slots_rig_turn (&bench);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal (fake_slot_read (&bench.slot [0], &ticket, 1, NULL), 1);
        fake_slot_run (&bench.slot [0], ticket, 10);
        slots_rig_turn (&bench);
    }
    assert_int_equal (bench.heard_count, 2);
    assert_int_equal (fake_slot_read (&bench.slot [0], &ticket, 1, NULL), 0);
    slots_rig_close (&bench);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_killed),
        cmocka_unit_test (test_killed_at_the_beginning),
        cmocka_unit_test (test_killed_when_all_was_done),
        cmocka_unit_test (test_not_told),
        cmocka_unit_test (test_taken_back),
        cmocka_unit_test (test_scribbled),
        cmocka_unit_test (test_time_counts_for_items),
        cmocka_unit_test (test_time_of_a_liar),
        cmocka_unit_test (test_items_count_as_tasks),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
