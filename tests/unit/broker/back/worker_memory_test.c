//  worker_memory_test.c - what workers may make the broker hold, with a broker in a thread

#include "common/pack.h"
#include "tests/lib/rigs/broker_rig.h"

#define MEMORY (16u << 20)

static void s_acknowledge (peer_t *self)
{
    buffer_t frame = {0};
    wire_beat_t beat = {.received = self->in, .sent = self->out};
    wire_write_beat (&frame, (wire_envelope_t){.session = self->session}, &beat);
    s_send (self->dealer, &frame);
}

//  A number of broker.info.
static uint64_t s_info (peer_t *self, const char *key)
{
    static uint64_t id;
    buffer_t frame = {0};
    wire_reply_t reply;
    uint64_t value = 0;
    id++;
    wire_request_t request = {.id = id, .what = wire_view ("broker.info")};
    wire_write_request (&frame, s_next (self), &request);
    s_send (self->dealer, &frame);
    s_expect (self, self->dealer, WIRE_reply);
    s_acknowledge (self);
    assert_true (wire_read_reply (&self->body, &reply));
    cursor_t cursor = cursor_find (reply.body, key);
    assert_true (cursor_uint (&cursor, &value));
    return value;
}

static void s_part (peer_t *worker, uint64_t payload, uint64_t total, view_t bytes)
{
    buffer_t frame = {0};
    wire_part_t part = {.payload = payload, .total = total, .bytes = bytes};
    wire_write_part (&frame, s_next (worker), &part);
    s_send (worker->sink, &frame);
}

//  A bin of that many bytes, in parts, under that number.
static void s_send_value (peer_t *worker, uint64_t payload, size_t size)
{
    buffer_t value = {0};
    uint8_t *bytes = calloc (1, size);
    assert_non_null (bytes);
    pack_blob (&value, bytes, size);
    free (bytes);
    for (size_t at = 0; at < value.size; at += WIRE_PART_MAX) {
        size_t left = value.size - at;
        s_part (
            worker, payload, value.size,
            (view_t){.data = value.data + at, .size = left < WIRE_PART_MAX ? left : WIRE_PART_MAX});
    }
    buffer_free (&value);
}

static void s_answer_with (peer_t *worker, uint64_t job, uint64_t serial, uint64_t index,
                           uint64_t payload)
{
    buffer_t frame = {0}, list = {0}, value = {0};
    wire_pack_parts (&value, payload);
    wire_sink_result_t result = {.job = job,
                                 .index = index,
                                 .serial = serial,
                                 .outcome = CADRE_OUTCOME_OK,
                                 .run_us = 10,
                                 .value = wire_view_of (&value)};
    wire_pack_sink_result (&list, &result);
    wire_sink_results_t results = {.results = wire_list_of (&list, 1)};
    wire_write_sink_results (&frame, s_next (worker), &results);
    s_send (worker->sink, &frame);
    buffer_free (&list);
    buffer_free (&value);
}

//  12 MiB of values that never end.
static void s_flood (peer_t *enemy)
{
    static const uint8_t bytes [65536];
    for (uint64_t i = 2; i < 200; i++)
        s_part (enemy, i, 100 << 20, (view_t){.data = bytes, .size = sizeof bytes});
}

//  They take up half of the memory and no more; a task whose value was given up ends in an error
//  that says so.
static void test_values_on_their_way_have_a_bound (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, enemy;
    uint64_t index [4];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    char message [512] = "";
    s_start_with (&rig, (broker_options_t){.lost_ms = 5000, .memory_bytes = MEMORY});
    s_client_open (&client, &rig);
    s_worker_open (&enemy, &rig);
    s_submit (&client, 1, 1);
    wire_lane_tasks_t taken = s_take (&enemy, index, 4);
    s_flood (&enemy);
    s_send_value (&enemy, 1, 9 << 20);
    s_answer_with (&enemy, taken.job, taken.serial, index [0], 1);
    s_collect (&client, 1, outcomes, message);
    s_acknowledge (&client);
    assert_int_equal (outcomes [CADRE_OUTCOME_ERROR], 1);
    assert_non_null (strstr (message, "--memory"));
    assert_in_range (s_info (&client, "value_bytes"), 1 << 19, MEMORY / 8 * 3);
    s_close (&client);
    s_close (&enemy);
    s_end (&rig);
}

//  Who sends too much loses by it, and others do not.
static void test_a_modest_value_comes_through (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker, enemy;
    uint8_t uuid [16];
    uint64_t index [4];
    s_start_with (&rig, (broker_options_t){.lost_ms = 5000, .memory_bytes = MEMORY});
    s_client_open (&client, &rig);
    s_worker_open (&worker, &rig);
    wire_job_open_t open = s_job (1, uuid);
    s_open_job (&client, &open);
    s_send_tasks (&client, 1, 0, 1);
    wire_lane_tasks_t taken = s_take (&worker, index, 4);
    s_worker_open (&enemy, &rig);
    s_flood (&enemy);
    s_send_value (&worker, 1, 1 << 20);
    s_flood (&enemy);
    s_answer_with (&worker, taken.job, taken.serial, index [0], 1);
    s_expect (&client, client.dealer, WIRE_part);
    s_acknowledge (&client);
    assert_in_range (s_info (&client, "value_bytes"), 0, MEMORY / 8 * 3);
    s_close (&client);
    s_close (&worker);
    s_close (&enemy);
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_values_on_their_way_have_a_bound),
        cmocka_unit_test (test_a_modest_value_comes_through),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
