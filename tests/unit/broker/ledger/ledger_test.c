//  ledger_test.c - each task ends once, whatever comes twice, late, or from the wrong worker

#include "tests/lib/rigs/modules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const wire_job_open_t s_usual = {.retries_lost = 1};

//  Leases the next ready task, and returns its index; the serial is hub.serial.
static uint32_t s_lease (modules_rig_t *rig, job_t *job, worker_record_t *worker)
{
    uint32_t index = job_take (job);
    ledger_lease (rig->ctx.ledger, job, index, worker, ++rig->ctx.serial);
    return index;
}

static void test_a_result_counts_once (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 2), *other = modules_rig_worker (&rig, 2);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 3);
    uint32_t index = s_lease (&rig, job, worker);
    assert_int_equal (job->leased, 1);
    assert_int_equal (worker->leased, 1);
    assert_false (modules_rig_answer (&rig, other, job, index, 1, CADRE_OUTCOME_OK, 5));
    assert_false (modules_rig_answer (&rig, worker, job, index, 2, CADRE_OUTCOME_OK, 5));
    assert_false (modules_rig_answer (&rig, worker, job, 99, 1, CADRE_OUTCOME_OK, 5));
    assert_true (modules_rig_answer (&rig, worker, job, index, 1, CADRE_OUTCOME_OK, 5));
    assert_false (modules_rig_answer (&rig, worker, job, index, 1, CADRE_OUTCOME_OK, 5));
    assert_int_equal (rig.ctx.stale_results, 4);
    assert_int_equal (job->done, 1);
    assert_int_equal (job->leased, 0);
    assert_int_equal (client->batch_count, 1);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
    assert_int_equal (rig.ctx.job_bytes, 0);
}

static void test_a_job_ends_and_is_gone (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 2);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 2);
    uint64_t number = job->number;
    for (uint64_t serial = 1; serial <= 2; serial++) {
        uint32_t index = s_lease (&rig, job, worker);
        assert_true (modules_rig_answer (&rig, worker, job, index, serial, CADRE_OUTCOME_OK, 5));
    }
    ledger_settle (rig.ctx.ledger);
    assert_null (job_table_find (rig.ctx.jobs, number));
    assert_int_equal (client->jobs_open, 0);
    assert_int_equal (rig.ctx.job_bytes, 0);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

static void test_failures_are_repeated_after_a_backoff (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 2);
    job_t *job = modules_rig_job (&rig, client, &(wire_job_open_t){.retries = 1}, 1);
    uint32_t index = s_lease (&rig, job, worker);
    assert_true (modules_rig_answer (&rig, worker, job, index, 1, CADRE_OUTCOME_EXIT, 5));
    assert_int_equal (job->delayed, 1);
    assert_int_equal (job->ready, 0);
    timers_run (rig.ctx.timers, rig.ctx.now_us + 74999);
    assert_int_equal (job->ready, 0);
    timers_run (rig.ctx.timers, rig.ctx.now_us + 100000);
    assert_int_equal (job->ready, 1);
    index = s_lease (&rig, job, worker);
    assert_int_equal (job->tasks [index].attempt, 2);
    assert_true (modules_rig_answer (&rig, worker, job, index, 2, CADRE_OUTCOME_EXIT, 5));
    assert_int_equal (job->failed, 1);
    assert_int_equal (job->tasks [index].outcome, CADRE_OUTCOME_EXIT);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

static void test_a_lost_worker_costs_a_try (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 2);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 1);
    s_lease (&rig, job, worker);
    assert_int_equal (ledger_leases_lose (rig.ctx.ledger, worker, NULL, false), 1);
    assert_int_equal (job->ready, 1);
    assert_int_equal (worker->leased, 0);
    s_lease (&rig, job, worker);
    assert_int_equal (ledger_leases_lose (rig.ctx.ledger, worker, NULL, false),
                      0); //  It has failed
    assert_int_equal (job->failed, 1);
    assert_int_equal (job->tasks [0].outcome, CADRE_OUTCOME_WORKER_LOST);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

