//  journal_test.c - nothing of a durable job is told before it is on the disk, and a restart finds
//  it as it was

#include "broker/back/back.h"
#include "broker/back/dispatch.h"
#include "broker/ledger/deliver.h"
#include "common/pack.h"
#include "tests/lib/rigs/journal_rig.h"

static void test_tasks_run_when_they_are_on_the_disk (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    memory_disk_hold (rig.disk);
    job_t *job = journal_rig_job (&rig, 3);
    journal_rig_turn (&rig);
    assert_int_equal (job->total, 0);
    assert_int_equal (job->promised, 3);
    assert_false (job->sealed);
    memory_disk_let (rig.disk, SIZE_MAX);
    journal_rig_turn (&rig);
    assert_int_equal (job->total, 3);
    assert_int_equal (job->ready, 3);
    assert_true (job->sealed);
    journal_rig_end (&rig);
}

static void test_a_result_is_told_when_it_is_on_the_disk (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 1);
    job_t *job = journal_rig_job (&rig, 1);
    journal_rig_turn (&rig);
    uint32_t index = journal_rig_lease (&rig, job, worker);
    journal_rig_turn (&rig);
    memory_disk_hold (rig.disk);
    assert_true (modules_rig_answer (&rig.modules, worker, job, index, rig.modules.ctx.serial,
                                     CADRE_OUTCOME_OK, 5));
    journal_rig_turn (&rig);
    assert_int_equal (job->done, 1);
    assert_false (job_is_over (job));
    assert_int_equal (job->kept_at [0], 0);
    memory_disk_let (rig.disk, SIZE_MAX);
    journal_rig_turn (&rig);
    assert_true (job_is_over (job));
    assert_int_not_equal (job->kept_at [0], 0);
    journal_rig_end (&rig);
}

//  Acknowledgements of frames wait as well, and no longer than they must
static void test_frames_are_acknowledged_in_order (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    client_t *client = rig.client;
    HASH_ADD (hh, rig.modules.ctx.clients, session, sizeof client->session, client);
    memory_disk_hold (rig.disk);
    client->in.received = 5;
    journal_rig_job (&rig, 1);
    durable_answers_acknowledge_client (rig.modules.ctx.journal, client, 5);
    journal_rig_turn (&rig);
    client->in.received = 9;
    assert_int_equal (client_acknowledgeable (client), 4);
    journal_rig_job (&rig, 1);
    durable_answers_acknowledge_client (rig.modules.ctx.journal, client, 8);
    memory_disk_let (rig.disk, 1);
    journal_rig_turn (&rig);
    assert_int_equal (client_acknowledgeable (client), 5);
    assert_true (client->beat_due);
    memory_disk_let (rig.disk, SIZE_MAX);
    journal_rig_turn (&rig);
    assert_int_equal (client_acknowledgeable (client), 9);
    HASH_DELETE (hh, rig.modules.ctx.clients, client);
    journal_rig_end (&rig);
}

//  One result of that task, with the serial of the newest lease, as frame number sequence of the
//  worker's sink.
static void s_sink_result (journal_rig_t *self, back_t *back, const worker_record_t *worker,
                           const job_t *job, uint32_t index, uint64_t sequence)
{
    buffer_t nil = {0}, item = {0}, frame = {0};
    pack_nil (&nil);
    wire_pack_sink_result (&item, &(wire_sink_result_t){.job = job->number,
                                                        .index = index,
                                                        .serial = self->modules.ctx.serial,
                                                        .outcome = CADRE_OUTCOME_OK,
                                                        .value = wire_view_of (&nil),
                                                        .detail = wire_view_of (&nil)});
    wire_write_sink_results (&frame,
                             (wire_envelope_t){.session = worker->session, .sequence = sequence},
                             &(wire_sink_results_t){.results = wire_list_of (&item, 1)});
    sink_handle (back, frame.data, frame.size);
    buffer_free (&nil);
    buffer_free (&item);
    buffer_free (&frame);
}

