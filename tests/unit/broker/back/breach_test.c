//  breach_test.c - workers that send malformed frames on the sink: who pays, who does not, and what
//  the broker tells them

#include "common/pack.h"
#include "tests/lib/rigs/broker_rig.h"

#define EXT9 "\xd4\x09\x01"

static const char *const s_bad_values [] = {
    EXT9,
    "\xd7\x02\x01\x01\x01\x01\x01\x01\x01\x01",
    "\xa1\xff",
    "\x81\xc3\x01",
    "\x91\xc7\x07\x01\x93\xa1k\xa1m\xa1t",
    "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01",
    "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01"};

static void s_send_value (peer_t *self, uint64_t job, uint64_t index, uint64_t serial,
                          const char *value)
{
    buffer_t frame = {0}, list = {0};
    wire_sink_result_t result = {.job = job,
                                 .index = index,
                                 .serial = serial,
                                 .outcome = CADRE_OUTCOME_OK,
                                 .value = wire_view (value)};
    wire_pack_sink_result (&list, &result);
    wire_write_sink_results (&frame, s_next (self),
                             &(wire_sink_results_t){.results = wire_list_of (&list, 1)});
    s_send (self->sink, &frame);
    buffer_free (&list);
}

//  The same, as a value that was too large for the result.
static void s_send_parts (peer_t *self, uint64_t job, uint64_t index, uint64_t serial,
                          const char *value)
{
    buffer_t frame = {0}, item = {0};
    wire_part_t part = {.payload = 7, .total = strlen (value), .bytes = wire_view (value)};
    wire_write_part (&frame, s_next (self), &part);
    s_send (self->sink, &frame);
    wire_pack_parts (&item, part.payload);
    pack_raw (&item, "", 1);
    s_send_value (self, job, index, serial, (const char *) item.data);
    buffer_free (&item);
}

//  The broker acknowledges what came before, and says what is wrong with which frame: the session
//  is over.
static void s_expect_refusal (peer_t *self, uint64_t frame, uint64_t serial)
{
    wire_beat_t beat = {0};
    wire_sink_refused_t refused;
    do { // earlier beats acknowledge less
        s_expect (self, self->dealer, 0);
        if (self->envelope.verb == WIRE_beat)
            assert_true (wire_read_beat (&self->body, &beat) && beat.received < frame);
    } while (self->envelope.verb != WIRE_sink_refused);
    assert_int_equal (beat.received, frame - 1);
    assert_true (wire_read_sink_refused (&self->body, &refused));
    assert_int_equal (refused.frame, frame);
    assert_int_equal (refused.serial, serial);
    assert_true (refused.message.size > 0);
}

static void s_rejoin (peer_t *self, uint64_t serial, uint64_t count)
{
    buffer_t spans = {0};
    wire_pack_span (&spans, &(wire_span_t){.first = serial, .count = count});
    wire_list_t held = wire_list_of (&spans, 1);
    s_worker_join (self, &held);
    buffer_free (&spans);
}

//  Two tasks at one worker: one of them is to blame for two sessions and quarantined, the other is
//  adopted twice and ends well.
static void test_the_second_session_quarantines (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_bad_values / sizeof *s_bad_values; i++) {
        rig_t rig;
        peer_t client, worker;
        uint8_t uuid [16];
        uint64_t index [16];
        char message [512] = "";
        size_t outcomes [CADRE_OUTCOMES_COUNT];
        s_start (&rig, 5000, false);
        s_worker_open (&worker, &rig);
        s_client_open (&client, &rig);
        wire_job_open_t open = s_job (1, uuid);
        open.retries = 10;
        open.retries_lost = 0; // the innocent one must not pay
        s_open_job (&client, &open);
        s_send_tasks (&client, 1, 0, 2);
        s_seal (&client, 1, 2);
        wire_lane_tasks_t tasks = s_take (&worker, index, 16);
        assert_int_equal (tasks.tasks.count, 2);
        s_send_value (&worker, tasks.job, index [0], tasks.serial, s_bad_values [i]);
        s_expect_refusal (&worker, 1, tasks.serial);
        s_rejoin (&worker, tasks.serial, 2);
        s_send_parts (&worker, tasks.job, index [0], tasks.serial, s_bad_values [i]);
        s_expect_refusal (&worker, 2, tasks.serial);
        s_rejoin (&worker, tasks.serial, 2);
        s_answer (&worker, tasks.job, tasks.serial + 1, index + 1, 1, CADRE_OUTCOME_OK);
        s_collect (&client, 1, outcomes, message);
        assert_int_equal (outcomes [CADRE_OUTCOME_QUARANTINED], 1);
        assert_int_equal (outcomes [CADRE_OUTCOME_OK], 1);
        if (!strstr (message, "ended 2 sessions of workers (the last of fake: "))
            fail_msg ("%s", message);
        s_close (&client);
        s_close (&worker);
        s_end (&rig);
    }
}

