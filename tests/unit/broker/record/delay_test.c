//  delay_test.c - tasks wake in the order in which they are due

#include "broker/record/delay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/record/job.h"

#define JOBS 3u

typedef struct scene {
    timers_t *timers;        //  Of this test
    delay_t *delay;          //  Under test
    uint64_t bytes;          //  Held by the jobs
    account_t account;       //  The same
    job_t *jobs [JOBS];      //  With tasks that wait
    uint32_t woken [64];     //  Tasks, in the order in which they woke
    uint64_t woken_job [64]; //  And their jobs
    size_t count;            //  How many
} scene_t;

static void s_wake (void *owner, job_t *job, uint32_t index)
{
    scene_t *self = owner;
    self->woken [self->count % 64] = index;
    self->woken_job [self->count++ % 64] = job->number;
}

static void s_start (scene_t *self)
{
    *self = (scene_t){.timers = timers_new (), .account = {.sum_p = &self->bytes}};
    self->delay = delay_new (self->timers, s_wake, self);
    for (size_t i = 0; i < JOBS; i++) {
        self->jobs [i] = job_new (&self->account);
        self->jobs [i]->number = i + 1;
    }
}

static void s_end (scene_t *self)
{
    for (size_t i = 0; i < JOBS; i++) {
        delay_leave (self->delay, self->jobs [i]);
        job_destroy (&self->jobs [i]);
    }
    assert_int_equal (self->bytes, 0);
    delay_destroy (&self->delay);
    timers_destroy (&self->timers);
}

static void test_they_wake_when_due (void **state)
{
    (void) state;
    scene_t self;
    static const int64_t due [] = {500, 100, 300, 200, 400};
    s_start (&self);
    for (uint32_t i = 0; i < 5; i++)
        delay_add (self.delay, self.jobs [0], due [i], i);
    timers_run (self.timers, 99);
    assert_int_equal (self.count, 0);
    timers_run (self.timers, 250);
    assert_int_equal (self.count, 2);
    assert_int_equal (self.woken [0], 1);
    assert_int_equal (self.woken [1], 3);
    timers_run (self.timers, 1000);
    assert_int_equal (self.count, 5);
    assert_int_equal (self.woken [2], 2);
    assert_int_equal (self.woken [3], 4);
    assert_int_equal (self.woken [4], 0);
    assert_int_equal (timers_count (self.timers), 0);
    s_end (&self);
}

//  Whatever the order in which they come.
static void test_jobs_wake_in_one_order (void **state)
{
    (void) state;
    scene_t self;
    s_start (&self);
    for (uint32_t i = 0; i < 20; i++)
        delay_add (self.delay, self.jobs [i % JOBS], 100 + i * 7 % 20, i * 7 % 20);
    for (int64_t now_us = 100; now_us < 120; now_us++) {
        timers_run (self.timers, now_us);
        assert_int_equal (self.count, now_us - 99);
        assert_int_equal (self.woken [self.count - 1], now_us - 100);
    }
    s_end (&self);
}

//  It was cancelled or forgotten: nothing of it is left, here or in what is counted.
static void test_a_job_takes_its_waits_along (void **state)
{
    (void) state;
    scene_t self;
    s_start (&self);
    uint64_t bytes = self.bytes;
    delay_add (self.delay, self.jobs [1], 200, 0);
    for (uint32_t i = 0; i < 10000; i++)
        delay_add (self.delay, self.jobs [0], 100 + i, i);
    assert_in_range (self.bytes - bytes, 10000 * sizeof (delay_entry_t), UINT64_MAX);
    delay_leave (self.delay, self.jobs [0]);
    timers_run (self.timers, 199);
    assert_int_equal (self.count, 0);
    timers_run (self.timers, 200);
    assert_int_equal (self.count, 1);
    assert_int_equal (self.woken_job [0], 2);
    assert_int_equal (self.bytes, bytes);
    s_end (&self);
}

//  A hundred thousand that are due at once do not take a turn for themselves
static void test_many_wake_in_several_turns (void **state)
{
    (void) state;
    scene_t self;
    s_start (&self);
    for (uint32_t i = 0; i < 100000; i++)
        delay_add (self.delay, self.jobs [i % JOBS], 100 + i % 7, i);
    unsigned turns = 0;
    for (int64_t now_us = 1000; self.count < 100000; now_us += 10, turns++) {
        size_t before = self.count;
        timers_run (self.timers, now_us);
        assert_in_range (self.count - before, 1, 4096);
        assert_int_equal (timers_next_ms (self.timers, now_us + 10, 1000),
                          self.count < 100000 ? 0 : 1000);
    }
    assert_in_range (turns, 25, 100);
    s_end (&self);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_they_wake_when_due),
        cmocka_unit_test (test_jobs_wake_in_one_order),
        cmocka_unit_test (test_a_job_takes_its_waits_along),
        cmocka_unit_test (test_many_wake_in_several_turns),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
