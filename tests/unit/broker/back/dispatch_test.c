//  dispatch_test.c - where tasks go: spread, look-ahead, windows, limits, recall

#include "broker/back/dispatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/lib/rigs/modules_rig.h"

static const wire_job_open_t s_usual = {.retries_lost = 1};
static worker_record_t *s_recalled;
static uint64_t s_recalled_count;
static uint64_t s_recalled_last;

static void s_recall (void *owner, worker_record_t *worker, const spans_t *leases)
{
    (void) owner;
    s_recalled = worker;
    s_recalled_count = 0;
    for (size_t i = 0; i < leases->count; i++)
        s_recalled_count += leases->spans [i].count;
    s_recalled_last = leases->spans [0].first + leases->spans [0].count - 1;
}

static dispatch_t *s_start (modules_rig_t *rig)
{
    modules_rig_start (rig);
    s_recalled = NULL;
    return dispatch_new (&rig->ctx, s_recall, NULL);
}

static void s_end (modules_rig_t *rig, dispatch_t **dispatch, client_t **client)
{
    dispatch_destroy (dispatch);
    modules_rig_end_client (rig, client);
    modules_rig_end (rig);
}

static void test_look_ahead (void **state)
{
    (void) state;
    assert_int_equal (dispatch_look_ahead (4, 0, 0, 0), 0);
    assert_int_equal (dispatch_look_ahead (4, 1000, 0, 0), 4096);
    assert_int_equal (dispatch_look_ahead (4, 100000, 0, 0), 80);
    assert_int_equal (dispatch_look_ahead (4, 1000000, 0, 0), 8);
    assert_int_equal (dispatch_look_ahead (4, 10000000, 0, 0), 0);
    assert_int_equal (dispatch_look_ahead (65536, 1000, 0, 0), 65536 * 1024);
    //  What waits there counts, in tasks and in time
    assert_int_equal (dispatch_look_ahead (4, 1000, 4000, 4000000), 96);
    assert_int_equal (dispatch_look_ahead (4, 1000, 4096, 4096000), 0);
    assert_int_equal (dispatch_look_ahead (4, 100000, 10, 6000000), 20);
    assert_int_equal (dispatch_look_ahead (4, 100000, 10, 8000000), 0);
}

//  A worker that registers anew is told which of its leases go on, in one frame: in the worst case
//  each is a span of its own.
static void test_leases_of_a_worker_fit_into_a_frame (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 65536);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 99000);
    job->mean_us = 1;
    for (int i = 0; i < 100; i++)
        dispatch_run (dispatch);
    assert_in_range (worker->leased, 65536, 80000);
    spans_t adopted = {0};
    buffer_t frame = {0};
    for (size_t i = 0; i < worker->leased; i++)
        spans_add (&adopted, (UINT64_C (1) << 40) + i * 2);
    spans_pack (&adopted, &frame);
    assert_in_range (frame.size, 1, WIRE_FRAME_MAX - 1024);
    buffer_free (&frame);
    spans_free (&adopted);
    s_end (&rig, &dispatch, &client);
}

static void test_few_tasks_are_spread (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *a = modules_rig_worker (&rig, 4), *b = modules_rig_worker (&rig, 4);
    modules_rig_job (&rig, client, &s_usual, 4);
    dispatch_run (dispatch);
    assert_int_equal (a->leased, 2);
    assert_int_equal (b->leased, 2);
    s_end (&rig, &dispatch, &client);
}

static void test_nothing_ahead_before_it_is_measured (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *a = modules_rig_worker (&rig, 2), *b = modules_rig_worker (&rig, 4);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 1000);
    dispatch_run (dispatch);
    assert_int_equal (a->leased, 2);
    assert_int_equal (b->leased, 4);
    modules_rig_answer (&rig, a, job, a->leases [0].index, a->leases [0].serial, CADRE_OUTCOME_OK,
                        100);
    assert_int_equal (job->mean_us, 100);
    dispatch_run (dispatch);
    assert_int_equal (a->leased, 2 + 39); //  Their bytes count a little
    assert_int_equal (b->leased, 4 + 79);
    s_end (&rig, &dispatch, &client);
}

