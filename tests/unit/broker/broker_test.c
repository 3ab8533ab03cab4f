//  broker_test.c - jobs of a broker in a thread, with a client and workers written by hand

#include "common/pack.h"
#include "tests/lib/rigs/broker_rig.h"

static void test_a_job_runs (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    wire_client_welcome_t welcome = s_client_open (&client, &rig);
    assert_false (welcome.resumed);
    assert_true (welcome.window_tasks >= 1000);
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 600);
    s_send_tasks (&client, 1, 600, 400);
    s_seal (&client, 1, 1000);
    assert_int_equal (s_serve (&worker, 1000), 1000);
    wire_job_state_t last = s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 1000);
    assert_int_equal (last.done, 1000);
    assert_int_equal (last.total, 1000);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

//  Two slots and no measured time: two tasks wait at the worker, not more.
static void test_no_look_ahead_before_measured (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint64_t index [16];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    s_submit (&client, 1, 10);
    wire_lane_tasks_t tasks = s_take (&worker, index, 16);
    assert_int_equal (tasks.tasks.count, 2);
    assert_false (s_receive (&worker, worker.lane, WIRE_lane_tasks, 100));
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

static void s_live_on (peer_t *self)
{
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = self->session},
                     &(wire_beat_t){.received = self->in});
    s_send (self->dealer, &frame);
}