static void test_returned_leases_cost_nothing (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 2);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 1);
    for (uint64_t serial = 1; serial <= 20; serial++) {
        uint32_t index = s_lease (&rig, job, worker);
        assert_int_equal (job->tasks [index].attempt, 1);
        wire_lease_t lease = {.job = job->number, .index = index, .serial = serial};
        assert_true (ledger_leases_return (rig.ctx.ledger, worker, &lease));
        assert_false (ledger_leases_return (rig.ctx.ledger, worker, &lease));
    }
    s_lease (&rig, job, worker);
    ledger_leases_lose (rig.ctx.ledger, worker, NULL, true);
    assert_int_equal (job->ready, 1);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

//  A try that was begun and returned counts towards no limit, but its number is used: what the next
//  one writes is not mixed with what it wrote.
static void test_a_begun_try_keeps_its_number (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 2);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 1);
    for (unsigned attempt = 1; attempt <= 20; attempt++) {
        uint32_t index = s_lease (&rig, job, worker);
        assert_int_equal (job->tasks [index].attempt, attempt);
        wire_lease_t lease = {
            .job = job->number, .index = index, .serial = rig.ctx.serial, .begun = true};
        assert_true (ledger_leases_return (rig.ctx.ledger, worker, &lease));
        assert_int_equal (job->ready, 1);
    }
    s_lease (&rig, job, worker);
    ledger_leases_lose (rig.ctx.ledger, worker, NULL, true); //  Was stopped
    s_lease (&rig, job, worker);
    assert_int_equal (job->tasks [0].attempt, 22);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

//  A task that was given, and comes back unbegun when those behind it have expired, expires as
//  well.
static void test_what_comes_back_late_expires (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 1);
    job_t *job =
        modules_rig_job (&rig, client, &(wire_job_open_t){.retries_lost = 1, .expire_ms = 1000}, 3);
    wire_lease_t lease = {
        .job = job->number, .index = s_lease (&rig, job, worker), .serial = rig.ctx.serial};
    rig.ctx.now_us += 2000000;
    ledger_settle_expire (rig.ctx.ledger, job);
    ledger_settle (rig.ctx.ledger);
    assert_int_equal (job->failed, 2);
    assert_int_equal (job->leased, 1);
    assert_true (ledger_leases_return (rig.ctx.ledger, worker, &lease));
    ledger_settle (rig.ctx.ledger);
    assert_int_equal (rig.ctx.tasks_failed, 3);
    assert_int_equal (job_table_count (rig.ctx.jobs), 0); //  All have ended
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