//  How long it runs is known from a task that failed, too; but not from one that took its slot with
//  it.
static void test_what_fails_is_measured (void **state)
{
    static const struct {
        uint32_t kind;    //  Of the job
        unsigned outcome; //  Of its first task
        uint32_t mean_us; //  Then
    } cases [] = {
        {WIRE_KIND_CALL, CADRE_OUTCOME_ERROR, 100},
        {WIRE_KIND_CALL, CADRE_OUTCOME_TIMEOUT, 100},
        {WIRE_KIND_CALL, CADRE_OUTCOME_EXIT, 0},
        {WIRE_KIND_CALL, CADRE_OUTCOME_SIGNAL, 0},
        {WIRE_KIND_COMMAND, CADRE_OUTCOME_EXIT, 100},
        {WIRE_KIND_COMMAND, CADRE_OUTCOME_SIGNAL, 100},
        {WIRE_KIND_COMMAND, CADRE_OUTCOME_CANCELLED, 0},
    };
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases [0]; i++) {
        modules_rig_t rig;
        dispatch_t *dispatch = s_start (&rig);
        client_t *client = modules_rig_client (&rig);
        worker_record_t *worker = modules_rig_worker (&rig, 2);
        job_t *job = modules_rig_job (&rig, client, &s_usual, 1000);
        dispatch_run (dispatch);
        job->kind = cases [i].kind;
        modules_rig_answer (&rig, worker, job, worker->leases [0].index, worker->leases [0].serial,
                            cases [i].outcome, 100);
        assert_int_equal (job->mean_us, cases [i].mean_us);
        dispatch_run (dispatch);
        assert_int_equal (worker->leased, cases [i].mean_us ? 2 + 39 : 2);
        s_end (&rig, &dispatch, &client);
    }
}

//  The worker answers leases of the job, oldest first, until it has so many left.
static void s_answer_all_but (modules_rig_t *rig, worker_record_t *worker, job_t *job,
                              uint32_t left, unsigned outcome)
{
    for (uint32_t i = 0; i < job->total && job->leased > left; i++)
        if (task_is_leased (&job->tasks [i]))
            assert_true (
                modules_rig_answer (rig, worker, job, i, job->tasks [i].serial, outcome, 4));
}

//  One client keeps the slots full with tries that fail; the calls of another one are each the next
//  to be sent, however many results come at once
static void test_a_call_goes_before_a_backlog (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *busy = modules_rig_client (&rig), *caller = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 2);
    job_t *backlog = modules_rig_job (&rig, busy, &(wire_job_open_t){.retries = 5}, 50000);
    backlog->mean_us = 4;
    dispatch_run (dispatch);
    for (uint32_t round = 0; round < 12; round++) {
        assert_in_range (backlog->leased, 100, 2000);
        job_t *call = modules_rig_job (&rig, caller, &s_usual, 1);
        for (uint32_t turn = 0; turn < round / 2; turn++)
            dispatch_run (dispatch);
        assert_int_equal (call->leased, 0);
        s_answer_all_but (&rig, worker, backlog, round % 2, CADRE_OUTCOME_ERROR);
        dispatch_run (dispatch);
        assert_int_equal (call->leased, 1);
        s_answer_all_but (&rig, worker, call, 0, CADRE_OUTCOME_OK);
        dispatch_run (dispatch);
    }
    modules_rig_end_client (&rig, &busy);
    s_end (&rig, &dispatch, &caller);
}

//  Others' results would come behind those of all that waits at the worker
static void test_bytes_are_work_too (void **state)
{
    static const struct {
        uint32_t mean_us;    //  Of the job's tasks
        uint32_t mean_bytes; //  …
        uint32_t leased;     //  By a worker with two slots
    } cases [] = {
        {1, 0, 1000}, {1, 10000, 2 + 39}, {1, 100000, 2 + 3}, {1, 10000000, 2 + 2}, {10000, 0, 2}};
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases [0]; i++) {
        modules_rig_t rig;
        dispatch_t *dispatch = s_start (&rig);
        client_t *client = modules_rig_client (&rig);
        worker_record_t *worker = modules_rig_worker (&rig, 2);
        job_t *job = modules_rig_job (&rig, client, &s_usual, 1000);
        job->mean_us = cases [i].mean_us;
        job->mean_bytes = cases [i].mean_bytes;
        dispatch_run (dispatch);
        assert_int_equal (worker->leased, cases [i].leased);
        s_end (&rig, &dispatch, &client);
    }
}

//  A try that is repeated costs more than it runs: the client has fewer of them at a worker
static void test_repeats_are_work_too (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 2);
    job_t *job = modules_rig_job (&rig, client, &(wire_job_open_t){.retries = 5}, 10000);
    uint32_t cost_ns = 0;
    for (int i = 0; i < 100; i++) {
        dispatch_run (dispatch);
        s_answer_all_but (&rig, worker, job, job->leased - 1, CADRE_OUTCOME_ERROR);
        cost_ns = job_cost_ns (job);
    }
    assert_in_range (cost_ns, 4000 + 3900, 4000 + 4400);
    for (int i = 0; i < 100; i++) {
        dispatch_run (dispatch);
        s_answer_all_but (&rig, worker, job, job->leased - 1, CADRE_OUTCOME_OK);
    }
    assert_in_range (job_cost_ns (job), 4000, 4000 + 300);
    s_end (&rig, &dispatch, &client);
}

