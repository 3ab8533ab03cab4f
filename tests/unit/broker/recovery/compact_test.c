//  compact_test.c - the log does not grow for ever, and what was copied forward is what was
//  there

#include "tests/lib/rigs/journal_rig.h"

//  The log does not grow for ever, and what is copied forward is what was there
static void test_compaction (void **state)
{
    (void) state;
    journal_rig_t rig;
    store_usage_t usage;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    job_t *kept = journal_rig_job (&rig, 100);
    journal_rig_turn (&rig);
    journal_rig_answer_all (&rig, kept, worker, 40);
    uint32_t failed = journal_rig_lease (&rig, kept, worker);
    assert_true (modules_rig_answer (&rig.modules, worker, kept, failed, rig.modules.ctx.serial,
                                     CADRE_OUTCOME_EXIT, 5));
    uint32_t running = journal_rig_lease (&rig, kept, worker);
    uint64_t serial = rig.modules.ctx.serial, number = kept->number, gone = 0;
    identity_t identity;
    journal_rig_turn (&rig);
    for (int round = 0; round < 60; round++) {
        job_t *job = journal_rig_job (&rig, 20000);
        if (round == 0)
            gone = job->number, identity = job->identity;
        journal_rig_turn (&rig);
        journal_rig_answer_all (&rig, job, worker, 20000);
        journal_rig_turn (&rig);
        journal_rig_turn (&rig);
        ledger_jobs_forget (rig.modules.ctx.ledger, job);
        journal_rig_turn (&rig);
    }
    journal_usage (rig.modules.ctx.journal, &usage);
    assert_true (usage.used_bytes < (200u << 20));
    assert_true (usage.first > 100);
    journal_rig_restart (&rig);
    kept = journal_rig_only (&rig);
    assert_int_equal (kept->number, number);
    assert_int_equal (ledger_jobs_forgotten (rig.modules.ctx.ledger, &identity), gone);
    assert_int_equal (kept->done, 40);
    assert_int_equal (kept->total, 100);
    assert_int_equal (kept->ready, 58);
    assert_int_equal (kept->delayed, 1);
    assert_int_equal (kept->tasks [failed].state, TASK_DELAYED);
    assert_in_range (kept->tasks [failed].due_us - rig.modules.ctx.now_us, 30000000, 62500000);
    assert_int_equal (kept->arrivals_count, 1);
    assert_int_equal (kept->tasks [running].state, TASK_LEASED);
    assert_int_equal (kept->tasks [running].serial, serial);
    for (uint32_t i = 0; i < kept->total; i++)
        assert_int_equal (kept->kept_at [i] != 0, kept->tasks [i].state == TASK_DONE);
    journal_rig_end (&rig);
}

//  Many small ones are copied together, and found again
static void test_compaction_of_many_jobs (void **state)
{
    (void) state;
    journal_rig_t rig;
    store_usage_t before, after;
    journal_rig_start (&rig);
    for (int i = 0; i < 200; i++) {
        journal_rig_job (&rig, 1);
        journal_rig_turn (&rig);
    }
    journal_usage (rig.modules.ctx.journal, &before);
    compact_run (rig.modules.ctx.compact);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    journal_usage (rig.modules.ctx.journal, &after);
    assert_true (after.first > before.first);
    assert_true (before.batches > 200);
    assert_true (after.batches < 5);
    journal_rig_restart (&rig);
    assert_int_equal (job_table_count (rig.modules.ctx.jobs), 200);
    for (job_t *job = job_table_first (rig.modules.ctx.jobs); job; job = job->hh_number.next)
        assert_int_equal (job->ready, 1);
    journal_rig_end (&rig);
}

//  What was forgotten before a restart does not make the store put off a compaction after it
static void test_a_restart_counts_what_is_live (void **state)
{
    (void) state;
    journal_rig_t rig;
    store_usage_t before, after;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    job_t *gone = journal_rig_job_of (&rig, 10, 0, 1000);
    journal_rig_job_of (&rig, 3, 0, 1000);
    journal_rig_turn (&rig);
    journal_rig_answer_all (&rig, gone, worker, 10);
    journal_rig_turn (&rig);
    ledger_jobs_forget (rig.modules.ctx.ledger, gone);
    journal_rig_turn (&rig);
    journal_usage (rig.modules.ctx.journal, &before);
    journal_rig_restart (&rig);
    journal_rig_turn (&rig);
    journal_usage (rig.modules.ctx.journal, &after);
    assert_true (before.live_bytes > 3000);
    assert_int_equal (after.live_bytes, before.live_bytes);
    journal_rig_end (&rig);
}