//  A worker keeps its results until they are acknowledged: not before they are on the disk, and not
//  before an answer that is stale for a reason which is not on the disk
static void test_a_worker_keeps_results_until_they_are_on_the_disk (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    back_t *back = back_new (&rig.modules.ctx, NULL, NULL, NULL);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 1);
    job_t *job = journal_rig_job (&rig, 1);
    journal_rig_turn (&rig);
    uint32_t index = journal_rig_lease (&rig, job, worker);
    journal_rig_turn (&rig);
    memory_disk_hold (rig.disk);
    for (uint64_t sequence = 1; sequence <= 2; sequence++) {
        s_sink_result (&rig, back, worker, job, index, sequence);
        journal_rig_turn (&rig);
        assert_int_equal (worker->in.received, sequence);
        assert_int_equal (ack_hold_limit (&worker->hold, worker->in.received), 0);
    }
    assert_int_equal (job->done, 1);
    assert_int_equal (rig.modules.ctx.stale_results, 1);
    memory_disk_let (rig.disk, SIZE_MAX);
    journal_rig_turn (&rig);
    assert_int_equal (ack_hold_limit (&worker->hold, worker->in.received), 2);
    back_destroy (&back);
    journal_rig_end (&rig);
}

static void s_no_recall (void *owner, worker_record_t *worker, const spans_t *leases)
{
    (void) owner, (void) worker, (void) leases;
}

//  A lease that a crash took with it would be given once more: the worker hears of it when it
//  cannot be
static void test_a_task_that_runs_once_is_sent_when_its_lease_is_on_the_disk (void **state)
{
    (void) state;
    for (int once = 0; once < 2; once++) {
        journal_rig_t rig;
        journal_rig_start (&rig);
        worker_record_t *worker = modules_rig_worker (&rig.modules, 1);
        dispatch_t *dispatch = dispatch_new (&rig.modules.ctx, s_no_recall, NULL);
        job_t *job = journal_rig_job (&rig, 3);
        job->tries.again [CADRE_OUTCOME_WORKER_LOST] = once ? 0 : 2;
        journal_rig_turn (&rig);
        memory_disk_hold (rig.disk);
        dispatch_run (dispatch);
        assert_int_equal (worker->leased, 1);
        assert_int_equal (lane_is_held (worker->lane), once);
        journal_rig_turn (&rig);
        assert_int_equal (lane_is_held (worker->lane), once);
        worker->slots = 2;
        dispatch_run (dispatch);
        assert_int_equal (worker->leased,
                          once ? 1 : 2); //  One at a time, or it would be held for ever
        memory_disk_let (rig.disk, SIZE_MAX);
        journal_rig_turn (&rig);
        assert_false (lane_is_held (worker->lane));
        dispatch_run (dispatch);
        assert_int_equal (worker->leased, 2);
        dispatch_destroy (&dispatch);
        journal_rig_end (&rig);
    }
}

//  Whoever takes what goes down the worker's lane.
static void *s_take_lane (journal_rig_t *rig, worker_record_t *worker)
{
    char endpoint [ADDRESS_ENDPOINT_BYTES];
    void *socket = zmq_socket (rig->modules.ctx.zmq, ZMQ_PULL);
    address_lane_endpoint (&rig->modules.ctx.addresses [0], (uint32_t) lane_number (worker->lane),
                           endpoint, sizeof endpoint);
    assert_int_equal (zmq_connect (socket, endpoint), 0);
    return socket;
}

//  Tasks of others run meanwhile: those that were given before go at once, those that come later
//  are given ahead as if nobody waited for the slots.
static void test_others_do_not_wait_for_the_lease_of_a_task_that_runs_once (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 2);
    void *socket = s_take_lane (&rig, worker);
    dispatch_t *dispatch = dispatch_new (&rig.modules.ctx, s_no_recall, NULL);
    job_t *once = journal_rig_job (&rig, 3);
    once->tries.again [CADRE_OUTCOME_WORKER_LOST] = 0;
    journal_rig_turn (&rig);
    modules_rig_job (&rig.modules, rig.client, &(wire_job_open_t){.retries_lost = 1, .priority = 1},
                     1);
    memory_disk_hold (rig.disk);
    dispatch_run (dispatch);
    assert_int_equal (worker->leased, 2); //  One of each
    assert_true (lane_is_held (worker->lane));
    assert_int_equal (lane_sent (worker->lane), 3); //  HELLO, and the other job with its task
    job_t *other = modules_rig_job (&rig.modules, rig.client,
                                    &(wire_job_open_t){.retries_lost = 1, .priority = -1}, 1000);
    job_measure (other, 100);
    dispatch_run (dispatch);
    assert_int_equal (worker->leased, 2 + 40);
    memory_disk_let (rig.disk, SIZE_MAX);
    journal_rig_turn (&rig);
    dispatch_destroy (&dispatch);
    zmq_close (socket);
    journal_rig_end (&rig);
}