//  A task that must not run twice: whoever may have begun it had its only try
static void test_once_is_once (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = modules_rig_job (&rig, client, &(wire_job_open_t){.retries_lost = 0}, 4);
    uint32_t index = s_lease (&rig, job, worker);
    wire_lease_t lease = {.job = job->number, .index = index, .serial = rig.ctx.serial};
    assert_true (ledger_leases_return (rig.ctx.ledger, worker, &lease));
    assert_int_equal (job->ready, 4);
    index = s_lease (&rig, job, worker);
    lease =
        (wire_lease_t){.job = job->number, .index = index, .serial = rig.ctx.serial, .begun = true};
    assert_true (ledger_leases_return (rig.ctx.ledger, worker, &lease));
    assert_int_equal (job->tasks [index].outcome, CADRE_OUTCOME_WORKER_LOST);
    spans_t none = {0};
    s_lease (&rig, job, worker);
    ledger_leases_lose (rig.ctx.ledger, worker, &none,
                        true); //  Registers anew without it: it never came
    assert_int_equal (job->ready, 3);
    s_lease (&rig, job, worker);
    ledger_leases_lose (rig.ctx.ledger, worker, NULL, true); //  Was stopped
    assert_int_equal (job->ready, 2);
    assert_int_equal (job->failed, 2);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

static void test_what_a_worker_holds_is_kept (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 5);
    for (int i = 0; i < 5; i++)
        s_lease (&rig, job, worker);
    spans_t held = {0};
    spans_add (&held, 2);
    spans_add (&held, 3);
    ledger_leases_lose (rig.ctx.ledger, worker, &held, false);
    assert_int_equal (worker->leased, 2);
    assert_int_equal (worker->leases_count, 2);
    assert_int_equal (job->ready, 3);
    assert_true (modules_rig_answer (&rig, worker, job, 1, 2, CADRE_OUTCOME_OK, 5));
    assert_false (modules_rig_answer (&rig, worker, job, 0, 1, CADRE_OUTCOME_OK, 5));
    spans_free (&held);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

static void test_cancel_of_one_and_of_all (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 10);
    uint32_t first = s_lease (&rig, job, worker), second = s_lease (&rig, job, worker);
    assert_int_equal (ledger_jobs_cancel (rig.ctx.ledger, job, 9), 1);
    assert_int_equal (ledger_jobs_cancel (rig.ctx.ledger, job, 9), 0);
    assert_int_equal (job->failed, 1);
    assert_int_equal (ledger_jobs_cancel (rig.ctx.ledger, job, first), 1);
    assert_int_equal (worker->cancels.leases.count, 1);
    assert_int_equal (ledger_jobs_cancel_all (rig.ctx.ledger, job), 8);
    ledger_settle (rig.ctx.ledger);
    assert_int_equal (job->ready, 0);
    assert_int_equal (job->failed, 8);
    //  One comes back untried, one has run to its end all the same
    assert_true (ledger_leases_return (
        rig.ctx.ledger, worker, &(wire_lease_t){.job = job->number, .index = first, .serial = 1}));
    assert_int_equal (job->tasks [first].outcome, CADRE_OUTCOME_CANCELLED);
    assert_true (modules_rig_answer (&rig, worker, job, second, 2, CADRE_OUTCOME_OK, 5));
    assert_int_equal (job->done, 1);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

//  Tasks that run go on. Those that wait at the worker come back, and are cancelled then.
static void test_stop_spares_what_runs (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 10);
    uint32_t runs = s_lease (&rig, job, worker), waits = s_lease (&rig, job, worker);
    ledger_jobs_stop (rig.ctx.ledger, job);
    ledger_jobs_stop (rig.ctx.ledger, job);
    ledger_settle (rig.ctx.ledger);
    assert_int_equal (job->failed, 8);
    assert_int_equal (worker->cancels.leases.count, 0);
    assert_int_equal (worker->recalls.leases.count, 1);
    assert_int_equal (worker->recalls.leases.spans [0].count, 2);
    assert_true (ledger_leases_return (
        rig.ctx.ledger, worker, &(wire_lease_t){.job = job->number, .index = waits, .serial = 2}));
    assert_int_equal (job->tasks [waits].outcome, CADRE_OUTCOME_CANCELLED);
    assert_true (modules_rig_answer (&rig, worker, job, runs, 1, CADRE_OUTCOME_OK, 5));
    assert_int_equal (job->done, 1);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

//  What runs can still be cancelled.
static void test_cancel_after_stop (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 2);
    s_lease (&rig, job, worker);
    ledger_jobs_stop (rig.ctx.ledger, job);
    assert_int_equal (ledger_jobs_cancel_all (rig.ctx.ledger, job), 2);
    assert_int_equal (worker->cancels.leases.count, 1);
    ledger_jobs_stop (rig.ctx.ledger, job);
    assert_int_equal (worker->recalls.leases.spans [0].count, 1);
    assert_true (modules_rig_answer (&rig, worker, job, 0, 1, CADRE_OUTCOME_CANCELLED, 5));
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

static void test_a_lost_client_s_job_ends_with_its_last_lease (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 10);
    uint32_t index = s_lease (&rig, job, worker);
    uint64_t number = job->number;
    modules_rig_end_client (&rig, &client);
    ledger_settle (rig.ctx.ledger);
    assert_non_null (job_table_find (rig.ctx.jobs, number));
    assert_int_equal (worker->cancels.leases.count, 1);
    assert_true (ready_is_empty (rig.ctx.ready));
    assert_true (modules_rig_answer (&rig, worker, job, index, 1, CADRE_OUTCOME_CANCELLED, 5));
    ledger_settle (rig.ctx.ledger);
    assert_null (job_table_find (rig.ctx.jobs, number));
    modules_rig_end (&rig);
}