//  Not before those who served the broker before have had the time to come back
static void test_unknown_function_names_the_nearest (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    char message [512] = "";
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    open.function = wire_view ("sqare");
    s_submit_job (&client, &open, 3);
    s_worker_open (&worker, &rig);
    worker.in = 1; //  LANE_HELLO
    for (int i = 0; i < 15; i++) {
        s_live_on (&client);
        s_live_on (&worker);
        zmq_poll (NULL, 0, 100);
    }
    s_live_on (&client);
    s_live_on (&worker);
    s_collect (&client, 1, outcomes, message);
    assert_int_equal (outcomes [CADRE_OUTCOME_ERROR], 3);
    assert_non_null (strstr (message, "no worker offers 'sqare'; nearest: square"));
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

static void test_a_lost_worker_s_tasks_run_elsewhere (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker, other;
    uint64_t index [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 300, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    s_submit (&client, 1, 2);
    s_take (&worker, index, 16);
    s_close (&worker);
    //  Nothing is heard of it any more; the client keeps its session by beats
    for (int i = 0; i < 8; i++) {
        buffer_t frame = {0};
        wire_write_beat (&frame, (wire_envelope_t){.session = client.session},
                         &(wire_beat_t){.received = client.in});
        s_send (client.dealer, &frame);
        assert_false (s_receive (&client, client.dealer, WIRE_results, 50));
    }
    s_worker_open (&other, &rig);
    assert_int_equal (s_serve (&other, 2), 2);
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 2);
    s_close (&client);
    s_close (&other);
    s_end (&rig);
}

static void test_held_leases_are_adopted (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint64_t index [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    s_submit (&client, 1, 2);
    wire_lane_tasks_t tasks = s_take (&worker, index, 16);
    assert_int_equal (tasks.tasks.count, 2);
    //  It says HELLO again and holds only the first of the two
    buffer_t held = {0};
    wire_pack_span (&held, &(wire_span_t){.first = tasks.serial, .count = 1});
    wire_list_t list = wire_list_of (&held, 1);
    wire_worker_welcome_t welcome = s_worker_join (&worker, &list);
    assert_int_equal (welcome.adopted.count, 1);
    s_answer (&worker, tasks.job, tasks.serial, index, 1, CADRE_OUTCOME_OK);
    //  The other one comes again, under a new lease; its old one is stale
    s_answer (&worker, tasks.job, tasks.serial + 1, index + 1, 1, CADRE_OUTCOME_ERROR);
    uint64_t again [16];
    wire_lane_tasks_t second = s_take (&worker, again, 16);
    assert_int_equal (second.tasks.count, 1);
    assert_int_equal (again [0], index [1]);
    assert_true (second.serial > tasks.serial + 1);
    s_answer (&worker, second.job, second.serial, again, 1, CADRE_OUTCOME_OK);
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 2);
    buffer_free (&held);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

static void test_a_failed_task_is_retried (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    uint64_t index [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 5000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    open.retries = 1;
    s_submit_job (&client, &open, 1);
    for (int i = 0; i < 2; i++) {
        wire_lane_tasks_t tasks = s_take (&worker, index, 16);
        s_answer (&worker, tasks.job, tasks.serial, index, 1, CADRE_OUTCOME_ERROR);
    }
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_ERROR], 1);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

static void test_cancel_ends_waiting_and_asks_running (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint64_t index [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    s_submit (&client, 7, 10);
    wire_lane_tasks_t tasks = s_take (&worker, index, 16);
    buffer_t frame = {0};
    wire_write_job_cancel (&frame, s_next (&client), &(wire_job_cancel_t){.ref = 7, .all = true});
    s_send (client.dealer, &frame);
    s_expect (&worker, worker.dealer, WIRE_cancel);
    wire_cancel_t cancel;
    assert_true (wire_read_cancel (&worker.body, &cancel));
    assert_int_equal (cancel.leases.count, 1);
    s_answer (&worker, tasks.job, tasks.serial, index, tasks.tasks.count, CADRE_OUTCOME_CANCELLED);
    s_collect (&client, 7, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_CANCELLED], 10);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

static void test_a_detached_job_is_followed (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker, other;
    uint8_t uuid [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    open.detached = true;
    s_submit_job (&client, &open, 4);
    s_expect (&client, client.dealer, WIRE_job_opened);
    wire_job_opened_t opened;
    assert_true (wire_read_job_opened (&client.body, &opened));
    uint64_t number = opened.number;
    s_close (&client);
    s_serve (&worker, 2);
    s_client_open (&other, &rig);
    buffer_t frame = {0};
    wire_job_follow_t follow = {.ref = 3, .number = number, .results = true, .wait = true};
    wire_write_job_follow (&frame, s_next (&other), &follow);
    s_send (other.dealer, &frame);
    s_serve (&worker, 2);
    s_collect (&other, 3, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 4);
    s_close (&other);
    s_close (&worker);
    s_end (&rig);
}

//  Who opened it is told how it goes, and gets no results.
static void test_the_opener_of_a_detached_job_hears_of_its_end (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 2000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    open.detached = true;
    s_submit_job (&client, &open, 4);
    s_serve (&worker, 4);
    wire_job_state_t last = s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (last.done, 4);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 0);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

//  The client says goodbye while a task runs; its job can be opened anew, under the same UUID,
//  before that task has ended. A task of 700 KiB goes through in parts, both ways.
static void test_large_payloads (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint8_t uuid [16];
    const size_t size = 700 * 1024;
    s_start (&rig, 5000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    buffer_t payload = {0}, frame = {0}, item = {0};
    uint8_t *bytes = calloc (1, size);
    pack_array (&payload, 1);
    pack_blob (&payload, bytes, size);
    for (size_t at = 0; at < payload.size; at += WIRE_PART_MAX) {
        size_t left = payload.size - at < WIRE_PART_MAX ? payload.size - at : WIRE_PART_MAX;
        wire_part_t part = {.payload = 9,
                            .total = payload.size,
                            .bytes = {.data = payload.data + at, .size = left}};
        wire_write_part (&frame, s_next (&client), &part);
        s_send (client.dealer, &frame);
    }
    wire_pack_parts (&item, 9);
    wire_job_tasks_t tasks = {.ref = 1, .first = 0, .payloads = wire_list_of (&item, 1)};
    wire_write_job_tasks (&frame, s_next (&client), &tasks);
    s_send (client.dealer, &frame);
    s_seal (&client, 1, 1);
    //  It arrives at the worker, in parts
    size_t got = 0;
    wire_part_t part;
    while (got < payload.size) {
        s_expect (&worker, worker.lane, WIRE_part);
        assert_true (wire_read_part (&worker.body, &part));
        assert_int_equal (part.total, payload.size);
        got += part.bytes.size;
    }
    uint64_t index [16];
    wire_lane_tasks_t given = s_take (&worker, index, 16);
    assert_int_equal (given.tasks.count, 1);
    //  The value goes back the same way, and before the last state
    for (size_t at = 0; at < payload.size; at += WIRE_PART_MAX) {
        size_t left = payload.size - at < WIRE_PART_MAX ? payload.size - at : WIRE_PART_MAX;
        part = (wire_part_t){.payload = 4,
                             .total = payload.size,
                             .bytes = {.data = payload.data + at, .size = left}};
        wire_write_part (&frame, s_next (&worker), &part);
        s_send (worker.sink, &frame);
    }
    buffer_clear (&item);
    wire_pack_parts (&item, 4);
    wire_sink_result_t result = {.job = given.job,
                                 .serial = given.serial,
                                 .outcome = CADRE_OUTCOME_OK,
                                 .run_us = 1,
                                 .value = wire_view_of (&item)};
    buffer_t list = {0};
    wire_pack_sink_result (&list, &result);
    wire_sink_results_t results = {.results = wire_list_of (&list, 1)};
    wire_write_sink_results (&frame, s_next (&worker), &results);
    s_send (worker.sink, &frame);
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    for (got = 0; got < payload.size; got += part.bytes.size) {
        s_expect (&client, client.dealer, WIRE_part);
        assert_true (wire_read_part (&client.body, &part));
    }
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 1);
    buffer_free (&payload);
    buffer_free (&item);
    buffer_free (&list);
    free (bytes);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_job_runs),
        cmocka_unit_test (test_no_look_ahead_before_measured),
        cmocka_unit_test (test_unknown_function_names_the_nearest),
        cmocka_unit_test (test_a_lost_worker_s_tasks_run_elsewhere),
        cmocka_unit_test (test_held_leases_are_adopted),
        cmocka_unit_test (test_a_failed_task_is_retried),
        cmocka_unit_test (test_cancel_ends_waiting_and_asks_running),
        cmocka_unit_test (test_a_detached_job_is_followed),
        cmocka_unit_test (test_the_opener_of_a_detached_job_hears_of_its_end),
        cmocka_unit_test (test_large_payloads),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
