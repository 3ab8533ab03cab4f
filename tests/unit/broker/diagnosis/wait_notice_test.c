//  wait_notice_test.c - who waits for 5 s is told what for, once for each cause, and not while
//  something moves

#include "broker/back/dispatch.h"
#include "broker/diagnosis/explain.h"
#include "broker/diagnosis/wait_notice.h"
#include "broker/peers/follower.h"
#include "tests/lib/rigs/modules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct rig {
    modules_rig_t base;      // the blackboard
    client_t *client;        // who waits
    client_t *other;         // whose job is in the way
    worker_record_t *worker; // one slot
    dispatch_t *dispatch;    // of tasks
    job_t *first, *second;   // the one that runs, and the one that waits
} rig_t;

static void s_recall (void *owner, worker_record_t *worker, const spans_t *leases)
{
    (void) owner;
    (void) worker;
    (void) leases;
}

//  One slot and two jobs: the first one has it.
static void s_begin (rig_t *self)
{
    modules_rig_start (&self->base);
    self->client = modules_rig_client (&self->base);
    self->other = modules_rig_client (&self->base);
    self->worker = modules_rig_worker (&self->base, 1);
    self->dispatch = dispatch_new (&self->base.ctx, s_recall, NULL);
    self->first = modules_rig_job (&self->base, self->other,
                                   &(wire_job_open_t){.retries = 1, .backoff_ms = 20000}, 1);
    dispatch_run (self->dispatch);
    self->second = modules_rig_job (&self->base, self->client, &(wire_job_open_t){.limit = 0}, 3);
    dispatch_run (self->dispatch);
    assert_int_equal (self->first->leased, 1);
    assert_int_equal (self->second->leased, 0);
}

static void s_end (rig_t *self)
{
    modules_rig_end_client (&self->base, &self->client);
    modules_rig_end_client (&self->base, &self->other);
    dispatch_destroy (&self->dispatch);
    modules_rig_end (&self->base);
}

//  So many bytes does that client get within the next milliseconds, looked at once a second.
static size_t s_told (rig_t *self, const client_t *client, job_t *job, int64_t ms)
{
    size_t before = client_backlog (client);
    for (int64_t left = ms; left > 0; left -= 1000) {
        self->base.ctx.now_us += (left < 1000 ? left : 1000) * 1000;
        wait_notice_look (&self->base.ctx, job);
    }
    return client_backlog (client) - before;
}

static void test_a_job_behind_another_is_told_once (void **state)
{
    (void) state;
    rig_t rig = {0};
    s_begin (&rig);
    assert_int_equal (s_told (&rig, rig.client, rig.second, 5000), 0);
    assert_true (s_told (&rig, rig.client, rig.second, 2000) > 0);
    assert_int_equal (s_told (&rig, rig.client, rig.second, 60000), 0);
    //  the other one's task runs: that it knows
    assert_int_equal (s_told (&rig, rig.other, rig.first, 60000), 0);
    s_end (&rig);
}

static void test_what_moves_is_not_told (void **state)
{
    (void) state;
    rig_t rig = {0};
    s_begin (&rig);
    assert_int_equal (s_told (&rig, rig.client, rig.second, 4000), 0);
    rig.second->failed++;
    assert_int_equal (s_told (&rig, rig.client, rig.second, 5000), 0);
    rig.second->failed--;
    assert_true (s_told (&rig, rig.client, rig.second, 7000) > 0);
    s_end (&rig);
}

static void test_each_cause_is_told (void **state)
{
    (void) state;
    rig_t rig = {0};
    s_begin (&rig);
    context_t *ctx = &rig.base.ctx;
    assert_true (modules_rig_answer (&rig.base, rig.worker, rig.first, 0, ctx->serial,
                                     CADRE_OUTCOME_ERROR, 1000));
    assert_int_equal (rig.first->delayed, 1);
    assert_true (s_told (&rig, rig.other, rig.first, 7000) > 0);
    dispatch_run (rig.dispatch);
    assert_int_equal (rig.second->leased, 1);
    assert_int_equal (s_told (&rig, rig.client, rig.second, 20000), 0);
    rig.worker->state = WORKER_AWAY;
    assert_true (s_told (&rig, rig.client, rig.second, 7000) > 0);
    rig.worker->state = WORKER_READY;
    s_end (&rig);
}

static void test_a_follower_hears_that_a_task_runs (void **state)
{
    (void) state;
    rig_t rig = {0};
    s_begin (&rig);
    client_t *reader = modules_rig_client (&rig.base);
    follower_t *follower = follower_new (
        reader, rig.first, &(wire_job_follow_t){.ref = 9, .results = true, .wait = true});
    assert_int_equal (s_told (&rig, reader, rig.first, 5000), 0);
    assert_true (s_told (&rig, reader, rig.first, 2000) > 0);
    assert_int_equal (s_told (&rig, reader, rig.first, 60000), 0);
    follower_destroy (&follower);
    follower = follower_new (reader, rig.first, &(wire_job_follow_t){.ref = 9, .results = true});
    assert_int_equal (s_told (&rig, reader, rig.first, 60000), 0);
    follower_destroy (&follower);
    modules_rig_end_client (&rig.base, &reader);
    s_end (&rig);
}

//  What is said of a task whose worker is away is what will happen
static void test_what_comes_of_a_task (void **state)
{
    (void) state;
    rig_t rig = {0};
    char text [256];
    s_begin (&rig);
    ledger_t *ledger = rig.base.ctx.ledger;
    rig.worker->state = WORKER_AWAY;
    explain_task (&rig.base.ctx, rig.first, 0, text, sizeof text);
    assert_non_null (strstr (text, "it ends as worker-lost unless"));
    rig.first->tries.again [CADRE_OUTCOME_WORKER_LOST] = 1;
    explain_task (&rig.base.ctx, rig.first, 0, text, sizeof text);
    assert_non_null (strstr (text, "it runs elsewhere unless"));
    ledger_jobs_cancel (ledger, rig.first, 0);
    explain_task (&rig.base.ctx, rig.first, 0, text, sizeof text);
    assert_non_null (strstr (text, "it ends as cancelled unless"));
    ledger_leases_lose (ledger, rig.worker, NULL, false);
    rig.worker->state = WORKER_READY; //  As it was
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_job_behind_another_is_told_once),
        cmocka_unit_test (test_what_moves_is_not_told),
        cmocka_unit_test (test_each_cause_is_told),
        cmocka_unit_test (test_a_follower_hears_that_a_task_runs),
        cmocka_unit_test (test_what_comes_of_a_task),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
