//  expiry_test.c - tasks that may not wait for ever end when their time is over, not before and not
//  later

#include "broker/back/dispatch.h"
#include "broker/jobs/expiry.h"
#include "common/pack.h"
#include "tests/lib/rigs/modules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS INT64_C (1000)

typedef struct scene {
    modules_rig_t rig;    // broker's modules
    client_t *client;     // owner of the job
    job_t *job;           // its tasks expire after half a second
    dispatch_t *dispatch; // gives them out
} scene_t;

static void s_recall (void *owner, worker_record_t *worker, const spans_t *leases)
{
    (void) owner;
    (void) worker;
    (void) leases;
}

static void s_begin (scene_t *self, uint32_t tasks)
{
    modules_rig_start (&self->rig);
    self->client = modules_rig_client (&self->rig);
    self->job =
        modules_rig_job (&self->rig, self->client, &(wire_job_open_t){.expire_ms = 500}, tasks);
    self->dispatch = dispatch_new (&self->rig.ctx, s_recall, NULL);
}

static void s_end (scene_t *self)
{
    dispatch_destroy (&self->dispatch);
    modules_rig_end_client (&self->rig, &self->client);
    modules_rig_end (&self->rig);
}

static void s_add (scene_t *self, uint32_t tasks)
{
    buffer_t list = {0};
    for (uint32_t i = 0; i < tasks; i++)
        pack_array (&list, 0);
    wire_list_t payloads = wire_list_of (&list, tasks);
    committed_append (&self->rig.ctx, self->job, &payloads, NULL);
    buffer_free (&list);
}

static void s_pass_us (scene_t *self, int64_t us)
{
    self->rig.ctx.now_us += us;
    timers_run (self->rig.ctx.timers, self->rig.ctx.now_us);
}

static void test_each_at_its_moment (void **state)
{
    (void) state;
    scene_t scene;
    s_begin (&scene, 2);
    s_pass_us (&scene, 120 * MS);
    s_add (&scene, 3);
    s_pass_us (&scene, 380 * MS - 1);
    assert_int_equal (scene.job->failed, 0);
    s_pass_us (&scene, 1);
    assert_int_equal (scene.job->failed, 2);
    s_pass_us (&scene, 120 * MS - 1);
    assert_int_equal (scene.job->failed, 2);
    s_pass_us (&scene, 1);
    assert_int_equal (scene.job->failed, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal (scene.job->tasks [i].outcome, CADRE_OUTCOME_EXPIRED);
        assert_int_equal (scene.job->tasks [i].attempt, 0);
    }
    s_end (&scene);
}

//  The turn in which they are due may be late: what is due is not given out in it.
static void test_not_given_when_due (void **state)
{
    (void) state;
    scene_t scene;
    s_begin (&scene, 2);
    s_pass_us (&scene, 499 * MS);
    s_add (&scene, 1);
    worker_record_t *worker = modules_rig_worker (&scene.rig, 8);
    scene.rig.ctx.now_us += 1 * MS; //  No timer runs
    dispatch_run (scene.dispatch);
    assert_int_equal (scene.job->failed, 2);
    assert_int_equal (worker->leased, 1);
    s_end (&scene);
}

static void test_what_is_left_goes_along (void **state)
{
    (void) state;
    scene_t scene;
    s_begin (&scene, 1);
    s_pass_us (&scene, 200 * MS);
    s_add (&scene, 1);
    s_pass_us (&scene, 100 * MS);
    assert_int_equal (expiry_left_us (&scene.rig.ctx, scene.job, 0), 200 * MS);
    assert_int_equal (expiry_left_us (&scene.rig.ctx, scene.job, 1), 400 * MS);
    worker_record_t *worker = modules_rig_worker (&scene.rig, 1);
    dispatch_run (scene.dispatch);
    assert_int_equal (worker->leased, 1);
    assert_int_equal (modules_rig_answer (&scene.rig, worker, scene.job, 0, scene.rig.ctx.serial,
                                          CADRE_OUTCOME_WORKER_LOST, 0),
                      true);
    assert_int_equal (expiry_left_us (&scene.rig.ctx, scene.job, 0),
                      0); //  It was tried: that does not expire
    s_end (&scene);
}

//  A long wait has few arrivals, however the tasks came.
static void test_arrivals_are_few (void **state)
{
    (void) state;
    scene_t scene;
    s_begin (&scene, 0);
    for (int i = 0; i < 4000; i++) {
        s_add (&scene, 1);
        scene.rig.ctx.now_us += MS / 8;
    }
    assert_in_range (scene.job->arrivals_count, 400, 520);
    s_end (&scene);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_each_at_its_moment),
        cmocka_unit_test (test_not_given_when_due),
        cmocka_unit_test (test_what_is_left_goes_along),
        cmocka_unit_test (test_arrivals_are_few),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
