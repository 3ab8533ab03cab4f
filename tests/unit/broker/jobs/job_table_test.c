//  job_table_test.c - jobs are found by number and by identity, and a walk survives that they go

#include "broker/jobs/job_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define JOBS 4

typedef struct rig {
    job_table_t *table;  // with all jobs
    job_t *jobs [JOBS];  // by number, from 1 on
    uint64_t held_bytes; // by them
    account_t account;   // the same
} rig_t;

static void s_start (rig_t *self)
{
    *self = (rig_t){.table = job_table_new (), .account = {.sum_p = &self->held_bytes}};
    for (unsigned i = 0; i < JOBS; i++) {
        job_t *job = self->jobs [i] = job_new (&self->account);
        job->number = job_table_next_number (self->table);
        job->identity = (identity_t){.uuid = {(uint8_t) job->number}};
        job_table_add (self->table, job);
    }
}

static void s_remove (rig_t *self, unsigned number)
{
    job_table_remove (self->table, self->jobs [number - 1]);
    job_destroy (&self->jobs [number - 1]);
}

static void s_end (rig_t *self)
{
    for (unsigned number = 1; number <= JOBS; number++)
        if (self->jobs [number - 1])
            s_remove (self, number);
    job_table_destroy (&self->table);
    assert_int_equal (self->held_bytes, 0);
}

static void test_a_job_is_found_until_it_is_removed (void **state)
{
    (void) state;
    rig_t rig;
    s_start (&rig);
    assert_ptr_equal (job_table_find (rig.table, 2), rig.jobs [1]);
    assert_ptr_equal (job_table_find_identity (rig.table, &(identity_t){.uuid = {3}}),
                      rig.jobs [2]);
    s_remove (&rig, 2); //  It is the one that was found last
    assert_null (job_table_find (rig.table, 2));
    assert_null (job_table_find_identity (rig.table, &(identity_t){.uuid = {2}}));
    assert_int_equal (job_table_count (rig.table), JOBS - 1);
    s_end (&rig);
}

static void test_an_identity_that_was_released_can_be_taken_again (void **state)
{
    (void) state;
    rig_t rig;
    s_start (&rig);
    job_table_release_identity (rig.table, rig.jobs [0]);
    rig.jobs [0]->abandoned = true;
    assert_null (job_table_find_identity (rig.table, &(identity_t){.uuid = {1}}));
    assert_ptr_equal (job_table_find (rig.table, 1), rig.jobs [0]);
    s_end (&rig);
}

static void test_a_walk_goes_on_behind_jobs_that_went (void **state)
{
    (void) state;
    rig_t rig;
    walk_t walk = {0};
    s_start (&rig);
    job_table_walk (rig.table, &walk);
    assert_ptr_equal (job_table_step (&walk), rig.jobs [0]);
    s_remove (&rig, 1);
    s_remove (&rig, 2); //  The walk stands there
    assert_ptr_equal (job_table_step (&walk), rig.jobs [2]);
    s_remove (&rig, 4);
    assert_null (job_table_step (&walk));
    s_end (&rig);
}

static void test_a_walk_begins_at_a_number (void **state)
{
    (void) state;
    rig_t rig;
    walk_t walk = {0};
    s_start (&rig);
    job_table_walk_from (rig.table, &walk, 3);
    assert_ptr_equal (job_table_step (&walk), rig.jobs [2]);
    s_remove (&rig, 3);
    job_table_walk_from (rig.table, &walk, 3); //  Behind 2
    assert_ptr_equal (job_table_step (&walk), rig.jobs [3]);
    s_remove (&rig, 2);
    job_table_walk_from (rig.table, &walk, 3); //  Neither is there
    assert_ptr_equal (job_table_step (&walk), rig.jobs [0]);
    job_table_walk_from (rig.table, &walk, 0);
    assert_ptr_equal (job_table_step (&walk), rig.jobs [0]);
    walk_end (&walk);
    s_end (&rig);
}

static void test_numbers_are_given_once (void **state)
{
    (void) state;
    rig_t rig;
    s_start (&rig);
    assert_int_equal (job_table_last_number (rig.table), JOBS);
    job_table_skip_numbers (rig.table, 2);
    assert_int_equal (job_table_next_number (rig.table), JOBS + 1);
    job_table_skip_numbers (rig.table, 1000);
    assert_int_equal (job_table_next_number (rig.table), 1001);
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_job_is_found_until_it_is_removed),
        cmocka_unit_test (test_an_identity_that_was_released_can_be_taken_again),
        cmocka_unit_test (test_a_walk_goes_on_behind_jobs_that_went),
        cmocka_unit_test (test_a_walk_begins_at_a_number),
        cmocka_unit_test (test_numbers_are_given_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
