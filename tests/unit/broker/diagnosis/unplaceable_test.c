//  unplaceable_test.c - jobs that nobody can run, and when that is said

#include "broker/back/job_sweep.h"
#include "tests/lib/rigs/modules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void s_after (modules_rig_t *rig, int64_t ms)
{
    rig->ctx.now_us += ms * 1000;
    job_sweep_begin (&rig->ctx);
}

static job_t *s_begin (modules_rig_t *rig, client_t **client)
{
    modules_rig_start (rig);
    rig->ctx.started_us = rig->ctx.now_us;
    *client = modules_rig_client (rig);
    return modules_rig_job (rig, *client, &(wire_job_open_t){.limit = 0}, 1);
}

static void s_end (modules_rig_t *rig, client_t **client)
{
    modules_rig_end_client (rig, client);
    modules_rig_end (rig);
}

static worker_record_t *s_stranger (modules_rig_t *rig, uint8_t number)
{
    uint8_t uuid [WIRE_UUID_BYTES] = {30, number};
    return roster_add (rig->ctx.roster, uuid);
}

static void s_introduce (modules_rig_t *rig, worker_record_t *worker)
{
    wire_worker_hello_t hello = {.name = wire_view ("other"), .slots = 1};
    roster_describe (rig->ctx.roster, worker, &hello, rights_of_all ());
}

//  Right after a start, those who served the broker before may be on their way
static void test_a_function_is_unknown_when_all_have_had_time (void **state)
{
    (void) state;
    modules_rig_t rig;
    client_t *client;
    job_t *job = s_begin (&rig, &client);
    s_introduce (&rig, s_stranger (&rig, 1));
    s_after (&rig, 1);
    s_after (&rig, 2000);
    assert_int_equal (job->doom, 0);
    s_after (&rig, rig.ctx.lost_ms);
    assert_int_equal (job->doom, CADRE_OUTCOME_ERROR);
    s_end (&rig, &client);
}

//  One that only the log knows may offer anything
static void test_a_worker_that_is_away_may_offer_it (void **state)
{
    (void) state;
    modules_rig_t rig;
    client_t *client;
    job_t *job = s_begin (&rig, &client);
    worker_record_t *worker = s_stranger (&rig, 1);
    rig.ctx.now_us += 2 * (int64_t) rig.ctx.lost_ms * 1000;
    s_after (&rig, 1);
    s_after (&rig, 2000);
    assert_int_equal (job->doom, 0);
    s_introduce (&rig, worker);
    s_after (&rig, 2000);
    assert_int_equal (job->doom, CADRE_OUTCOME_ERROR);
    s_end (&rig, &client);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_function_is_unknown_when_all_have_had_time),
        cmocka_unit_test (test_a_worker_that_is_away_may_offer_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
