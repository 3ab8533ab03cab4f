//  ready_test.c - priority, then fair share between clients, then the order in which jobs became
//  ready

#include "broker/queue/ready.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t s_bytes;
static account_t s_account = {.sum_p = &s_bytes};

static job_t *s_job (ready_t *ready, uint64_t number, uint64_t client, int32_t priority,
                     uint32_t tasks)
{
    job_t *job = job_new (&s_account);
    job->number = number;
    job->priority = priority;
    job->ready = tasks;
    ready_join (ready, job, client);
    ready_update (ready, job, false);
    return job;
}

static void s_end (ready_t *ready, job_t *job)
{
    ready_leave (ready, job);
    job_destroy (&job);
}

//  Picks, and gives the job one lease.
static uint64_t s_serve (ready_t *ready)
{
    job_t *job = ready_pick (ready);
    if (!job)
        return 0;
    ready_served (ready, job);
    job->share->work++;
    job->ready--;
    job->leased++;
    ready_update (ready, job, false);
    return job->number;
}

static void test_nothing_is_ready (void **state)
{
    (void) state;
    ready_t *ready = ready_new (NULL);
    ready_begin (ready);
    assert_true (ready_is_empty (ready));
    assert_null (ready_pick (ready));
    ready_destroy (&ready);
    ready_destroy (&ready);
}

static void test_priority_goes_first (void **state)
{
    (void) state;
    ready_t *ready = ready_new (NULL);
    job_t *low = s_job (ready, 1, 10, -5, 1), *usual = s_job (ready, 2, 10, 0, 1),
          *high = s_job (ready, 3, 10, 7, 1);
    ready_begin (ready);
    assert_int_equal (s_serve (ready), 3);
    assert_int_equal (s_serve (ready), 2);
    assert_int_equal (s_serve (ready), 1);
    assert_int_equal (s_serve (ready), 0);
    s_end (ready, low);
    s_end (ready, usual);
    s_end (ready, high);
    ready_destroy (&ready);
}

static void test_clients_take_turns (void **state)
{
    (void) state;
    ready_t *ready = ready_new (NULL);
    job_t *many = s_job (ready, 1, 10, 0, 100), *few = s_job (ready, 2, 20, 0, 100);
    int served [3] = {0};
    ready_begin (ready);
    for (int i = 0; i < 20; i++)
        served [s_serve (ready)]++;
    assert_int_equal (served [1], 10);
    assert_int_equal (served [2], 10);
    s_end (ready, many);
    s_end (ready, few);
    ready_destroy (&ready);
}

//  A client that has many leases already waits for the one that has none, whatever the number of
//  its jobs.
static void test_leases_count (void **state)
{
    (void) state;
    ready_t *ready = ready_new (NULL);
    job_t *first = s_job (ready, 1, 10, 0, 100), *second = s_job (ready, 2, 10, 0, 100);
    first->share->work = 5;
    job_t *other = s_job (ready, 3, 20, 0, 100);
    ready_begin (ready);
    for (int i = 0; i < 5; i++)
        assert_int_equal (s_serve (ready), 3);
    assert_ptr_equal (first->share, second->share);
    s_end (ready, first);
    s_end (ready, second);
    s_end (ready, other);
    ready_destroy (&ready);
}

static void test_one_client_s_jobs_in_order (void **state)
{
    (void) state;
    ready_t *ready = ready_new (NULL);
    job_t *first = s_job (ready, 1, 10, 0, 2), *second = s_job (ready, 2, 10, 0, 1);
    ready_begin (ready);
    assert_int_equal (s_serve (ready), 1);
    assert_int_equal (s_serve (ready), 1);
    assert_int_equal (s_serve (ready), 2);
    s_end (ready, first);
    s_end (ready, second);
    ready_destroy (&ready);
}

static void test_passed_over_until_the_next_turn (void **state)
{
    (void) state;
    ready_t *ready = ready_new (NULL);
    job_t *first = s_job (ready, 1, 10, 0, 5), *second = s_job (ready, 2, 10, 0, 5);
    ready_begin (ready);
    assert_ptr_equal (ready_pick (ready), first);
    ready_pass (ready, first);
    assert_ptr_equal (ready_pick (ready), second);
    ready_pass (ready, second);
    assert_null (ready_pick (ready));
    //  One that becomes ready meanwhile is not passed over
    job_t *third = s_job (ready, 3, 10, 0, 5);
    assert_ptr_equal (ready_pick (ready), third);
    ready_begin (ready);
    assert_ptr_equal (ready_pick (ready), first);
    s_end (ready, first);
    assert_ptr_equal (ready_pick (ready), second);
    s_end (ready, second);
    s_end (ready, third);
    ready_destroy (&ready);
}

static void test_limit_and_blocks_keep_a_job_out (void **state)
{
    (void) state;
    ready_t *ready = ready_new (NULL);
    job_t *job = s_job (ready, 1, 10, 0, 5);
    job->limit = 2;
    ready_begin (ready);
    assert_int_equal (s_serve (ready), 1);
    assert_int_equal (s_serve (ready), 1);
    assert_int_equal (s_serve (ready), 0);
    job->leased--;
    ready_update (ready, job, true);
    assert_true (ready_is_empty (ready));
    ready_update (ready, job, false);
    assert_int_equal (s_serve (ready), 1);
    s_end (ready, job);
    ready_destroy (&ready);
    assert_int_equal (s_bytes, 0);
}