//  Where it failed it is not tried again while another host has a free slot; where there is none,
//  it is
static void test_the_host_that_failed_is_avoided (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *workers [] = {modules_rig_worker (&rig, 1), modules_rig_worker (&rig, 4),
                                   modules_rig_worker (&rig, 1)};
    const char *hosts [] = {"one", "one", "two"};
    for (int i = 0; i < 3; i++)
        snprintf (workers [i]->host, sizeof workers [i]->host, "%s", hosts [i]);
    job_t *job = modules_rig_job (&rig, client, &(wire_job_open_t){.retries = 5}, 1);
    dispatch_run (dispatch);
    const char *before = NULL;
    for (int try = 0; try < 5; try++) {
        worker_record_t *holder = roster_at (rig.ctx.roster, job->tasks [0].worker);
        assert_true (task_is_leased (&job->tasks [0]));
        if (before)
            assert_string_not_equal (holder->host, before);
        before = holder->host;
        assert_true (modules_rig_answer (&rig, holder, job, 0, job->tasks [0].serial,
                                         CADRE_OUTCOME_ERROR, 5));
        ledger_settle_wake (rig.ctx.ledger, job, 0);
        dispatch_run (dispatch);
    }
    worker_record_t *holder = roster_at (rig.ctx.roster, job->tasks [0].worker);
    for (int i = 0; i < 3; i++)
        if (workers [i] != holder)
            workers [i]->state = WORKER_DRAINING;
    job->tries.again [CADRE_OUTCOME_ERROR] = 6;
    assert_true (
        modules_rig_answer (&rig, holder, job, 0, job->tasks [0].serial, CADRE_OUTCOME_ERROR, 5));
    ledger_settle_wake (rig.ctx.ledger, job, 0);
    dispatch_run (dispatch);
    assert_ptr_equal (roster_at (rig.ctx.roster, job->tasks [0].worker), holder);
    assert_true (task_is_leased (&job->tasks [0]));
    s_end (&rig, &dispatch, &client);
}

static void test_never_beyond_the_window (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 64);
    lane_t *lane = lane_new (&rig.ctx, ADDRESS_INPROC, "", 77, &rig.lane_next, NULL);
    lane_grant (lane, 5, 1u << 20);
    roster_begin_session (rig.ctx.roster, worker, &lane, 77);
    worker->state = WORKER_READY;
    modules_rig_job (&rig, client, &s_usual, 100);
    dispatch_run (dispatch);
    assert_int_equal (worker->leased, 5);
    dispatch_run (dispatch);
    assert_int_equal (worker->leased, 5);
    lane_grant (worker->lane, 9, 1u << 20);
    dispatch_run (dispatch);
    assert_int_equal (worker->leased, 9);
    s_end (&rig, &dispatch, &client);
}

static void test_a_limit_holds (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = modules_rig_job (&rig, client, &(wire_job_open_t){.limit = 3}, 100);
    dispatch_run (dispatch);
    assert_int_equal (worker->leased, 3);
    modules_rig_answer (&rig, worker, job, worker->leases [0].index, worker->leases [0].serial,
                        CADRE_OUTCOME_OK, 1);
    dispatch_run (dispatch);
    assert_int_equal (worker->leased, 3);
    s_end (&rig, &dispatch, &client);
}

static void test_a_stalled_client_s_tasks_wait (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    modules_rig_job (&rig, client, &s_usual, 4);
    client->stalled = true;
    ledger_jobs_stall (rig.ctx.ledger, client);
    dispatch_run (dispatch);
    assert_int_equal (worker->leased, 0);
    client->stalled = false;
    ledger_jobs_stall (rig.ctx.ledger, client);
    dispatch_run (dispatch);
    assert_int_equal (worker->leased, 4);
    s_end (&rig, &dispatch, &client);
}