static void s_live_on (peer_t *self, uint64_t received)
{
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = self->session},
                     &(wire_beat_t){.received = received});
    s_send (self->dealer, &frame);
}

//  Takes a task or two when those that had them are lost; nobody else falls silent meanwhile.
static wire_lane_tasks_t s_await_tasks (peer_t *client, peer_t *worker, uint64_t *index)
{
    wire_lane_tasks_t tasks = {0};
    for (int i = 0; i < 100 && !s_receive (worker, worker->lane, WIRE_lane_tasks, 50); i++) {
        s_live_on (client, client->in);
        s_live_on (worker, 1);
    }
    assert_true (wire_read_lane_tasks (&worker->body, &tasks));
    cursor_t cursor = cursor_of_view (tasks.tasks.values);
    for (size_t i = 0; i < tasks.tasks.count; i++) {
        wire_lane_task_t task;
        assert_true (wire_read_lane_task (&cursor, &task) && i < 2);
        index [i] = task.index;
    }
    return tasks;
}

//  Two workers, each of which vanishes after its breach: the task is quarantined, the one beside it
//  has cost nothing.
static void test_who_shared_a_worker_does_not_pay (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker [3];
    uint8_t uuid [16];
    uint64_t index [2];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 500, false);
    s_client_open (&client, &rig);
    s_worker_open (&worker [0], &rig);
    wire_job_open_t open = s_job (1, uuid);
    open.retries_lost = 1; // one loss that counts, and a second would end it
    s_submit_job (&client, &open, 2);
    for (int i = 0; i < 2; i++) {
        uint64_t job = 0, serial [2] = {0};
        for (size_t got = 0; got < 2;) {
            wire_lane_tasks_t tasks = s_await_tasks (&client, &worker [i], index);
            job = tasks.job;
            for (size_t k = 0; k < tasks.tasks.count; k++, got++)
                serial [index [k]] = tasks.serial + k;
        }
        s_send_value (&worker [i], job, 0, serial [0], EXT9);
        s_expect_refusal (&worker [i], 1, serial [0]);
        s_close (&worker [i]);
        s_worker_open (&worker [i + 1], &rig);
    }
    wire_lane_tasks_t tasks = s_await_tasks (&client, &worker [2], index);
    assert_int_equal (tasks.tasks.count, 1);
    assert_int_equal (index [0], 1);
    s_answer (&worker [2], tasks.job, tasks.serial, index, 1, CADRE_OUTCOME_OK);
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_QUARANTINED], 1);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 1);
    s_close (&client);
    s_close (&worker [2]);
    s_end (&rig);
}

static void s_send_output (peer_t *self, uint64_t job, uint64_t serial, uint64_t stream,
                           const char *bytes)
{
    buffer_t frame = {0};
    wire_sink_output_t output = {
        .job = job, .serial = serial, .stream = stream, .bytes = wire_view (bytes)};
    wire_write_sink_output (&frame, s_next (self), &output);
    s_send (self->sink, &frame);
}

//  Output, outcomes, codes and details are held against the same rules; the worker's own results
//  before them count.
static void test_whatever_is_said_of_a_task_counts (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    uint64_t index [16];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 5000, false);
    s_worker_open (&worker, &rig);
    s_client_open (&client, &rig);
    s_submit (&client, 1, 2);
    wire_lane_tasks_t tasks = s_take (&worker, index, 16);
    assert_int_equal (tasks.tasks.count, 2);
    s_answer (&worker, tasks.job, tasks.serial + 1, index + 1, 1, CADRE_OUTCOME_OK);
    s_send_output (&worker, tasks.job, tasks.serial, WIRE_STREAM_PARTIAL, EXT9);
    s_expect_refusal (&worker, 2, tasks.serial);
    s_rejoin (&worker, tasks.serial, 1);
    s_answer (&worker, tasks.job, tasks.serial, index, 1, CADRE_OUTCOME_WORKER_LOST);
    s_expect_refusal (&worker, 1, tasks.serial);
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_QUARANTINED], 1);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 1);
    s_close (&client);
    s_close (&worker);
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {cmocka_unit_test (test_the_second_session_quarantines),
                                        cmocka_unit_test (test_who_shared_a_worker_does_not_pay),
                                        cmocka_unit_test (test_whatever_is_said_of_a_task_counts)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
