//  retention_test.c - what a durable job left is kept for seven days after its end

#include "broker/back/job_sweep.h"
#include "tests/lib/rigs/journal_rig.h"

static job_t *s_done (journal_rig_t *rig, worker_record_t *worker)
{
    job_t *job = journal_rig_job (rig, 3);
    journal_rig_turn (rig);
    journal_rig_answer_all (rig, job, worker, 3);
    journal_rig_turn (rig);
    journal_rig_turn (rig);
    assert_true (job->ended && job->ended_us > 0);
    return job;
}

static void test_seven_days (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    job_t *old = s_done (&rig, worker), *young = s_done (&rig, worker),
          *open = journal_rig_job (&rig, 2);
    uint64_t gone = old->number, kept = young->number, waits = open->number;
    journal_rig_turn (&rig);
    old->over_us = rig.modules.ctx.now_us - LEDGER_KEPT_US - 1;
    young->over_us = rig.modules.ctx.now_us - LEDGER_KEPT_US + 60 * 1000000;
    young->ended_us = 1; // as of a machine whose clock was set since
    job_sweep_begin (&rig.modules.ctx);
    assert_null (job_table_find (rig.modules.ctx.jobs, gone));
    assert_non_null (job_table_find (rig.modules.ctx.jobs, kept));
    assert_non_null (job_table_find (rig.modules.ctx.jobs, waits));
    journal_rig_turn (&rig);
    journal_rig_restart (&rig); //  It was forgotten on the disk, too
    assert_null (job_table_find (rig.modules.ctx.jobs, gone));
    assert_non_null (job_table_find (rig.modules.ctx.jobs, kept));
    journal_rig_end (&rig);
}

//  The end is when it was, and not when a broker began to know of it, also in a copy, and after a
//  second one that was tried again
static void test_the_end_outlives_a_restart (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    job_t *job = journal_rig_job_with (&rig, 1, 0);
    journal_rig_turn (&rig);
    for (int i = 0; i < 2; i++) {
        uint32_t index = journal_rig_lease (&rig, job, worker);
        assert_true (modules_rig_answer (&rig.modules, worker, job, index, rig.modules.ctx.serial,
                                         i ? CADRE_OUTCOME_OK : CADRE_OUTCOME_EXIT, 5));
        journal_rig_turn (&rig);
        journal_rig_turn (&rig);
        assert_true (job->ended);
        if (i == 0)
            assert_int_equal (ledger_jobs_retry (rig.modules.ctx.ledger, job, 0), 1);
        journal_rig_turn (&rig);
    }
    int64_t ended_us = job->ended_us;
    for (int i = 0; i < 3; i++) {
        journal_rig_restart (&rig);
        job = journal_rig_only (&rig);
        journal_rig_turn (&rig);
        assert_int_equal (job->ended_us, ended_us);
        assert_true (job->over_us < rig.modules.ctx.now_us);
        compact_run (rig.modules.ctx.compact);
        journal_rig_turn (&rig);
    }
    journal_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_seven_days),
        cmocka_unit_test (test_the_end_outlives_a_restart),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
