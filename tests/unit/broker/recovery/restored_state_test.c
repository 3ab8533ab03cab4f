//  restored_state_test.c - what a broker knows of a job it knows after a restart, from the log and
//  from a copy of it

#include "broker/front/front_jobs.h"
#include "broker/front/front_session.h"
#include "broker/front/requests.h"
#include "broker/ledger/deliver.h"
#include "common/clock.h"
#include "common/pack.h"
#include "tests/lib/rigs/journal_rig.h"

static void s_compact (journal_rig_t *rig)
{
    compact_run (rig->modules.ctx.compact);
    journal_rig_turn (rig);
    journal_rig_turn (rig);
}

static void s_fail (journal_rig_t *rig, job_t *job, worker_record_t *worker)
{
    uint32_t index = journal_rig_lease (rig, job, worker);
    assert_true (modules_rig_answer (&rig->modules, worker, job, index, rig->modules.ctx.serial,
                                     CADRE_OUTCOME_ERROR, 5));
}

//  It is kept for seven days from its end, and not from the last restart
static void test_when_it_ended (void **state)
{
    (void) state;
    for (int copied = 0; copied < 2; copied++) {
        journal_rig_t rig;
        journal_rig_start (&rig);
        worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
        job_t *job = journal_rig_job_with (&rig, 1, 0);
        journal_rig_turn (&rig);
        s_fail (&rig, job, worker);
        journal_rig_turn (&rig);
        journal_rig_turn (&rig);
        assert_int_equal (ledger_jobs_retry (rig.modules.ctx.ledger, job, 0), 1);
        assert_int_equal (job->ended_us, 0);
        journal_rig_answer_all (&rig, job, worker, 1);
        journal_rig_turn (&rig);
        journal_rig_turn (&rig);
        int64_t ended_us = job->ended_us;
        assert_true (ended_us > 0);
        if (copied)
            s_compact (&rig);
        journal_rig_restart (&rig);
        journal_rig_turn (&rig);
        job = journal_rig_only (&rig);
        assert_true (job->ended);
        assert_int_equal (job->ended_us, ended_us);
        journal_rig_end (&rig);
    }
}

//  Clients know results by task and attempt: one is never given twice
static void test_attempts_go_on (void **state)
{
    (void) state;
    for (int copied = 0; copied < 2; copied++) {
        journal_rig_t rig;
        journal_rig_start (&rig);
        worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
        job_t *job = journal_rig_job_with (&rig, 1, 0);
        journal_rig_turn (&rig);
        s_fail (&rig, job, worker);
        journal_rig_turn (&rig);
        journal_rig_turn (&rig);
        assert_int_equal (job->tasks [0].attempt, 1);
        if (copied)
            s_compact (&rig);
        journal_rig_restart (&rig);
        journal_rig_turn (&rig);
        job = journal_rig_only (&rig);
        assert_int_equal (job->tasks [0].attempt, 1);
        journal_rig_end (&rig);
    }
}

//  A task that was to end while it ran is told so again, and does not run again if its worker is
//  lost
static void test_what_is_cancelled_stays_cancelled (void **state)
{
    (void) state;
    for (int kind = 0; kind < 4; kind++) {
        journal_rig_t rig;
        journal_rig_start (&rig);
        worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
        uint8_t uuid [WIRE_UUID_BYTES];
        memcpy (uuid, worker->uuid, sizeof uuid);
        job_t *job = journal_rig_job (&rig, 2);
        journal_rig_turn (&rig);
        uint32_t index = journal_rig_lease (&rig, job, worker);
        if (kind % 2)
            assert_int_equal (ledger_jobs_cancel_all (rig.modules.ctx.ledger, job), 2);
        else
            assert_int_equal (ledger_jobs_cancel (rig.modules.ctx.ledger, job, index), 1);
        journal_rig_turn (&rig);
        journal_rig_turn (&rig);
        if (kind / 2)
            s_compact (&rig);
        journal_rig_restart (&rig);
        journal_rig_turn (&rig);
        journal_rig_turn (&rig);
        job = journal_rig_only (&rig);
        assert_int_equal (job->tasks [index].state, TASK_CANCELLING);
        worker = roster_by_uuid (rig.modules.ctx.roster, uuid);
        ledger_leases_lose (rig.modules.ctx.ledger, worker, NULL, false);
        assert_int_equal (job->tasks [index].state, TASK_DONE);
        assert_int_equal (job->tasks [index].outcome, CADRE_OUTCOME_CANCELLED);
        journal_rig_turn (&rig);
        journal_rig_restart (&rig); //  Its end is read after the order
        job = journal_rig_only (&rig);
        assert_int_equal (job->tasks [index].outcome, CADRE_OUTCOME_CANCELLED);
        assert_int_equal (job->failed, kind % 2 ? 2 : 1);
        journal_rig_end (&rig);
    }
}

