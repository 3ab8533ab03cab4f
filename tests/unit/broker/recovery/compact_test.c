//  compact_test.c - the log does not grow for ever, and what was copied forward is what was
//  there

#include "tests/lib/journal_rig.h"

//  The log does not grow for ever, and what is copied forward is what was there
static void test_compaction (void **state)
{
    (void) state;
    house_t house;
    store_usage_t usage;
    house_start (&house);
    agent_t *agent = hub_rig_agent (&house.rig, 4);
    job_t *kept = house_job (&house, 100);
    house_turn (&house);
    house_answer_all (&house, kept, agent, 40);
    uint32_t failed = house_lease (&house, kept, agent);
    assert_true (hub_rig_answer (&house.rig, agent, kept, failed, house.rig.hub.serial,
                                 CADRE_OUTCOME_EXIT, 5));
    uint32_t running = house_lease (&house, kept, agent);
    uint64_t serial = house.rig.hub.serial, number = kept->number, gone = 0;
    identity_t identity;
    house_turn (&house);
    for (int round = 0; round < 60; round++) {
        job_t *job = house_job (&house, 20000);
        if (round == 0)
            gone = job->number, identity = job->identity;
        house_turn (&house);
        house_answer_all (&house, job, agent, 20000);
        house_turn (&house);
        house_turn (&house);
        ledger_jobs_forget (house.rig.hub.ledger, job);
        house_turn (&house);
    }
    journal_usage (house.rig.hub.journal, &usage);
    assert_true (usage.used_bytes < (200u << 20));
    assert_true (usage.first > 100);
    house_restart (&house);
    kept = house_only (&house);
    assert_int_equal (kept->number, number);
    assert_int_equal (ledger_jobs_forgotten (house.rig.hub.ledger, &identity), gone);
    assert_int_equal (kept->done, 40);
    assert_int_equal (kept->total, 100);
    assert_int_equal (kept->ready, 58);
    assert_int_equal (kept->delayed, 1);
    assert_int_equal (kept->tasks [failed].state, TASK_DELAYED);
    assert_in_range (kept->tasks [failed].due_us - house.rig.hub.now_us, 30000000, 62500000);
    assert_int_equal (kept->arrivals_count, 1);
    assert_int_equal (kept->tasks [running].state, TASK_LEASED);
    assert_int_equal (kept->tasks [running].serial, serial);
    for (uint32_t i = 0; i < kept->total; i++)
        assert_int_equal (kept->kept_at [i] != 0, kept->tasks [i].state == TASK_DONE);
    house_end (&house);
}

//  Many small ones are copied together, and found again
static void test_compaction_of_many_jobs (void **state)
{
    (void) state;
    house_t house;
    store_usage_t before, after;
    house_start (&house);
    for (int i = 0; i < 200; i++) {
        house_job (&house, 1);
        house_turn (&house);
    }
    journal_usage (house.rig.hub.journal, &before);
    compact_run (house.rig.hub.compact);
    house_turn (&house);
    house_turn (&house);
    journal_usage (house.rig.hub.journal, &after);
    assert_true (after.first > before.first);
    assert_true (before.batches > 200);
    assert_true (after.batches < 5);
    house_restart (&house);
    assert_int_equal (job_table_count (house.rig.hub.jobs), 200);
    for (job_t *job = job_table_first (house.rig.hub.jobs); job; job = job->hh_number.next)
        assert_int_equal (job->ready, 1);
    house_end (&house);
}

//  What was forgotten before a restart does not make the store put off a compaction after it
static void test_a_restart_counts_what_is_live (void **state)
{
    (void) state;
    house_t house;
    store_usage_t before, after;
    house_start (&house);
    agent_t *agent = hub_rig_agent (&house.rig, 4);
    job_t *gone = house_job_of (&house, 10, 0, 1000);
    house_job_of (&house, 3, 0, 1000);
    house_turn (&house);
    house_answer_all (&house, gone, agent, 10);
    house_turn (&house);
    ledger_jobs_forget (house.rig.hub.ledger, gone);
    house_turn (&house);
    journal_usage (house.rig.hub.journal, &before);
    house_restart (&house);
    house_turn (&house);
    journal_usage (house.rig.hub.journal, &after);
    assert_true (before.live_bytes > 3000);
    assert_int_equal (after.live_bytes, before.live_bytes);
    house_end (&house);
}

