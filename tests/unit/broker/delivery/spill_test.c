//  spill_test.c - what is kept of durable jobs leaves memory when that is scarce, and is there when
//  somebody asks for it

#include "broker/back/dispatch.h"
#include "broker/delivery/follow.h"
#include "broker/ledger/deliver.h"
#include "common/pack.h"
#include "tests/lib/rigs/journal_rig.h"

#define VALUE_BYTES 5000u
#define LARGE_BYTES 2000000u
#define TASKS 400u
#define MEMORY (1u << 20)

static job_t *s_job (journal_rig_t *self, uint32_t tasks)
{
    job_t *job = journal_rig_job_with (self, tasks, 0);
    journal_rig_turn (self);
    return job;
}

//  Each value is the task's number, repeated
static void s_pack_value (buffer_t *tail, uint32_t index, unsigned outcome, size_t size)
{
    uint8_t *bytes = malloc (size);
    memset (bytes, (int) index % 251, size);
    pack_uint (tail, outcome);
    pack_int (tail, outcome == CADRE_OUTCOME_OK ? 0 : (int64_t) index);
    pack_uint (tail, 5);
    pack_blob (tail, bytes, size);
    pack_nil (tail);
    free (bytes);
}

static void s_answer (journal_rig_t *self, job_t *job, worker_record_t *worker, unsigned outcome,
                      size_t large_bytes)
{
    buffer_t tail = {0}, large = {0};
    uint32_t index = job_take (job);
    ledger_lease (self->modules.ctx.ledger, job, index, worker, ++self->modules.ctx.serial);
    deliver_output (&self->modules.ctx, job, index, 1, WIRE_STREAM_STDOUT,
                    wire_view ("some output"));
    s_pack_value (&tail, index, outcome, VALUE_BYTES);
    wire_sink_result_t result = {.job = job->number,
                                 .index = index,
                                 .serial = self->modules.ctx.serial,
                                 .outcome = outcome,
                                 .code = outcome == CADRE_OUTCOME_OK ? 0 : (int64_t) index};
    if (large_bytes) {
        memset (buffer_reserve (&large, large_bytes), (int) index % 251, large_bytes);
        large.size = large_bytes;
    }
    assert_true (
        ledger_result (self->modules.ctx.ledger, worker, &result, wire_view_of (&tail), &large));
    buffer_free (&tail);
}

static void s_answer_all (journal_rig_t *self, job_t *job)
{
    worker_record_t *worker = modules_rig_worker (&self->modules, 4);
    for (uint32_t i = 0; job->ready; i++) {
        s_answer (self, job, worker, CADRE_OUTCOME_OK, 0);
        if (i % 10 == 9)
            journal_rig_turn (self);
    }
    journal_rig_turn (self);
    journal_rig_turn (self);
}

//  What a follower was sent
typedef struct heard {
    uint32_t results;     // how many
    uint32_t outputs;     // how many
    uint8_t seen [TASKS]; // by task: results
    size_t parts_bytes;   // of large values
} heard_t;

static void s_hear_result (heard_t *self, const wire_result_t *result)
{
    cursor_t value = cursor_of_view (result->value);
    view_t bytes;
    assert_in_range (result->index, 0, TASKS - 1);
    if (!wire_parts_of (result->value)) {
        assert_true (cursor_blob (&value, &bytes));
        assert_int_equal (bytes.size, VALUE_BYTES);
        assert_int_equal (bytes.data [0], result->index % 251);
        assert_int_equal (bytes.data [bytes.size - 1], result->index % 251);
    }
    self->seen [result->index]++;
    self->results++;
}

static void s_hear (heard_t *self, const buffer_t *frame)
{
    wire_envelope_t envelope;
    cursor_t body;
    wire_results_t results;
    wire_part_t part;
    assert_int_equal (wire_open (frame->data, frame->size, &envelope, &body), CADRE_OK);
    self->outputs += envelope.verb == WIRE_output;
    if (envelope.verb == WIRE_part && wire_read_part (&body, &part))
        self->parts_bytes += part.bytes.size;
    if (envelope.verb != WIRE_results || !wire_read_results (&body, &results))
        return;
    cursor_t cursor = cursor_of_view (results.results.values);
    for (size_t i = 0; i < results.results.count; i++) {
        wire_result_t result;
        assert_true (wire_read_result (&cursor, &result));
        s_hear_result (self, &result);
    }
}