//  What tasks that have ended well needed is not copied, and not counted as if it were
static void test_what_is_still_needed (void **state)
{
    (void) state;
    journal_rig_t rig;
    store_usage_t before, after;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    job_t *job = journal_rig_job (&rig, 1000);
    journal_rig_turn (&rig);
    journal_rig_answer_all (&rig, job, worker, 900);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    journal_usage (rig.modules.ctx.journal, &before);
    uint64_t logged = job->logged_bytes;
    journal_rig_restart (&rig);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    journal_usage (rig.modules.ctx.journal, &after);
    assert_int_equal (journal_rig_only (&rig)->logged_bytes, logged);
    assert_int_equal (after.live_bytes, before.live_bytes);
    journal_rig_end (&rig);
}

#define LARGE_BYTES 3000000u

//  A task whose payload came in parts
static void s_submit_large (journal_rig_t *rig, job_t *job)
{
    buffer_t payload = {0}, list = {0};
    memset (buffer_reserve (&payload, LARGE_BYTES), 7, LARGE_BYTES);
    payload.size = LARGE_BYTES;
    payloads_put_large (job->stock, job->promised, &payload);
    wire_pack_parts (&list, 1);
    wire_list_t payloads = wire_list_of (&list, 1);
    ledger_jobs_submit (rig->modules.ctx.ledger, job, &payloads);
    buffer_free (&list);
}

static void test_large_payloads_that_are_still_needed (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    job_t *job = journal_rig_job (&rig, 0);
    s_submit_large (&rig, job);
    s_submit_large (&rig, job);
    journal_rig_turn (&rig);
    assert_in_range (job->logged_bytes, 2 * LARGE_BYTES, 2 * LARGE_BYTES + 1000);
    journal_rig_answer_all (&rig, job, worker, 1);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    assert_in_range (job->logged_bytes, LARGE_BYTES, LARGE_BYTES + 1000);
    journal_rig_restart (&rig);
    assert_in_range (journal_rig_only (&rig)->logged_bytes, LARGE_BYTES, LARGE_BYTES + 1000);
    journal_rig_end (&rig);
}

//  A part of a map fails and has a value nevertheless, a large one
static void s_fail_large (journal_rig_t *rig, job_t *job, worker_record_t *worker)
{
    buffer_t tail = {0}, large = {0};
    uint32_t index = journal_rig_lease (rig, job, worker);
    wire_sink_result_t result = {.job = job->number,
                                 .index = index,
                                 .serial = rig->modules.ctx.serial,
                                 .outcome = CADRE_OUTCOME_ERROR};
    pack_uint (&tail, CADRE_OUTCOME_ERROR);
    pack_int (&tail, 0);
    pack_uint (&tail, 5);
    wire_pack_parts (&tail, 1);
    pack_nil (&tail);
    memset (buffer_reserve (&large, LARGE_BYTES), 7, LARGE_BYTES);
    large.size = LARGE_BYTES;
    assert_true (
        ledger_result (rig->modules.ctx.ledger, worker, &result, wire_view_of (&tail), &large));
    buffer_free (&tail);
}

