//  explain_test.c - for each state of a task, why it is there, in a sentence that says what to do
//  or until when

#include "broker/back/dispatch.h"
#include "broker/diagnosis/explain.h"
#include "common/pack.h"
#include "tests/lib/rigs/modules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ALONE                                                                                      \
    "waits: no worker is connected to inproc://rig: start one with: cadre worker start --broker inproc://rig"

typedef struct rig {
    modules_rig_t base;      // the blackboard
    client_t *client;        // whose jobs they are
    worker_record_t *worker; // one slot
    dispatch_t *dispatch;    // of tasks
    job_t *job;              // of three tasks: the first one is at the worker
} rig_t;

static void s_recall (void *owner, worker_record_t *worker, const spans_t *leases)
{
    (void) owner, (void) worker, (void) leases;
}

static void s_begin (rig_t *self, const wire_job_open_t *options)
{
    modules_rig_start (&self->base);
    self->client = modules_rig_client (&self->base);
    self->dispatch = dispatch_new (&self->base.ctx, s_recall, NULL);
    self->worker = modules_rig_worker (&self->base, 1);
    self->job = modules_rig_job (&self->base, self->client, options, 3);
    dispatch_run (self->dispatch);
    assert_int_equal (self->job->leased, 1);
}

static void s_end (rig_t *self)
{
    modules_rig_end_client (&self->base, &self->client);
    dispatch_destroy (&self->dispatch);
    modules_rig_end (&self->base);
}

static void s_says (rig_t *self, job_t *job, uint32_t index, const char *text)
{
    char line [512];
    assert_string_equal (explain_task (&self->base.ctx, job, index, line, sizeof line), text);
}

static void s_answer (rig_t *self, uint32_t index, unsigned outcome)
{
    assert_true (modules_rig_answer (&self->base, self->worker, self->job, index,
                                     self->job->tasks [index].serial, outcome, 5));
}

static void test_at_a_worker (void **state)
{
    (void) state;
    rig_t rig;
    s_begin (&rig, &(wire_job_open_t){.retries_lost = 2});
    snprintf (rig.worker->host, sizeof rig.worker->host, "pine");
    rig.base.ctx.now_us += 7000000;
    s_says (&rig, rig.job, 0, "is at worker agent on pine for 7 s");
    rig.worker->state = WORKER_AWAY;
    rig.worker->heard_us = rig.base.ctx.now_us - 4000000;
    s_says (
        &rig, rig.job, 0,
        "waits for worker agent, which has it and is away: it runs elsewhere unless that comes back within 6 s");
    rig.job->tries.again [CADRE_OUTCOME_WORKER_LOST] = 0;
    s_says (
        &rig, rig.job, 0,
        "waits for worker agent, which has it and is away: it ends as worker-lost unless that comes back within 6 s");
    rig.worker->state = WORKER_READY;
    ledger_jobs_cancel (rig.base.ctx.ledger, rig.job, 0);
    s_says (&rig, rig.job, 0, "is at worker agent on pine for 7 s, which was told to cancel it");
    s_end (&rig);
}

static void test_it_could_run (void **state)
{
    (void) state;
    rig_t rig;
    s_begin (&rig, &(wire_job_open_t){0});
    s_says (&rig, rig.job, 2,
            "waits for a free slot: all 1 that fit are taken, and about 1 tasks go first");
    modules_rig_job (&rig.base, rig.client, &(wire_job_open_t){.priority = 5}, 10);
    s_says (&rig, rig.job, 2,
            "waits for a free slot: all 1 that fit are taken, and about 11 tasks go first");
    rig.job->limit = 1;
    s_says (&rig, rig.job, 2, "waits: 1 tasks of the job run, which is its limit");
    rig.client->stalled = true;
    s_says (&rig, rig.job, 2, "waits: its client has not read 0 MiB of results");
    s_end (&rig);
}