//  Follows the job from its beginning until it is told all, by a client that reads.
static heard_t s_follow (journal_rig_t *self, job_t *job)
{
    heard_t heard = {0};
    static uint64_t ref = 1000;
    client_t *client = self->client;
    const buffer_t *frame;
    client_ref_add (client, ++ref, REF_FOLLOW, job->number);
    follower_new (client, job, &(wire_job_follow_t){.ref = ref, .results = true, .output = true});
    stream_grant (client->out, 1u << 30, 1u << 30);
    for (int turns = 0; client->followers && turns < 1000; turns++) {
        uint32_t records = 100000;
        follow_pump_all (client, &self->modules.ctx, &records);
        client_flush (client);
        while ((frame = stream_next (client->out)))
            s_hear (&heard, frame);
        stream_acknowledge (client->out, stream_sent (client->out));
        assert_in_range (self->modules.ctx.kept_bytes, 0, 3u << 20);
        journal_rig_turn (self);
    }
    assert_null (client->followers);
    return heard;
}

static void s_is_complete (const heard_t *heard)
{
    assert_int_equal (heard->results, TASKS);
    for (uint32_t i = 0; i < TASKS; i++)
        assert_int_equal (heard->seen [i], 1);
}

static job_t *s_only (journal_rig_t *self)
{
    assert_int_equal (job_table_count (self->modules.ctx.jobs), 1);
    return job_table_first (self->modules.ctx.jobs);
}

static void test_results_and_output_leave_memory_and_come_back (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start_with (&rig, MEMORY);
    job_t *job = s_job (&rig, TASKS);
    s_answer_all (&rig, job);
    assert_true (job_is_over (job));
    assert_in_range (rig.modules.ctx.kept_bytes, 0, TASKS * 200);
    for (int round = 0; round < 2; round++) {
        heard_t heard = s_follow (&rig, job);
        s_is_complete (&heard);
        assert_int_equal (heard.outputs, TASKS);
    }
    journal_rig_restart (&rig);
    assert_in_range (rig.modules.ctx.kept_bytes, 0, 1u << 20);
    heard_t heard = s_follow (&rig, s_only (&rig));
    s_is_complete (&heard);
    assert_int_equal (heard.outputs, TASKS);
    journal_rig_end (&rig);
}

//  Whoever only waits for the end reads nothing back.
static void test_waiting_alone_brings_nothing_back (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start_with (&rig, MEMORY);
    job_t *job = s_job (&rig, TASKS);
    s_answer_all (&rig, job);
    client_t *client = rig.client;
    client_ref_add (client, 77, REF_FOLLOW, job->number);
    follower_new (client, job, &(wire_job_follow_t){.ref = 77, .wait = true});
    uint32_t records = 1;
    assert_false (follow_pump_all (client, &rig.modules.ctx, &records));
    assert_null (client->followers);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    assert_int_equal (pager_arrivals (rig.modules.ctx.pager), 0);
    journal_rig_end (&rig);
}

static void test_large_values_leave_memory_and_come_back (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start_with (&rig, MEMORY);
    job_t *job = s_job (&rig, 3);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    for (int i = 0; i < 3; i++)
        s_answer (&rig, job, worker, CADRE_OUTCOME_OK, LARGE_BYTES);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    assert_in_range (rig.modules.ctx.kept_bytes, 0, LARGE_BYTES / 2);
    assert_false (result_log_large_is_here (job->keep, 1));
    journal_rig_restart (&rig);
    journal_rig_turn (&rig);
    assert_false (result_log_large_is_here (s_only (&rig)->keep, 1));
    pager_fetch_large (rig.modules.ctx.pager, s_only (&rig), 1);
    journal_rig_turn (&rig);
    view_t value = result_log_large (s_only (&rig)->keep, 1);
    assert_int_equal (value.size, LARGE_BYTES);
    assert_int_equal (value.data [LARGE_BYTES - 1], 1);
    journal_rig_end (&rig);
}

//  Exit codes are known without reading anything back, also after a restart
static void test_codes_stay (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start_with (&rig, MEMORY);
    job_t *job = s_job (&rig, TASKS);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    for (uint32_t i = 0; i < TASKS; i++)
        s_answer (&rig, job, worker, CADRE_OUTCOME_EXIT, 0);
    journal_rig_turn (&rig);
    journal_rig_turn (&rig);
    assert_int_equal (job->tasks [77].code, 77);
    journal_rig_restart (&rig);
    assert_int_equal (s_only (&rig)->tasks [77].code, 77);
    journal_rig_end (&rig);
}