//  Of a result that a retry replaces nothing is left: not while the new one is on its way to the
//  disk, and not its large value
static void test_a_retry_replaces_a_result (void **state)
{
    (void) state;
    for (int restarted = 0; restarted < 2; restarted++) {
        journal_rig_t rig;
        journal_rig_start (&rig);
        worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
        job_t *job = journal_rig_job_with (&rig, 1, 0);
        journal_rig_turn (&rig);
        s_fail_large (&rig, job, worker);
        journal_rig_turn (&rig);
        journal_rig_turn (&rig);
        assert_int_equal (result_log_large (job->keep, 0).size, LARGE_BYTES);
        assert_int_equal (ledger_jobs_retry (rig.modules.ctx.ledger, job, UINT32_MAX), 1);
        journal_rig_turn (&rig);
        memory_disk_hold (rig.disk);
        journal_rig_answer_all (&rig, job, worker, 1);
        journal_rig_turn (&rig);
        assert_int_equal (job->tasks [0].state, TASK_DONE);
        assert_int_equal (job->kept_at [0], 0);
        memory_disk_let (rig.disk, SIZE_MAX);
        journal_rig_turn (&rig);
        if (restarted)
            journal_rig_restart (&rig);
        job = journal_rig_only (&rig);
        assert_int_not_equal (job->kept_at [0], 0);
        assert_int_equal (result_log_large (job->keep, 0).size, 0);
        journal_rig_end (&rig);
    }
}

//  The house's client has connected.
static front_t *s_let_in (journal_rig_t *rig)
{
    client_t *client = rig->client;
    client->route = 1;
    HASH_ADD (hh, rig->modules.ctx.clients, session, sizeof client->session, client);
    return front_new (&rig->modules.ctx, NULL, NULL);
}

static void s_let_out (journal_rig_t *rig, front_t **front_p)
{
    front_destroy (front_p);
    HASH_DELETE (hh, rig->modules.ctx.clients, rig->client);
}

static void s_order (journal_rig_t *rig, front_t *front, const char *what, const job_t *job)
{
    buffer_t arguments = {0}, frame = {0};
    pack_map (&arguments, 1);
    pack_text (&arguments, "job");
    pack_uint (&arguments, job->number);
    wire_envelope_t envelope;
    cursor_t body;
    wire_write_request (&frame, (wire_envelope_t){0},
                        &(wire_request_t){.id = 1,
                                          .what = wire_view (what),
                                          .arguments = wire_view_of (&arguments)});
    assert_int_equal (wire_open (frame.data, frame.size, &envelope, &body), CADRE_OK);
    assert_true (requests_take (front, rig->client, &body));
    buffer_free (&arguments);
    buffer_free (&frame);
}

//  Whoever cancels, retries or forgets a durable job hears of it when the order is on the disk
static void test_an_order_is_answered_when_it_is_on_the_disk (void **state)
{
    (void) state;
    static const char *const orders [] = {"job.cancel", "job.retry", "job.forget"};
    journal_rig_t rig;
    journal_rig_start (&rig);
    front_t *front = s_let_in (&rig);
    client_t *client = rig.client;
    job_t *job = journal_rig_job (&rig, 2);
    journal_rig_turn (&rig);
    s_order (&rig, front, "job.info", job); //  A question waits for nothing
    assert_non_null (stream_next (client->out));
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        memory_disk_hold (rig.disk);
        s_order (&rig, front, orders [i], job);
        journal_rig_turn (&rig);
        assert_null (stream_next (client->out));
        memory_disk_let (rig.disk, SIZE_MAX);
        journal_rig_turn (&rig);
        assert_non_null (stream_next (client->out));
        if (i == 1)
            ledger_jobs_cancel_all (rig.modules.ctx.ledger, job);
        journal_rig_turn (&rig);
        journal_rig_turn (&rig);
    }
    assert_int_equal (job_table_count (rig.modules.ctx.jobs), 0);
    s_let_out (&rig, &front);
    journal_rig_end (&rig);
}