//  How far output has come survives a restart, and a compaction
static void test_output_is_known_after_a_restart (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 1);
    job_t *job = journal_rig_job (&rig, 1);
    journal_rig_turn (&rig);
    journal_rig_lease (&rig, job, worker);
    uint64_t serial = rig.modules.ctx.serial;
    result_log_set_mark (job->keep, 0, (result_log_mark_t){serial, 5});
    deliver_output (&rig.modules.ctx, job, 0, 1, WIRE_STREAM_STDOUT, wire_view ("hello"));
    journal_rig_turn (&rig);
    journal_rig_restart (&rig);
    result_log_mark_t mark = result_log_mark (journal_rig_only (&rig)->keep, 0);
    assert_int_equal (mark.serial, serial);
    assert_int_equal (mark.end_bytes, 5);
    assert_int_equal (result_log_mark (journal_rig_only (&rig)->keep, 1).serial, 0);
    journal_rig_end (&rig);
}

static void test_a_restart_finds_everything (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    uint8_t uuid [WIRE_UUID_BYTES];
    memcpy (uuid, worker->uuid, sizeof uuid);
    job_t *job = journal_rig_job (&rig, 6);
    uint64_t number = job->number, epoch = rig.modules.ctx.epoch;
    journal_rig_turn (&rig);
    uint32_t done = journal_rig_lease (&rig, job, worker),
             failed = journal_rig_lease (&rig, job, worker);
    assert_true (modules_rig_answer (&rig.modules, worker, job, done, rig.modules.ctx.serial - 1,
                                     CADRE_OUTCOME_OK, 5));
    assert_true (modules_rig_answer (&rig.modules, worker, job, failed, rig.modules.ctx.serial,
                                     CADRE_OUTCOME_EXIT, 5));
    uint32_t running = journal_rig_lease (&rig, job, worker);
    uint64_t serial = rig.modules.ctx.serial;
    journal_rig_turn (&rig);
    journal_rig_restart (&rig);
    job = journal_rig_only (&rig);
    assert_int_equal (job->number, number);
    assert_int_equal (rig.modules.ctx.epoch, epoch);
    assert_true (rig.modules.ctx.serial > serial);
    assert_true (job->sealed && job->durable && job->detached);
    assert_int_equal (job->total, 6);
    assert_int_equal (job->done, 1);
    assert_int_equal (job->tasks [done].state, TASK_DONE);
    assert_int_not_equal (job->kept_at [done], 0);
    assert_int_equal (job->tasks [failed].state, TASK_DELAYED);
    assert_in_range (job->tasks [failed].due_us - rig.modules.ctx.now_us, 30000000, 62500000);
    assert_int_equal (job->tasks [failed].failed, 1);
    worker = roster_by_uuid (rig.modules.ctx.roster, uuid);
    assert_non_null (worker);
    assert_int_equal (worker->state, WORKER_AWAY);
    assert_non_null (ledger_held (rig.modules.ctx.ledger, worker, job, running, serial));
    assert_int_equal (job->ready, 3);
    assert_int_equal (job->delayed, 1);
    journal_rig_end (&rig);
}

//  A holder that does not come back is lost like any other
static void test_a_lost_holder_costs_a_try (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    uint8_t uuid [WIRE_UUID_BYTES];
    memcpy (uuid, worker->uuid, sizeof uuid);
    job_t *job = journal_rig_job (&rig, 1);
    journal_rig_turn (&rig);
    journal_rig_lease (&rig, job, worker);
    journal_rig_turn (&rig);
    journal_rig_restart (&rig);
    job = journal_rig_only (&rig);
    ledger_leases_lose (rig.modules.ctx.ledger, roster_by_uuid (rig.modules.ctx.roster, uuid), NULL,
                        false);
    assert_int_equal (job->ready, 1);
    assert_int_equal (job->tasks [0].lost, 1);
    journal_rig_turn (&rig);
    journal_rig_restart (&rig);
    assert_int_equal (journal_rig_only (&rig)->tasks [0].lost, 1);
    assert_int_equal (journal_rig_only (&rig)->ready, 1);
    journal_rig_end (&rig);
}