static void test_failed_tasks_of_a_detached_job_run_again (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = modules_rig_job (&rig, client, &(wire_job_open_t){.detached = true}, 2);
    uint32_t first = s_lease (&rig, job, worker), second = s_lease (&rig, job, worker);
    assert_true (modules_rig_answer (&rig, worker, job, first, 1, CADRE_OUTCOME_OK, 5));
    assert_true (modules_rig_answer (&rig, worker, job, second, 2, CADRE_OUTCOME_ERROR, 5));
    ledger_settle (rig.ctx.ledger);
    assert_string_equal (job_state_name (job), "done");
    assert_int_equal (ledger_jobs_retry (rig.ctx.ledger, job, UINT32_MAX), 1);
    assert_int_equal (ledger_jobs_retry (rig.ctx.ledger, job, UINT32_MAX), 0);
    assert_string_equal (job_state_name (job), "active");
    assert_int_equal (s_lease (&rig, job, worker), second);
    assert_true (modules_rig_answer (&rig, worker, job, second, 3, CADRE_OUTCOME_OK, 5));
    assert_int_equal (job->done, 2);
    assert_int_equal (job->failed, 0);
    ledger_jobs_forget (rig.ctx.ledger, job);
    assert_int_equal (rig.ctx.job_bytes, 0);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

static void test_old_leases_are_dropped_from_the_list (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 5000);
    for (uint64_t serial = 1; serial <= 4999; serial++) {
        uint32_t index = s_lease (&rig, job, worker);
        if (serial != 17)
            assert_true (
                modules_rig_answer (&rig, worker, job, index, serial, CADRE_OUTCOME_OK, 5));
        ledger_leases_compact (rig.ctx.ledger, worker);
    }
    assert_true (worker->leases_count <= 1024);
    assert_int_equal (worker->leases [0].serial, 17);
    assert_int_equal (worker->leased, 1);
    modules_rig_end_client (&rig, &client);
    modules_rig_answer (&rig, worker, job, 16, 17, CADRE_OUTCOME_OK, 5);
    modules_rig_end (&rig);
}

//  ---- many tasks -----------------------------------------------------------

#define CROWD 200000u

//  Turns until nothing is left to do; how many that took, and the most tasks that ended in one.
static unsigned s_settle (modules_rig_t *rig, const job_t *job, uint32_t *most)
{
    unsigned turns = 0;
    *most = 0;
    do {
        uint32_t before = job ? job->failed : 0;
        rig->ctx.unfinished = false;
        ledger_settle (rig->ctx.ledger);
        uint32_t ended = job ? job->failed - before : 0;
        *most = ended > *most ? ended : *most;
        assert_in_range (++turns, 1, 100000);
    } while (rig->ctx.unfinished);
    return turns;
}