#define MANY 500

//  Of many clients each is served in its turn, while jobs come, are done and are passed over
static void test_many_clients (void **state)
{
    (void) state;
    ready_t *ready = ready_new (NULL);
    job_t *jobs [MANY];
    bool passed [MANY];
    uint32_t seed = 1;
    for (unsigned i = 0; i < MANY; i++)
        jobs [i] = s_job (ready, i + 1, i + 1, 0, i % 7);
    for (unsigned turn = 0; turn < 20; turn++) {
        ready_begin (ready);
        for (unsigned i = turn; turn > 5 && i < MANY; i += 50) { // tasks of some have ended
            jobs [i]->share->work /= 3;
            ready_eased (ready, jobs [i]->share);
        }
        memset (passed, 0, sizeof passed);
        for (job_t *job; (job = ready_pick (ready));) {
            for (unsigned i = 0; i < MANY; i++)
                if (jobs [i]->queue && !passed [i])
                    assert_true (job->share->work <= jobs [i]->share->work);
            assert_false (passed [job->number - 1]);
            seed = seed * 1664525u + 1013904223u;
            job_t *other = jobs [(seed >> 8) % MANY];
            if (other != job && seed >> 30 == 0) { // it becomes ready, or is done
                other->ready = other->ready ? 0 : 2;
                ready_update (ready, other, false);
                passed [other->number - 1] = false;
            }
            if (seed >> 31) {
                ready_pass (ready, job);
                passed [job->number - 1] = true;
                continue;
            }
            job->share->work += seed >> 16 & 3;
            job->ready--;
            ready_update (ready, job, false);
        }
        for (unsigned i = 0; i < MANY; i++)
            assert_true (!jobs [i]->queue || passed [i]);
    }
    for (unsigned i = 0; i < MANY; i++)
        s_end (ready, jobs [i]);
    ready_destroy (&ready);
}

//  ---- what it costs --------------------------------------------------------

#define CROWD 100000u

//  Steps of one pick, the most of a hundred; each job that was picked is done.
static uint64_t s_most_steps (ready_t *ready)
{
    uint64_t most = 0;
    for (unsigned i = 0; i < 100; i++) {
        uint64_t before = ready_steps (ready);
        ready_begin (ready);
        job_t *job = ready_pick (ready);
        assert_non_null (job);
        job->share->work += 2000;
        job->ready = 0;
        ready_update (ready, job, false);
        ready_pick (ready);
        most = ready_steps (ready) - before > most ? ready_steps (ready) - before : most;
    }
    return most;
}

//  Many jobs of so many clients and priorities: a turn costs the logarithm of their number
static void s_many (uint32_t clients, uint32_t priorities)
{
    ready_t *ready = ready_new (NULL);
    job_t **jobs = calloc (CROWD, sizeof *jobs);
    assert_non_null (jobs);
    for (uint32_t i = 0; i < CROWD; i++)
        jobs [i] = s_job (ready, i + 1, i % clients, (int32_t) (i % priorities), 1);
    assert_in_range (ready_steps (ready) / CROWD, 0, 2 * 17);
    assert_in_range (s_most_steps (ready), 1, 12 * 17);
    //  A client whose tasks have ended rises among the others, and nobody else is looked at
    uint64_t before = ready_steps (ready);
    share_t *share = jobs [CROWD - 1]->share;
    for (unsigned i = 0; i < 100; i++) {
        share->work = i % 2 ? 0 : 4000;
        ready_eased (ready, share);
        ready_begin (ready);
        ready_pick (ready);
    }
    assert_in_range ((ready_steps (ready) - before) / 100, 0, 4 * 17);
    for (uint32_t i = 0; i < CROWD; i++)
        s_end (ready, jobs [i]);
    free (jobs);
    ready_destroy (&ready);
}

static void test_many_jobs_of_one_client (void **state)
{
    (void) state;
    s_many (1, 1);
}

static void test_many_jobs_of_many_clients (void **state)
{
    (void) state;
    s_many (1000, 1);
}

static void test_many_priorities (void **state)
{
    (void) state;
    s_many (1, CROWD);
    s_many (1000, 1000);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_nothing_is_ready),
        cmocka_unit_test (test_priority_goes_first),
        cmocka_unit_test (test_clients_take_turns),
        cmocka_unit_test (test_leases_count),
        cmocka_unit_test (test_one_client_s_jobs_in_order),
        cmocka_unit_test (test_passed_over_until_the_next_turn),
        cmocka_unit_test (test_limit_and_blocks_keep_a_job_out),
        cmocka_unit_test (test_many_clients),
        cmocka_unit_test (test_many_jobs_of_one_client),
        cmocka_unit_test (test_many_jobs_of_many_clients),
        cmocka_unit_test (test_many_priorities),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
