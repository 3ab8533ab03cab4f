//  meter_test.c - which key takes the broker's time without bringing work

#include "broker/core/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS_NS 1000000u
#define LONGEST_US 400000

typedef struct rig {
    meter_t *meter;  //  The one that is tested
    int64_t now_us;  //  Its clock
    unsigned honest; //  An account that brings work
    unsigned enemy;  //  One that does not
    bool held [8];   //  By account
} rig_t;

static void s_hold (void *owner, unsigned account, bool hold)
{
    rig_t *self = owner;
    assert_int_not_equal (self->held [account], hold);
    self->held [account] = hold;
}

static int s_setup (void **state)
{
    rig_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->meter = meter_new (LONGEST_US, s_hold, self);
    self->honest = meter_account (self->meter, "honest");
    self->enemy = meter_account (self->meter, "enemy");
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    rig_t *self = *state;
    meter_destroy (&self->meter);
    free (self);
    return 0;
}

//  A frame of a millisecond, if the enemy's are read, and one of the other's.
static uint64_t s_turn (rig_t *self, bool work)
{
    uint64_t read = !self->held [self->enemy];
    self->now_us += 1000;
    if (work)
        meter_work (self->meter, self->honest, self->now_us);
    if (read)
        meter_charge (self->meter, self->enemy, MS_NS, self->now_us);
    meter_turn (self->meter, self->now_us);
    return read;
}

static uint64_t s_turns (rig_t *self, unsigned count, bool work)
{
    uint64_t read = 0;
    for (unsigned i = 0; i < count; i++)
        read += s_turn (self, work);
    return read;
}

static void test_a_key_has_one_account (void **state)
{
    rig_t *self = *state;
    assert_int_not_equal (self->honest, self->enemy);
    assert_int_equal (meter_account (self->meter, "honest"), self->honest);
    assert_int_equal (meter_account (self->meter, "enemy"), self->enemy);
}

static void test_what_brings_no_work_takes_an_eighth_of_the_time (void **state)
{
    rig_t *self = *state;
    s_turns (self, 200, true);
    assert_in_range (s_turns (self, 8000, true), 900, 1100);
    assert_false (self->held [self->honest]);
    assert_true (meter_holds (self->meter) > 100);
}

static void test_a_burst_passes (void **state)
{
    rig_t *self = *state;
    assert_int_equal (s_turns (self, METER_BURST_US / 1000, true), METER_BURST_US / 1000);
    assert_false (self->held [self->enemy]);
}

static void test_who_works_alone_is_not_held (void **state)
{
    rig_t *self = *state;
    assert_int_equal (s_turns (self, 1000, false), 1000);
    meter_work (self->meter, self->enemy, self->now_us);
    assert_int_equal (s_turns (self, 1000, false), 1000);
    assert_int_equal (meter_holds (self->meter), 0);
}

//  Its own work does not hide that of others, nor theirs from them.
static void test_work_of_a_key_does_not_count_against_itself (void **state)
{
    rig_t *self = *state;
    for (int i = 0; i < 1000; i++) {
        s_turn (self, true);
        meter_work (self->meter, self->enemy, self->now_us);
        meter_charge (self->meter, self->honest, MS_NS / 100, self->now_us);
    }
    assert_true (meter_holds (self->meter) > 10);
    assert_false (self->held [self->honest]);
}

static void test_a_key_is_released_when_others_have_ended (void **state)
{
    rig_t *self = *state;
    s_turns (self, 200, true);
    meter_charge (self->meter, self->enemy, 1000 * MS_NS, self->now_us);
    assert_true (self->held [self->enemy]);
    assert_int_equal (meter_held (self->meter), 1);
    self->now_us += METER_ACTIVE_US + 1;
    meter_turn (self->meter, self->now_us);
    assert_false (self->held [self->enemy]);
    assert_int_equal (meter_held (self->meter), 0);
}

//  However much it has taken: its peers must be heard before they are taken for lost.
static void test_no_key_is_held_for_long (void **state)
{
    rig_t *self = *state;
    meter_work (self->meter, self->honest, self->now_us);
    meter_charge (self->meter, self->enemy, 100000 * (uint64_t) MS_NS, self->now_us);
    int64_t since_us = self->now_us;
    while (self->held [self->enemy])
        s_turn (self, true);
    assert_in_range (self->now_us - since_us, LONGEST_US, LONGEST_US + 1000);
}

//  Charges of a turn that began earlier than others do not count as time that runs backwards.
static void test_a_clock_that_lags_fills_no_bucket (void **state)
{
    rig_t *self = *state;
    s_turns (self, 10, true);
    for (int i = 0; i < 1000; i++) {
        meter_charge (self->meter, self->enemy, 1, self->now_us);
        meter_charge (self->meter, self->enemy, 1, self->now_us - 1000);
    }
    assert_false (self->held [self->enemy]);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_setup_teardown (test_a_key_has_one_account, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_what_brings_no_work_takes_an_eighth_of_the_time,
                                         s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_a_burst_passes, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_who_works_alone_is_not_held, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_work_of_a_key_does_not_count_against_itself, s_setup,
                                         s_teardown),
        cmocka_unit_test_setup_teardown (test_a_key_is_released_when_others_have_ended, s_setup,
                                         s_teardown),
        cmocka_unit_test_setup_teardown (test_no_key_is_held_for_long, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_a_clock_that_lags_fills_no_bucket, s_setup,
                                         s_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