static void test_labels_and_draining_decide_who_fits (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 8), *drained = modules_rig_worker (&rig, 8);
    drained->state = WORKER_DRAINING;
    buffer_t needs = {0};
    pack_text (&needs, "gpu");
    job_t *job =
        modules_rig_job (&rig, client, &(wire_job_open_t){.needs = wire_list_of (&needs, 1)}, 4);
    job_t *plain = modules_rig_job (&rig, client, &s_usual, 4);
    dispatch_run (dispatch);
    assert_int_equal (job->leased, 0);
    assert_int_equal (plain->leased, 4);
    assert_int_equal (worker->leased, 4);
    assert_false (roster_any_fits (rig.ctx.roster, job));
    buffer_free (&needs);
    s_end (&rig, &dispatch, &client);
}

//  One worker has everything, another one comes: the newest half of what waits is asked back, once.
static void test_what_waits_is_recalled_for_the_idle (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *busy = modules_rig_worker (&rig, 2);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 12);
    job->mean_us = 100;
    dispatch_run (dispatch);
    assert_int_equal (busy->leased, 12);
    worker_record_t *idle = modules_rig_worker (&rig, 2);
    busy->answered_us = rig.ctx.now_us;
    while (lane_has_unsent (busy->lane)) //  The lane counts as served: a peer takes what waits
    {
        void *pull = sockets_new (rig.ctx.zmq, ZMQ_PULL, NULL);
        char endpoint [ADDRESS_ENDPOINT_BYTES];
        address_lane_endpoint (&rig.ctx.addresses [0], (uint32_t) lane_number (busy->lane),
                               endpoint, sizeof endpoint);
        sockets_connect (pull, endpoint, NULL);
        assert_true (lane_flush (busy->lane));
        assert_false (lane_is_pending (busy->lane));
        sockets_destroy (&pull);
    }
    dispatch_run (dispatch);
    assert_null (s_recalled);
    rig.ctx.now_us += 5000;
    dispatch_run (dispatch);
    assert_ptr_equal (s_recalled, busy);
    assert_int_equal (s_recalled_count, 5);
    assert_int_equal (s_recalled_last, 12);
    s_recalled = NULL;
    dispatch_run (dispatch);
    assert_null (s_recalled);
    for (uint64_t serial = 8; serial <= 12; serial++)
        assert_true (ledger_leases_return (
            rig.ctx.ledger, busy,
            &(wire_lease_t){.job = job->number, .index = serial - 1, .serial = serial}));
    dispatch_run (dispatch);
    assert_true (idle->leased >= 2);
    s_end (&rig, &dispatch, &client);
}

//  ---- what waits costs nothing ----------------------------------------------

#define MANY 20000u

static void s_label (worker_record_t *worker, const char *label)
{
    worker->labels = realloc (worker->labels, (worker->labels_count + 1) * sizeof (char *));
    worker->labels [worker->labels_count++] = strdup (label);
}

static job_t *s_needy (modules_rig_t *rig, client_t *client, const char *label, int32_t priority)
{
    buffer_t needs = {0};
    pack_text (&needs, label);
    wire_job_open_t options = s_usual;
    options.detached = true;
    options.priority = priority;
    options.needs = wire_list_of (&needs, 1);
    job_t *job = modules_rig_job (rig, client, &options, 1);
    buffer_free (&needs);
    return job;
}

//  What one turn has to look at.
static uint64_t s_steps (modules_rig_t *rig, dispatch_t *dispatch)
{
    uint64_t before = ready_steps (rig->ctx.ready);
    dispatch_run (dispatch);
    return ready_steps (rig->ctx.ready) - before;
}

static void test_many_jobs_that_wait_cost_nothing (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 4);
    wire_job_open_t options = s_usual;
    options.detached = true;
    job_t *first = modules_rig_job (&rig, client, &options, 1);
    for (uint32_t i = 1; i < MANY; i++)
        modules_rig_job (&rig, client, &options, 1);
    assert_in_range (s_steps (&rig, dispatch), 1, 200);
    assert_int_equal (worker->leased, 4);
    assert_in_range (s_steps (&rig, dispatch), 0, 200);
    modules_rig_answer (&rig, worker, first, 0, first->tasks [0].serial, CADRE_OUTCOME_OK, 100);
    assert_in_range (s_steps (&rig, dispatch), 1, 200);
    assert_int_equal (worker->leased, 4);
    s_end (&rig, &dispatch, &client);
}