static void s_open_frame (journal_rig_t *rig, front_t *front, uint64_t ref, const uint8_t *uuid,
                          const char *function)
{
    buffer_t packed = {0};
    wire_pack_job_open (&packed, &(wire_job_open_t){.ref = ref,
                                                    .uuid = {uuid, WIRE_UUID_BYTES},
                                                    .kind = WIRE_KIND_CALL,
                                                    .function = wire_view (function),
                                                    .durable = true});
    cursor_t body = cursor_of_view (wire_view_of (&packed));
    assert_true (front_jobs_open (front, rig->client, &body));
    buffer_free (&packed);
}

static void s_tasks_frame (journal_rig_t *rig, front_t *front, uint64_t ref, uint64_t first,
                           size_t count)
{
    buffer_t packed = {0}, list = {0};
    for (size_t i = 0; i < count; i++)
        pack_array (&list, 0);
    wire_pack_job_tasks (
        &packed,
        &(wire_job_tasks_t){.ref = ref, .first = first, .payloads = wire_list_of (&list, count)});
    cursor_t body = cursor_of_view (wire_view_of (&packed));
    assert_true (front_jobs_tasks (front, rig->client, &body));
    buffer_free (&packed);
    buffer_free (&list);
}

//  How often the client was told that its job is open, and that it is not
static void s_count_opened (client_t *client, unsigned counts [2])
{
    const buffer_t *frame;
    while ((frame = stream_next (client->out)) != NULL) {
        wire_envelope_t envelope;
        wire_job_opened_t opened;
        cursor_t body;
        assert_int_equal (wire_open (frame->data, frame->size, &envelope, &body), CADRE_OK);
        if (envelope.verb != WIRE_job_opened)
            continue;
        assert_true (wire_read_job_opened (&body, &opened));
        counts [opened.code != 0]++;
    }
}

static void s_seal_frame (journal_rig_t *rig, front_t *front, uint64_t ref, uint64_t count)
{
    buffer_t packed = {0};
    wire_pack_job_seal (&packed, &(wire_job_seal_t){.ref = ref, .count = count});
    cursor_t body = cursor_of_view (wire_view_of (&packed));
    assert_true (front_jobs_seal (front, rig->client, &body));
    buffer_free (&packed);
}

//  A job for which there is no room is not run, and may be submitted again under its name when
//  there is some
static void test_a_job_that_is_refused_leaves_its_name (void **state)
{
    (void) state;
    static const identity_t whole = {.uuid = {1}}, part = {.uuid = {2}};
    journal_rig_t rig = {.disk = memory_disk_new (), .quota = 4000};
    journal_rig_open (&rig);
    ledger_t *ledger = rig.modules.ctx.ledger;
    front_t *front = s_let_in (&rig);
    unsigned counts [2] = {0};
    s_open_frame (&rig, front, 1, part.uuid, "square");
    s_tasks_frame (&rig, front, 1, 0, 1);
    assert_non_null (job_table_find_identity (rig.modules.ctx.jobs, &part));
    s_tasks_frame (&rig, front, 1, 1, 1000);
    assert_null (job_table_find_identity (rig.modules.ctx.jobs, &part));
    assert_int_equal (ledger_jobs_forgotten (ledger, &part), 0);
    s_tasks_frame (&rig, front, 1, 1001, 5); //  They were on their way
    s_seal_frame (&rig, front, 1, 1006);
    while (journal_admit (rig.modules.ctx.journal, journal_rig_job (&rig, 0), 100, 0, &(fault_t){0})
           == CADRE_OK)
        journal_rig_turn (&rig);
    size_t jobs = job_table_count (rig.modules.ctx.jobs);
    s_open_frame (&rig, front, 2, whole.uuid, "square");
    assert_int_equal (job_table_count (rig.modules.ctx.jobs), jobs);
    assert_int_equal (ledger_jobs_forgotten (ledger, &whole), 0);
    journal_rig_turn (&rig);
    s_count_opened (rig.client, counts);
    assert_int_equal (counts [0], 0);
    assert_int_equal (counts [1], 2);
    s_let_out (&rig, &front);
    journal_rig_restart (&rig);
    ledger = rig.modules.ctx.ledger;
    assert_int_equal (job_table_count (rig.modules.ctx.jobs), jobs);
    assert_int_equal (ledger_jobs_forgotten (ledger, &part), 0);
    journal_rig_end (&rig);
}