//  Tasks end so many a turn, and workers are told at once of what they have, wherever in the job
//  that is
static void test_a_large_job_is_cancelled_bit_by_bit (void **state)
{
    (void) state;
    modules_rig_t rig;
    uint32_t most;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = modules_rig_job (&rig, client, &(wire_job_open_t){.detached = true}, CROWD);
    job->next = CROWD - 2;
    uint32_t one = s_lease (&rig, job, worker), other = s_lease (&rig, job, worker);
    assert_int_equal (ledger_jobs_cancel_all (rig.ctx.ledger, job), CROWD);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal (ledger_jobs_cancel_all (rig.ctx.ledger, job), 0); //  Twice is free
    assert_in_range (s_settle (&rig, job, &most), CROWD / 1024, CROWD / 128);
    assert_in_range (most, 1, 1024);
    assert_int_equal (job->failed, CROWD - 2);
    assert_int_equal (job->tasks [one].state, TASK_CANCELLING);
    assert_int_equal (job->tasks [other].state, TASK_CANCELLING);
    assert_int_equal (job->cancelling, 2);
    assert_true (modules_rig_answer (&rig, worker, job, one, 1, CADRE_OUTCOME_CANCELLED, 5));
    assert_true (modules_rig_answer (&rig, worker, job, other, 2, CADRE_OUTCOME_CANCELLED, 5));
    assert_int_equal (job->cancelling, 0);
    s_settle (&rig, job, &most);
    assert_true (job->ended);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

//  What waits for its client to read does not keep the loop awake
static void test_a_blocked_job_does_not_turn_the_loop (void **state)
{
    (void) state;
    modules_rig_t rig;
    uint32_t most;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    job_t *job = modules_rig_job (&rig, client, &(wire_job_open_t){0}, CROWD * 10);
    ledger_jobs_cancel_all (rig.ctx.ledger, job);
    s_settle (&rig, job, &most);
    assert_in_range (job->failed, 1000, CROWD * 10 - 1);
    assert_false (rig.ctx.unfinished);
    assert_true (ledger_settle_goes_on (rig.ctx.ledger));
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

//  The tasks of a client that is lost, and what a job of millions took up
static void test_memory_goes_in_turns (void **state)
{
    (void) state;
    modules_rig_t rig;
    uint32_t most;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = modules_rig_job (&rig, client, &(wire_job_open_t){0}, CROWD * 10);
    job->next = CROWD * 10 - 1;
    uint32_t last = s_lease (&rig, job, worker);
    ledger_jobs_abandon (rig.ctx.ledger, client);
    s_settle (&rig, NULL, &most);
    assert_int_equal (job->tasks [last].state, TASK_CANCELLING);
    assert_true (modules_rig_answer (&rig, worker, job, last, 1, CADRE_OUTCOME_CANCELLED, 5));
    assert_in_range (s_settle (&rig, NULL, &most), 5, 1000);
    assert_int_equal (rig.ctx.job_bytes, 0);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

//  A broker that drains ends when nobody waits any more, and when no detached job needs its memory;
//  an open job without tasks is nothing to wait for.
static void test_a_drain_waits_for_clients_that_wait (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig), *gone = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 4);
    const wire_job_open_t alone = {.detached = true};
    uint8_t uuid [WIRE_UUID_BYTES] = {0xee};
    wire_list_t one = {.values = {.data = (const uint8_t *) "\x90", .size = 1}, .count = 1};
    wire_job_open_t open = {.ref = 1000,
                            .kind = WIRE_KIND_CALL,
                            .function = wire_view ("square"),
                            .uuid = {.data = uuid, .size = sizeof uuid}};
    job_t *detached = modules_rig_job (&rig, client, &alone, 1);
    assert_true (ledger_is_awaited (rig.ctx.ledger));
    ledger_jobs_cancel_all (rig.ctx.ledger, detached);
    ledger_settle (rig.ctx.ledger);
    assert_false (ledger_is_awaited (rig.ctx.ledger));
    job_t *job = ledger_jobs_open (rig.ctx.ledger, client, &open);
    client_ref_add (client, open.ref, REF_JOB, job->number);
    assert_false (ledger_is_awaited (rig.ctx.ledger));
    committed_append (&rig.ctx, job, &one, NULL);
    assert_true (ledger_is_awaited (rig.ctx.ledger));
    uint32_t index = s_lease (&rig, job, worker);
    assert_true (modules_rig_answer (&rig, worker, job, index, 1, CADRE_OUTCOME_OK, 5));
    assert_false (ledger_is_awaited (rig.ctx.ledger));
    committed_seal (&rig.ctx, job); //  Its last state is still to be told
    assert_true (ledger_is_awaited (rig.ctx.ledger));
    ledger_settle (rig.ctx.ledger);
    assert_false (ledger_is_awaited (rig.ctx.ledger));
    s_lease (&rig, modules_rig_job (&rig, gone, &s_usual, 1), worker);
    assert_true (ledger_is_awaited (rig.ctx.ledger));
    modules_rig_end_client (&rig, &gone);
    assert_false (ledger_is_awaited (rig.ctx.ledger));
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_result_counts_once),
        cmocka_unit_test (test_a_job_ends_and_is_gone),
        cmocka_unit_test (test_failures_are_repeated_after_a_backoff),
        cmocka_unit_test (test_a_lost_worker_costs_a_try),
        cmocka_unit_test (test_returned_leases_cost_nothing),
        cmocka_unit_test (test_a_begun_try_keeps_its_number),
        cmocka_unit_test (test_what_comes_back_late_expires),
        cmocka_unit_test (test_once_is_once),
        cmocka_unit_test (test_what_a_worker_holds_is_kept),
        cmocka_unit_test (test_cancel_of_one_and_of_all),
        cmocka_unit_test (test_stop_spares_what_runs),
        cmocka_unit_test (test_cancel_after_stop),
        cmocka_unit_test (test_a_lost_client_s_job_ends_with_its_last_lease),
        cmocka_unit_test (test_failed_tasks_of_a_detached_job_run_again),
        cmocka_unit_test (test_old_leases_are_dropped_from_the_list),
        cmocka_unit_test (test_a_large_job_is_cancelled_bit_by_bit),
        cmocka_unit_test (test_a_blocked_job_does_not_turn_the_loop),
        cmocka_unit_test (test_memory_goes_in_turns),
        cmocka_unit_test (test_a_drain_waits_for_clients_that_wait),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