static void test_results_fill_the_memory (void **state)
{
    (void) state;
    rig_t rig;
    s_begin (&rig, &(wire_job_open_t){.detached = true});
    rig.base.ctx.full = true;
    s_says (
        &rig, rig.job, 2,
        "waits: results that were not forgotten fill the broker's memory: cadre job list, cadre job "
        "forget, or start it with a larger --memory or a --store");
    s_end (&rig);
}

//  There is a worker, but not for these.
static void test_nobody_can_run_it (void **state)
{
    (void) state;
    rig_t rig;
    buffer_t needs = {0};
    s_begin (&rig, &(wire_job_open_t){0});
    pack_text (&needs, "tpu");
    job_t *labelled = modules_rig_job (&rig.base, rig.client,
                                       &(wire_job_open_t){.needs = wire_list_of (&needs, 1)}, 1);
    job_t *command =
        modules_rig_job (&rig.base, rig.client, &(wire_job_open_t){.kind = WIRE_KIND_COMMAND}, 1);
    job_t *cube = modules_rig_job (&rig.base, rig.client,
                                   &(wire_job_open_t){.function = wire_view ("cube")}, 1);
    rig.worker->commands = false;
    roster_changed (rig.base.ctx.roster, rig.worker);
    s_says (
        &rig, labelled, 0,
        "waits: no worker has the label tpu and offers square: start one with: cadre worker start --label tpu");
    s_says (
        &rig, command, 0,
        "waits: no worker runs commands: start one with: cadre worker start (without --threads)");
    s_says (&rig, cube, 0,
            "waits: no worker offers 'cube' now: start one with the plugin that has it");
    rig.worker->state = WORKER_AWAY;
    roster_changed (rig.base.ctx.roster, rig.worker);
    s_says (&rig, cube, 0, ALONE);
    rig.worker->state = WORKER_READY; //  As it was
    buffer_free (&needs);
    s_end (&rig);
}

static void test_no_worker_is_there (void **state)
{
    (void) state;
    rig_t rig = {0};
    modules_rig_start (&rig.base);
    rig.client = modules_rig_client (&rig.base);
    s_says (&rig, modules_rig_job (&rig.base, rig.client, &(wire_job_open_t){0}, 1), 0, ALONE);
    modules_rig_end_client (&rig.base, &rig.client);
    modules_rig_end (&rig.base);
}

static void test_it_was_tried (void **state)
{
    (void) state;
    rig_t rig;
    s_begin (&rig, &(wire_job_open_t){.retries = 1, .backoff_ms = 20000});
    s_answer (&rig, 0, CADRE_OUTCOME_ERROR);
    int64_t due_us = rig.job->tasks [0].due_us;
    rig.base.ctx.now_us = due_us - 2500000;
    s_says (&rig, rig.job, 0,
            "backs off for another 3 s: 1 try has failed, 0 were lost with a worker");
    dispatch_run (rig.dispatch);
    s_answer (&rig, 1, CADRE_OUTCOME_OK);
    s_says (&rig, rig.job, 1, "ended: ok, after 1 try");
    rig.job->tasks [0].state = TASK_DONE;
    rig.job->tasks [0].attempt = 2;
    rig.job->tasks [0].outcome = CADRE_OUTCOME_TIMEOUT;
    s_says (&rig, rig.job, 0, "ended: timeout, after 2 tries");
    rig.job->tasks [0].outcome = CADRE_OUTCOME_QUARANTINED;
    rig.job->tasks [0].failed = 2;
    s_says (
        &rig, rig.job, 0,
        "quarantined: it has killed 3 slots, one after the other; try it again with: cadre job retry 1.0, "
        "or drop it with: cadre task drop 1.0");
    rig.job->tasks [0].state = TASK_DELAYED; //  As it was
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_at_a_worker),
        cmocka_unit_test (test_it_could_run),
        cmocka_unit_test (test_results_fill_the_memory),
        cmocka_unit_test (test_nobody_can_run_it),
        cmocka_unit_test (test_no_worker_is_there),
        cmocka_unit_test (test_it_was_tried),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