//  The broker is killed when the copy is durable and what it replaces not yet dropped: a lease that
//  both have is one
static void test_a_copy_beside_what_it_replaces (void **state)
{
    (void) state;
    house_t house;
    house_start (&house);
    agent_t *agent = hub_rig_agent (&house.rig, 4);
    uint8_t uuid [WIRE_UUID_BYTES];
    memcpy (uuid, agent->uuid, sizeof uuid);
    job_t *job = house_job (&house, 3);
    house_turn (&house);
    uint32_t running = house_lease (&house, job, agent);
    uint64_t serial = house.rig.hub.serial;
    house_turn (&house);
    memory_disk_hold (house.disk);
    compact_run (house.rig.hub.compact);
    memory_disk_let (house.disk, 1);
    memory_disk_lose (house.disk);
    house_leave (&house);
    memory_disk_let (house.disk, SIZE_MAX);
    house_open (&house);
    job = house_only (&house);
    agent = roster_by_uuid (house.rig.hub.roster, uuid);
    assert_int_equal (agent->leased, 1);
    spans_t held = {0};
    spans_add (&held, serial);
    ledger_leases_lose (house.rig.hub.ledger, agent, &held, true);
    spans_free (&held);
    assert_int_equal (agent->leases_count, 1);
    assert_non_null (ledger_held (house.rig.hub.ledger, agent, job, running, serial));
    assert_int_equal (job->ready, 2);
    house_end (&house);
}

//  All of a large log is needed: a broker that comes back does not copy it first
static void test_no_compaction_at_a_start (void **state)
{
    (void) state;
    house_t house;
    store_usage_t before, after;
    house_start (&house);
    for (int i = 0; i < 20; i++) {
        house_job_of (&house, 2000, 0, 2000);
        house_turn (&house);
    }
    journal_usage (house.rig.hub.journal, &before);
    assert_true (before.used_bytes > (70u << 20)); // more than the slack that a store has
    house_restart (&house);
    house_turn (&house);
    journal_usage (house.rig.hub.journal, &after);
    assert_int_equal (after.first, before.first);
    assert_true (after.live_bytes > (70u << 20));
    house_end (&house);
}

//  What a compaction cannot drop is not copied over and over: a store that is nearly full of that
//  comes to rest, and is compacted again when it is worth while
static void test_a_full_store_comes_to_rest (void **state)
{
    (void) state;
    house_t house = {.disk = memory_disk_new (), .quota = 200000};
    store_usage_t before, after;
    fault_t fault = {0};
    house_open (&house);
    for (int i = 0; i < 2000; i++) { // known to be forgotten, for a day
        ledger_jobs_forget (house.rig.hub.ledger, house_job (&house, 0));
        house_turn (&house);
    }
    job_t *job = house_job (&house, 10);
    for (int i = 0; i < 20; i++) {
        while (journal_admit (house.rig.hub.journal, job, 1000, 0, &fault) == CADRE_OK)
            ;
        house_turn (&house);
    }
    assert_true (journal_is_idle (house.rig.hub.journal));
    journal_usage (house.rig.hub.journal, &before);
    for (int i = 0; i < 20; i++)
        house_turn (&house);
    journal_usage (house.rig.hub.journal, &after);
    assert_int_equal (after.written_bytes, before.written_bytes);
    agent_t *agent = hub_rig_agent (&house.rig, 4);
    for (int i = 0; i < 3000; i++) { // its leases come and go
        house_lease (&house, job, agent);
        ledger_leases_lose (house.rig.hub.ledger, agent, NULL, true);
        if (i % 50 == 0)
            house_turn (&house);
    }
    house_turn (&house);
    house_turn (&house);
    journal_usage (house.rig.hub.journal, &after);
    assert_true (after.first > before.first);
    house_end (&house);
}

//  What is known of a forgotten job does not keep the log behind it, however much is copied of
//  other jobs
static void test_what_is_forgotten_moves_on (void **state)
{
    (void) state;
    house_t house;
    store_usage_t before, after;
    house_start (&house);
    ledger_jobs_forget (house.rig.hub.ledger, house_job (&house, 0));
    house_turn (&house);
    for (int i = 0; i < 3; i++) { // each fills a batch
        house_job_of (&house, 1000, 0, 2000);
        house_turn (&house);
    }
    journal_usage (house.rig.hub.journal, &before);
    compact_run (house.rig.hub.compact);
    house_turn (&house);
    house_turn (&house);
    journal_usage (house.rig.hub.journal, &after);
    assert_true (after.first > before.first + 1);
    house_end (&house);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_compaction),
        cmocka_unit_test (test_compaction_of_many_jobs),
        cmocka_unit_test (test_a_restart_counts_what_is_live),
        cmocka_unit_test (test_a_copy_beside_what_it_replaces),
        cmocka_unit_test (test_no_compaction_at_a_start),
        cmocka_unit_test (test_what_is_forgotten_moves_on),
        cmocka_unit_test (test_a_full_store_comes_to_rest),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
