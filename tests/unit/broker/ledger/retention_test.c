//  retention_test.c - what a durable job left is kept for seven days after its end

#include "broker/back/rounds.h"
#include "tests/lib/journal_rig.h"

static job_t *s_done (house_t *house, agent_t *agent)
{
    job_t *job = house_job (house, 3);
    house_turn (house);
    house_answer_all (house, job, agent, 3);
    house_turn (house);
    house_turn (house);
    assert_true (job->ended && job->ended_us > 0);
    return job;
}

static void test_seven_days (void **state)
{
    (void) state;
    house_t house;
    house_start (&house);
    agent_t *agent = hub_rig_agent (&house.rig, 4);
    job_t *old = s_done (&house, agent), *young = s_done (&house, agent),
          *open = house_job (&house, 2);
    uint64_t gone = old->number, kept = young->number, waits = open->number;
    house_turn (&house);
    old->over_us = house.rig.hub.now_us - LEDGER_KEPT_US - 1;
    young->over_us = house.rig.hub.now_us - LEDGER_KEPT_US + 60 * 1000000;
    young->ended_us = 1; // as of a machine whose clock was set since
    rounds_begin (&house.rig.hub);
    assert_null (job_table_find (house.rig.hub.jobs, gone));
    assert_non_null (job_table_find (house.rig.hub.jobs, kept));
    assert_non_null (job_table_find (house.rig.hub.jobs, waits));
    house_turn (&house);
    house_restart (&house); //  It was forgotten on the disk, too
    assert_null (job_table_find (house.rig.hub.jobs, gone));
    assert_non_null (job_table_find (house.rig.hub.jobs, kept));
    house_end (&house);
}

//  The end is when it was, and not when a broker began to know of it, also in a copy, and after a
//  second one that was tried again
static void test_the_end_outlives_a_restart (void **state)
{
    (void) state;
    house_t house;
    house_start (&house);
    agent_t *agent = hub_rig_agent (&house.rig, 4);
    job_t *job = house_job_with (&house, 1, 0);
    house_turn (&house);
    for (int i = 0; i < 2; i++) {
        uint32_t index = house_lease (&house, job, agent);
        assert_true (hub_rig_answer (&house.rig, agent, job, index, house.rig.hub.serial,
                                     i ? CADRE_OUTCOME_OK : CADRE_OUTCOME_EXIT, 5));
        house_turn (&house);
        house_turn (&house);
        assert_true (job->ended);
        if (i == 0)
            assert_int_equal (ledger_jobs_retry (house.rig.hub.ledger, job, 0), 1);
        house_turn (&house);
    }
    int64_t ended_us = job->ended_us;
    for (int i = 0; i < 3; i++) {
        house_restart (&house);
        job = house_only (&house);
        house_turn (&house);
        assert_int_equal (job->ended_us, ended_us);
        assert_true (job->over_us < house.rig.hub.now_us);
        compact_run (house.rig.hub.compact);
        house_turn (&house);
    }
    house_end (&house);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_seven_days),
        cmocka_unit_test (test_the_end_outlives_a_restart),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