//  A copy is made of what was put away as well, and of it all can be put away again; a result that
//  was replaced does not come back
static void test_a_copy_of_what_is_away (void **state)
{
    (void) state;
    journal_rig_t rig;
    store_usage_t usage;
    journal_rig_start_with (&rig, MEMORY);
    rig.modules.ctx.memory_limit = 8u << 20;
    job_t *job = s_job (&rig, TASKS / 2);
    worker_record_t *worker = modules_rig_worker (&rig.modules, 4);
    for (int i = 0; i < 7; i++)
        s_answer (&rig, job, worker, CADRE_OUTCOME_EXIT, 0);
    journal_rig_turn (&rig);
    assert_int_equal (ledger_jobs_retry (rig.modules.ctx.ledger, job, UINT32_MAX), 7);
    s_answer_all (&rig, job);
    uint64_t number = job->number;
    for (int round = 0; round < 60; round++) {
        job_t *other = s_job (&rig, TASKS);
        s_answer_all (&rig, other);
        ledger_jobs_forget (rig.modules.ctx.ledger, other);
        journal_rig_turn (&rig);
        result_log_spill_all (job->keep);
    }
    journal_usage (rig.modules.ctx.journal, &usage);
    assert_true (usage.first > 100); //  What was there first is not there any more
    for (int round = 0; round < 2; round++) {
        job = s_only (&rig);
        assert_int_equal (job->number, number);
        assert_int_equal (job->done, TASKS / 2);
        result_log_spill_all (job->keep);
        heard_t heard = s_follow (&rig, job);
        assert_int_equal (heard.results, TASKS / 2);
        assert_int_equal (heard.outputs, TASKS / 2 + 7);
        journal_rig_restart (&rig);
    }
    journal_rig_end (&rig);
}

static void s_no_recall (void *owner, worker_record_t *worker, const spans_t *leases)
{
    (void) owner, (void) worker, (void) leases;
}

//  Answers all that the worker holds, after a look at each argument; returns how much that was.
static uint32_t s_run (journal_rig_t *self, worker_record_t *worker)
{
    uint32_t count = 0;
    for (size_t i = 0; i < worker->leases_count; i++) {
        lease_t lease = worker->leases [i];
        job_t *job = job_table_find (self->modules.ctx.jobs, lease.job);
        if (!ledger_held (self->modules.ctx.ledger, worker, job, lease.index, lease.serial))
            continue;
        cursor_t cursor = cursor_of_view (payloads_get (job->stock, lease.index));
        size_t fields = 0;
        uint64_t number = 0;
        assert_true (cursor_array (&cursor, &fields) && cursor_uint (&cursor, &number));
        assert_int_equal (number, lease.index);
        assert_true (modules_rig_answer (&self->modules, worker, job, lease.index, lease.serial,
                                         CADRE_OUTCOME_OK, 5));
        count++;
    }
    return count;
}

static uint32_t s_run_all (journal_rig_t *self)
{
    dispatch_t *dispatch = dispatch_new (&self->modules.ctx, s_no_recall, NULL);
    worker_record_t *worker = modules_rig_worker (&self->modules, 4);
    uint32_t count = 0;
    for (int turns = 0; turns < 1000; turns++) {
        dispatch_run (dispatch);
        count += s_run (self, worker);
        journal_rig_turn (self);
        assert_in_range (self->modules.ctx.job_bytes, 0, 3u << 19);
    }
    dispatch_destroy (&dispatch);
    return count;
}

//  Beyond a quarter of the memory, arguments that come later are in the store alone, also after a
//  restart.
static void test_arguments_leave_memory_and_come_back (void **state)
{
    (void) state;
    for (int restart = 0; restart < 2; restart++) {
        journal_rig_t rig;
        journal_rig_start_with (&rig, MEMORY);
        journal_rig_job_of (&rig, 10 * JOURNAL_RIG_FRAME_TASKS, 0, 200);
        journal_rig_turn (&rig);
        if (restart)
            journal_rig_restart (&rig);
        job_t *job = s_only (&rig);
        assert_in_range (rig.modules.ctx.job_bytes, 0, 1u << 20);
        assert_true (payloads_is_here (job->stock, 0));
        for (uint32_t i = 2; i < 10; i++)
            assert_false (payloads_is_here (job->stock, i * JOURNAL_RIG_FRAME_TASKS));
        assert_int_equal (s_run_all (&rig), 10 * JOURNAL_RIG_FRAME_TASKS);
        assert_true (job_is_over (job));
        journal_rig_end (&rig);
    }
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_results_and_output_leave_memory_and_come_back),
        cmocka_unit_test (test_waiting_alone_brings_nothing_back),
        cmocka_unit_test (test_large_values_leave_memory_and_come_back),
        cmocka_unit_test (test_codes_stay),
        cmocka_unit_test (test_a_copy_of_what_is_away),
        cmocka_unit_test (test_arguments_leave_memory_and_come_back),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