//  What was not on the disk when the power failed is as if it had never been
static void test_power_loss (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    journal_rig_job (&rig, 2);
    journal_rig_turn (&rig);
    memory_disk_hold (rig.disk);
    journal_rig_job (&rig, 2);
    journal_rig_turn (&rig);
    memory_disk_lose (rig.disk);
    journal_rig_leave (&rig);
    memory_disk_let (rig.disk, SIZE_MAX);
    journal_rig_open (&rig);
    assert_int_equal (journal_rig_only (&rig)->total, 2);
    journal_rig_end (&rig);
}

static void test_cancel_retry_and_forget (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    job_t *job = journal_rig_job (&rig, 3);
    journal_rig_turn (&rig);
    assert_int_equal (ledger_jobs_cancel_all (rig.modules.ctx.ledger, job), 3);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    journal_rig_restart (&rig);
    job = journal_rig_only (&rig);
    assert_true (job_is_over (job) && job->cancelled);
    assert_int_equal (job->failed, 3);
    assert_int_equal (ledger_jobs_retry (rig.modules.ctx.ledger, job, 1), 1);
    journal_rig_turn (&rig);
    journal_rig_restart (&rig);
    job = journal_rig_only (&rig);
    assert_int_equal (job->ready, 1);
    assert_int_equal (job->failed, 2);
    ledger_jobs_cancel_all (rig.modules.ctx.ledger, job);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    ledger_jobs_forget (rig.modules.ctx.ledger, job);
    journal_rig_turn (&rig);
    journal_rig_restart (&rig);
    assert_int_equal (job_table_count (rig.modules.ctx.jobs), 0);
    journal_rig_end (&rig);
}

//  Some of the tasks, as a step of a retry of many has it: the log knows which
static void test_some_are_tried_again (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    job_t *job = journal_rig_job (&rig, 9);
    journal_rig_turn (&rig);
    ledger_jobs_cancel_all (rig.modules.ctx.ledger, job);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    assert_int_equal (ledger_jobs_retry_some (rig.modules.ctx.ledger, job, 2, 6), 4);
    journal_rig_turn (&rig);
    journal_rig_restart (&rig);
    job = journal_rig_only (&rig);
    for (uint32_t i = 0; i < 9; i++)
        assert_int_equal (job->tasks [i].state, i >= 2 && i < 6 ? TASK_READY : TASK_DONE);
    journal_rig_end (&rig);
}

//  Numbers of jobs go on, also for jobs that were never durable
static void test_numbers_are_not_used_again (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    for (int i = 0; i < 3; i++)
        modules_rig_job (&rig.modules, rig.client, &(wire_job_open_t){0}, 1);
    uint64_t last = job_table_last_number (rig.modules.ctx.jobs);
    journal_rig_turn (&rig);
    journal_rig_restart (&rig);
    assert_true (job_table_last_number (rig.modules.ctx.jobs) >= last);
    journal_rig_end (&rig);
}

static void test_a_failed_disk_ends_everything (void **state)
{
    (void) state;
    journal_rig_t rig;
    fault_t fault = {0};
    journal_rig_start (&rig);
    memory_disk_fail (rig.disk, 1);
    journal_rig_job (&rig, 1);
    persistence_flush (&rig.modules.ctx);
    assert_int_not_equal (persistence_turn (&rig.modules.ctx, &fault), CADRE_OK);
    assert_true (fault.text [0] != 0);
    journal_rig_leave (&rig);
    memory_disk_destroy (&rig.disk);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_tasks_run_when_they_are_on_the_disk),
        cmocka_unit_test (test_a_result_is_told_when_it_is_on_the_disk),
        cmocka_unit_test (test_frames_are_acknowledged_in_order),
        cmocka_unit_test (test_a_worker_keeps_results_until_they_are_on_the_disk),
        cmocka_unit_test (test_a_task_that_runs_once_is_sent_when_its_lease_is_on_the_disk),
        cmocka_unit_test (test_others_do_not_wait_for_the_lease_of_a_task_that_runs_once),
        cmocka_unit_test (test_output_is_known_after_a_restart),
        cmocka_unit_test (test_a_restart_finds_everything),
        cmocka_unit_test (test_a_lost_holder_costs_a_try),
        cmocka_unit_test (test_power_loss),
        cmocka_unit_test (test_cancel_retry_and_forget),
        cmocka_unit_test (test_some_are_tried_again),
        cmocka_unit_test (test_numbers_are_not_used_again),
        cmocka_unit_test (test_a_failed_disk_ends_everything),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
