//  retention_test.c - what a durable job left is kept for seven days after its end, by the wall's clock

#include "common/moment.h"
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
    job_t *old = s_done (&house, agent), *young = s_done (&house, agent), *open = house_job (&house, 2);
    uint64_t gone = old->number, kept = young->number, waits = open->number;
    house_turn (&house);
    old->ended_us = moment_wall_us () - LEDGER_KEPT_US - 1;
    young->ended_us = moment_wall_us () - LEDGER_KEPT_US + 60 * 1000000;
    ledger_sweep (house.rig.hub.ledger);
    assert_null (ledger_find (house.rig.hub.ledger, gone));
    assert_non_null (ledger_find (house.rig.hub.ledger, kept));
    assert_non_null (ledger_find (house.rig.hub.ledger, waits));
    house_turn (&house);
    house_restart (&house); //  It was forgotten on the disk, too
    assert_null (ledger_find (house.rig.hub.ledger, gone));
    assert_non_null (ledger_find (house.rig.hub.ledger, kept));
    house_end (&house);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_seven_days),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