//  Thousands of jobs that ask for what nobody has, each for something else, are not looked at; the
//  one whose worker comes is
static void test_what_nobody_fits_is_set_aside (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    modules_rig_worker (&rig, 4);
    job_t *met = NULL;
    for (uint32_t i = 0; i < MANY; i++) {
        char label [32];
        snprintf (label, sizeof label, "label-%u", i);
        job_t *job = s_needy (&rig, client, label, 5);
        met = i == 15000 ? job : met;
    }
    assert_in_range (s_steps (&rig, dispatch), 0, 100);
    worker_record_t *second = modules_rig_worker (&rig, 4);
    s_label (second, "label-15000");
    roster_changed (rig.ctx.roster, second);
    for (unsigned turns = 0; met->leased == 0; turns++) {
        assert_in_range (turns, 0, 2 * MANY / 4096 + 2);
        assert_in_range (s_steps (&rig, dispatch), 1, 3 * 4096); //  So many a turn
    }
    for (rig.ctx.unfinished = true; rig.ctx.unfinished; dispatch_run (dispatch))
        rig.ctx.unfinished = false;
    assert_in_range (s_steps (&rig, dispatch), 0, 100);
    s_end (&rig, &dispatch, &client);
}

//  A thousand jobs wait for the one worker that fits them, ahead of all: they are passed over as
//  one, and the other worker is not idle
static void test_jobs_of_a_full_worker_are_passed_over_as_one (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *gpu = modules_rig_worker (&rig, 1), *plain = modules_rig_worker (&rig, 4);
    s_label (gpu, "gpu");
    roster_changed (rig.ctx.roster, gpu);
    for (uint32_t i = 0; i < 1000; i++)
        s_needy (&rig, client, "gpu", 5);
    wire_job_open_t options = s_usual;
    options.detached = true;
    for (uint32_t i = 0; i < 1000; i++)
        modules_rig_job (&rig, client, &options, 1);
    assert_in_range (s_steps (&rig, dispatch), 1, 300);
    assert_int_equal (gpu->leased, 1);
    assert_int_equal (plain->leased, 4);
    s_end (&rig, &dispatch, &client);
}

//  More sets of workers than there are benches: what fits is found all the same
static void test_more_sets_of_workers_than_benches (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *workers [BENCHES_MAX + 20];
    for (uint32_t i = 0; i < BENCHES_MAX + 20; i++) {
        char label [32];
        snprintf (label, sizeof label, "label-%u", i);
        workers [i] = modules_rig_worker (&rig, 1);
        s_label (workers [i], label);
        roster_changed (rig.ctx.roster, workers [i]);
        s_needy (&rig, client, label, 0);
        s_needy (&rig, client, label, 0);
    }
    dispatch_run (dispatch);
    for (uint32_t i = 0; i < BENCHES_MAX + 20; i++)
        assert_int_equal (workers [i]->leased, 1);
    s_end (&rig, &dispatch, &client);
}

//  A log that is read leases tasks of a job that waits among the ready: it is taken out when it is
//  looked at
static void test_a_job_whose_tasks_were_leased_elsewhere (void **state)
{
    (void) state;
    modules_rig_t rig;
    dispatch_t *dispatch = s_start (&rig);
    client_t *client = modules_rig_client (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 4);
    job_t *job = modules_rig_job (&rig, client, &s_usual, 1);
    ledger_lease (rig.ctx.ledger, job, 0, worker, ++rig.ctx.serial);
    dispatch_run (dispatch);
    assert_true (ready_is_empty (rig.ctx.ready));
    assert_int_equal (worker->leased, 1);
    s_end (&rig, &dispatch, &client);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_look_ahead),
        cmocka_unit_test (test_few_tasks_are_spread),
        cmocka_unit_test (test_nothing_ahead_before_it_is_measured),
        cmocka_unit_test (test_what_fails_is_measured),
        cmocka_unit_test (test_a_call_goes_before_a_backlog),
        cmocka_unit_test (test_bytes_are_work_too),
        cmocka_unit_test (test_repeats_are_work_too),
        cmocka_unit_test (test_the_host_that_failed_is_avoided),
        cmocka_unit_test (test_never_beyond_the_window),
        cmocka_unit_test (test_a_limit_holds),
        cmocka_unit_test (test_a_stalled_client_s_tasks_wait),
        cmocka_unit_test (test_leases_of_a_worker_fit_into_a_frame),
        cmocka_unit_test (test_labels_and_draining_decide_who_fits),
        cmocka_unit_test (test_what_waits_is_recalled_for_the_idle),
        cmocka_unit_test (test_a_job_whose_tasks_were_leased_elsewhere),
        cmocka_unit_test (test_many_jobs_that_wait_cost_nothing),
        cmocka_unit_test (test_what_nobody_fits_is_set_aside),
        cmocka_unit_test (test_jobs_of_a_full_worker_are_passed_over_as_one),
        cmocka_unit_test (test_more_sets_of_workers_than_benches),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