//  Under a job's name nothing else can be submitted
static void test_a_name_is_of_one_function (void **state)
{
    (void) state;
    static const uint8_t uuid [WIRE_UUID_BYTES] = {1};
    static const char *const functions [] = {"square", "square", "cube"};
    journal_rig_t rig;
    journal_rig_start (&rig);
    front_t *front = s_let_in (&rig);
    unsigned counts [2] = {0};
    for (uint64_t i = 0; i < 3; i++)
        s_open_frame (&rig, front, i + 1, uuid, functions [i]);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    s_count_opened (rig.client, counts);
    assert_int_equal (counts [0], 2);
    assert_int_equal (counts [1], 1);
    s_let_out (&rig, &front);
    journal_rig_end (&rig);
}

//  A large job is cancelled as fast as the disk takes it, and not faster than memory bears
static void test_many_tasks_are_cancelled_bit_by_bit (void **state)
{
    (void) state;
    enum { MANY = 60000 };
    journal_rig_t rig;
    journal_rig_start (&rig);
    ledger_t *ledger = rig.modules.ctx.ledger;
    job_t *job = journal_rig_job (&rig, MANY);
    journal_rig_turn (&rig);
    memory_disk_hold (rig.disk);
    assert_int_equal (ledger_jobs_cancel_all (ledger, job), MANY);
    for (int i = 0; i < 200; i++)
        journal_rig_turn (&rig);
    assert_true (ledger_settle_goes_on (ledger));
    assert_in_range (rig.modules.ctx.results_bytes, CONTEXT_RESULTS_BYTES,
                     CONTEXT_RESULTS_BYTES + 1000);
    memory_disk_let (rig.disk, SIZE_MAX);
    journal_rig_turn (&rig);
    assert_in_range (job->failed, 1, MANY - 1);
    assert_int_equal (ledger_jobs_retry (ledger, job, 0), 1); //  Of that one alone
    for (int i = 0; i < 20; i++)
        journal_rig_turn (&rig);
    assert_int_equal (job->ready, 1);
    assert_int_equal (job->failed, MANY - 1);
    journal_rig_restart (&rig);
    assert_int_equal (journal_rig_only (&rig)->ready, 1);
    journal_rig_end (&rig);
}

//  Clients go on sharing the workers
static void test_shares (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    const char *const names [] = {"one", "one", "other"};
    for (int i = 0; i < 3; i++) {
        snprintf (rig.client->name, sizeof rig.client->name, "%s", names [i]);
        journal_rig_job (&rig, 1);
    }
    journal_rig_turn (&rig);
    journal_rig_restart (&rig);
    const job_t *jobs [3] = {NULL};
    for (const job_t *job = job_table_first (rig.modules.ctx.jobs); job; job = job->hh_number.next)
        jobs [job->number - 1] = job;
    assert_ptr_equal (jobs [0]->share, jobs [1]->share);
    assert_ptr_not_equal (jobs [0]->share, jobs [2]->share);
    journal_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_when_it_ended),
        cmocka_unit_test (test_attempts_go_on),
        cmocka_unit_test (test_what_is_cancelled_stays_cancelled),
        cmocka_unit_test (test_what_is_still_needed),
        cmocka_unit_test (test_large_payloads_that_are_still_needed),
        cmocka_unit_test (test_a_retry_replaces_a_result),
        cmocka_unit_test (test_an_order_is_answered_when_it_is_on_the_disk),
        cmocka_unit_test (test_a_job_that_is_refused_leaves_its_name),
        cmocka_unit_test (test_a_name_is_of_one_function),
        cmocka_unit_test (test_many_tasks_are_cancelled_bit_by_bit),
        cmocka_unit_test (test_shares),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