//  The broker is killed when the copy is durable and what it replaces not yet dropped: a lease that
//  both have is one
static void test_a_copy_beside_what_it_replaces (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    uint8_t uuid [WIRE_UUID_BYTES];
    memcpy (uuid, worker->uuid, sizeof uuid);
    job_t *job = journal_rig_job (&rig, 3);
    journal_rig_turn (&rig);
    uint32_t running = journal_rig_lease (&rig, job, worker);
    uint64_t serial = rig.modules.ctx.serial;
    journal_rig_turn (&rig);
    memory_disk_hold (rig.disk);
    compact_run (rig.modules.ctx.compact);
    memory_disk_let (rig.disk, 1);
    memory_disk_lose (rig.disk);
    journal_rig_leave (&rig);
    memory_disk_let (rig.disk, SIZE_MAX);
    journal_rig_open (&rig);
    job = journal_rig_only (&rig);
    worker = roster_by_uuid (rig.modules.ctx.roster, uuid);
    assert_int_equal (worker->leased, 1);
    spans_t held = {0};
    spans_add (&held, serial);
    ledger_leases_lose (rig.modules.ctx.ledger, worker, &held, true);
    spans_free (&held);
    assert_int_equal (worker->leases_count, 1);
    assert_non_null (ledger_held (rig.modules.ctx.ledger, worker, job, running, serial));
    assert_int_equal (job->ready, 2);
    journal_rig_end (&rig);
}

//  All of a large log is needed: a broker that comes back does not copy it first
static void test_no_compaction_at_a_start (void **state)
{
    (void) state;
    journal_rig_t rig;
    store_usage_t before, after;
    journal_rig_start (&rig);
    for (int i = 0; i < 20; i++) {
        journal_rig_job_of (&rig, 2000, 0, 2000);
        journal_rig_turn (&rig);
    }
    journal_usage (rig.modules.ctx.journal, &before);
    assert_true (before.used_bytes > (70u << 20)); // more than the slack that a store has
    journal_rig_restart (&rig);
    journal_rig_turn (&rig);
    journal_usage (rig.modules.ctx.journal, &after);
    assert_int_equal (after.first, before.first);
    assert_true (after.live_bytes > (70u << 20));
    journal_rig_end (&rig);
}

//  What a compaction cannot drop is not copied over and over: a store that is nearly full of that
//  comes to rest, and is compacted again when it is worth while
static void test_a_full_store_comes_to_rest (void **state)
{
    (void) state;
    journal_rig_t rig = {.disk = memory_disk_new (), .quota = 200000};
    store_usage_t before, after;
    fault_t fault = {0};
    journal_rig_open (&rig);
    for (int i = 0; i < 2000; i++) { // known to be forgotten, for a day
        ledger_jobs_forget (rig.modules.ctx.ledger, journal_rig_job (&rig, 0));
        journal_rig_turn (&rig);
    }
    job_t *job = journal_rig_job (&rig, 10);
    for (int i = 0; i < 20; i++) {
        while (journal_admit (rig.modules.ctx.journal, job, 1000, 0, &fault) == CADRE_OK)
            ;
        journal_rig_turn (&rig);
    }
    assert_true (journal_is_idle (rig.modules.ctx.journal));
    journal_usage (rig.modules.ctx.journal, &before);
    for (int i = 0; i < 20; i++)
        journal_rig_turn (&rig);
    journal_usage (rig.modules.ctx.journal, &after);
    assert_int_equal (after.written_bytes, before.written_bytes);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    for (int i = 0; i < 3000; i++) { // its leases come and go
        journal_rig_lease (&rig, job, worker);
        ledger_leases_lose (rig.modules.ctx.ledger, worker, NULL, true);
        if (i % 50 == 0)
            journal_rig_turn (&rig);
    }
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    journal_usage (rig.modules.ctx.journal, &after);
    assert_true (after.first > before.first);
    journal_rig_end (&rig);
}

//  What is known of a forgotten job does not keep the log behind it, however much is copied of
//  other jobs
static void test_what_is_forgotten_moves_on (void **state)
{
    (void) state;
    journal_rig_t rig;
    store_usage_t before, after;
    journal_rig_start (&rig);
    ledger_jobs_forget (rig.modules.ctx.ledger, journal_rig_job (&rig, 0));
    journal_rig_turn (&rig);
    for (int i = 0; i < 3; i++) { // each fills a batch
        journal_rig_job_of (&rig, 1000, 0, 2000);
        journal_rig_turn (&rig);
    }
    journal_usage (rig.modules.ctx.journal, &before);
    compact_run (rig.modules.ctx.compact);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    journal_usage (rig.modules.ctx.journal, &after);
    assert_true (after.first > before.first + 1);
    journal_rig_end (&rig);
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
