//  key_usage_test.c - what each key makes the broker hold: the sums, and what happens to who has
//  more than its share

#include "broker/front/admission.h"
#include "broker/jobs/job_status.h"
#include "tests/lib/rigs/journal_rig.h"

#define MIB (UINT64_C (1) << 20)

static job_t *s_job (modules_rig_t *rig, client_t *client, bool detached, uint32_t tasks)
{
    return modules_rig_job (
        rig, client,
        &(wire_job_open_t){.detached = detached, .retries = 3, .retries_lost = 3, .backoff_ms = 10},
        tasks);
}

//  The next task is leased and ends so.
static void s_run (modules_rig_t *rig, job_t *job, worker_record_t *worker, unsigned outcome)
{
    uint32_t index = job_take (job);
    ledger_lease (rig->ctx.ledger, job, index, worker, ++rig->ctx.serial);
    assert_true (modules_rig_answer (rig, worker, job, index, rig->ctx.serial, outcome, 5));
    assert_true (key_usage_check (&rig->ctx));
}

//  Results, tries, a cancel, a forget, and the loss of the client.
static void test_usages_add_up_to_what_the_broker_holds (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *one = modules_rig_client_of (&rig, "one"),
             *other = modules_rig_client_of (&rig, "other");
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *kept = s_job (&rig, one, true, 10000), *attached = s_job (&rig, one, false, 70000),
          *others = s_job (&rig, other, false, 1000);
    uint64_t begin = one->usage->jobs.bytes;
    assert_in_range (begin, 10000 * (sizeof (task_t) + 8) + 70000 * sizeof (task_t), UINT64_MAX);
    assert_in_range (other->usage->jobs.bytes, 1000 * sizeof (task_t), 1000 * 100);
    assert_true (key_usage_check (&rig.ctx));
    for (unsigned i = 0; i < 1000; i++) {
        s_run (&rig, kept, worker, i % 7 ? CADRE_OUTCOME_OK : CADRE_OUTCOME_ERROR);
        s_run (&rig, others, worker, i % 2 ? CADRE_OUTCOME_OK : CADRE_OUTCOME_ERROR);
    }
    assert_true (others->delayed > 0 && others->delays.count > 0);
    assert_in_range (one->usage->kept.bytes, 800 * 16, UINT64_MAX);
    assert_int_equal (other->usage->kept.bytes, 0);
    for (unsigned i = 0; i < 66000; i++)
        s_run (&rig, attached, worker, CADRE_OUTCOME_OK);
    assert_in_range (one->usage->jobs.bytes, 0, begin - 65536 * sizeof (task_t) / 2);
    rig.ctx.now_us += 1000000;
    timers_run (rig.ctx.timers, rig.ctx.now_us);
    assert_true (key_usage_check (&rig.ctx));
    ledger_jobs_cancel_all (rig.ctx.ledger, kept);
    for (unsigned i = 0; i < 100; i++)
        ledger_settle (rig.ctx.ledger);
    ledger_jobs_retry (rig.ctx.ledger, kept, UINT32_MAX);
    assert_true (key_usage_check (&rig.ctx));
    ledger_jobs_forget (rig.ctx.ledger, kept);
    assert_int_equal (one->usage->kept.bytes, 0);
    client_count (one, &rig.ctx, true);
    client_count (other, &rig.ctx, true);
    assert_true (key_usage_held (other->usage)
                 > other->usage->jobs.bytes); //  Its session counts, too
    assert_true (key_usage_check (&rig.ctx));
    modules_rig_end_client (&rig, &other); //  Its job goes with it
    for (unsigned i = 0; i < 100; i++)
        ledger_settle (rig.ctx.ledger);
    assert_int_equal (HASH_COUNT (rig.ctx.usages), 1);
    assert_true (key_usage_check (&rig.ctx));
    modules_rig_end_client (&rig, &one);
    modules_rig_end (&rig);
}

//  The memory of a large job goes in turns: it is its key's until then.
static void test_a_job_counts_until_it_is_freed (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client_of (&rig, "one");
    s_job (&rig, client, false, 1000000);
    uint64_t held = client->usage->jobs.bytes, before = held;
    ledger_jobs_abandon (rig.ctx.ledger, client);
    for (unsigned turns = 0; held; turns++, before = held) {
        rig.ctx.unfinished = false;
        ledger_settle (rig.ctx.ledger);
        held = client->usage->jobs.bytes;
        assert_int_equal (held, rig.ctx.job_bytes);
        assert_true (held <= before && turns < 1000);
    }
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

//  Tasks that fail need more memory when nothing can be refused any more: it was counted before.
static void test_tries_take_no_more_than_was_counted (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client_of (&rig, "one");
    worker_record_t *worker = modules_rig_worker (&rig, 8);
    job_t *job = s_job (&rig, client, false, 20000);
    uint64_t bytes = client->usage->jobs.bytes;
    for (unsigned i = 0; i < 20000; i++)
        s_run (&rig, job, worker, CADRE_OUTCOME_ERROR);
    assert_int_equal (job->delayed, 20000);
    assert_in_range (client->usage->jobs.bytes, 0, bytes + bytes / 4);
    rig.ctx.now_us += 1000000;
    for (unsigned i = 0; i < 20; i++)
        timers_run (rig.ctx.timers, ++rig.ctx.now_us);
    assert_int_equal (job->ready, 20000);
    assert_in_range (client->usage->jobs.bytes, 0, bytes + bytes / 4);
    assert_true (key_usage_check (&rig.ctx));
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

static void test_a_restart_finds_each_keys_part (void **state)
{
    (void) state;
    journal_rig_t house;
    journal_rig_start (&house);
    key_usage_leave (&house.modules.ctx, &house.client->usage);
    snprintf (house.client->holder, sizeof house.client->holder, "one");
    house.client->usage = key_usage_enter (&house.modules.ctx, "one");
    journal_rig_job_of (&house, 5000, 1, 100);
    for (unsigned i = 0; i < 5; i++)
        journal_rig_turn (&house);
    uint64_t bytes = house.client->usage->jobs.bytes;
    assert_in_range (bytes, 5000 * (100 + sizeof (task_t)), UINT64_MAX);
    journal_rig_restart (&house);
    const key_usage_t *usage = journal_rig_only (&house)->usage;
    assert_string_equal (usage->holder, "one");
    assert_in_range (usage->jobs.bytes, bytes / 2, bytes * 2);
    assert_true (key_usage_check (&house.modules.ctx));
    journal_rig_end (&house);
}

static cadre_error_t s_open (modules_rig_t *rig, const client_t *client, fault_t *fault)
{
    wire_job_open_t open = {
        .ref = 99, .kind = WIRE_KIND_CALL, .function = wire_view ("square"), .durable = false};
    return admission_check_open (&rig->ctx, client, &open, 100, fault);
}

static void test_new_work_of_a_key_over_its_share_is_refused (void **state)
{
    (void) state;
    modules_rig_t rig;
    fault_t fault = {0};
    modules_rig_start (&rig);
    rig.ctx.memory_limit = 64 * MIB;
    client_t *one = modules_rig_client_of (&rig, "one"),
             *other = modules_rig_client_of (&rig, "other");
    snprintf (one->key, sizeof one->key, "heavy");
    account_add (&one->usage->jobs, 48 * MIB);
    assert_int_equal (s_open (&rig, one, &fault), CADRE_ERROR_MEMORY);
    assert_non_null (strstr (fault.text, "key heavy take up 48.0 MiB"));
    assert_non_null (strstr (fault.text, "its share is 16.0 MiB"));
    assert_int_equal (s_open (&rig, other, &fault), CADRE_OK);
    account_add (&other->usage->jobs, 8 * MIB); //  As much as there may be at all
    assert_int_equal (s_open (&rig, other, &fault), CADRE_ERROR_MEMORY);
    assert_non_null (strstr (fault.text, "memory is full"));
    account_subtract (&one->usage->jobs, 48 * MIB);
    account_subtract (&other->usage->jobs, 8 * MIB);
    assert_int_equal (s_open (&rig, one, &fault), CADRE_OK);
    modules_rig_end_client (&rig, &one);
    modules_rig_end_client (&rig, &other);
    modules_rig_end (&rig);
}

//  Those of other keys go on, until results fill all that they may.
static void test_jobs_of_a_key_whose_results_fill_the_memory_rest (void **state)
{
    (void) state;
    modules_rig_t rig;
    modules_rig_start (&rig);
    rig.ctx.memory_limit = 64 * MIB;
    client_t *one = modules_rig_client_of (&rig, "one"),
             *other = modules_rig_client_of (&rig, "other");
    job_t *ones = s_job (&rig, one, true, 10), *others = s_job (&rig, other, true, 10);
    account_add (&one->usage->kept, 38 * MIB);
    ledger_jobs_weigh (rig.ctx.ledger);
    assert_true (job_status_is_resting (&rig.ctx, ones));
    assert_false (job_status_is_resting (&rig.ctx, others));
    assert_true (!ones->is_ready && others->is_ready);
    account_add (&other->usage->kept, 7 * MIB);
    ledger_jobs_weigh (rig.ctx.ledger);
    assert_true (job_status_is_resting (&rig.ctx, others));
    account_subtract (&other->usage->kept, 7 * MIB);
    account_subtract (&one->usage->kept, 28 * MIB);
    ledger_jobs_weigh (rig.ctx.ledger);
    assert_false (job_status_is_resting (&rig.ctx, ones));
    assert_true (ones->is_ready);
    account_subtract (&one->usage->kept, 10 * MIB);
    modules_rig_end_client (&rig, &one);
    modules_rig_end_client (&rig, &other);
    modules_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_usages_add_up_to_what_the_broker_holds),
        cmocka_unit_test (test_a_job_counts_until_it_is_freed),
        cmocka_unit_test (test_tries_take_no_more_than_was_counted),
        cmocka_unit_test (test_a_restart_finds_each_keys_part),
        cmocka_unit_test (test_new_work_of_a_key_over_its_share_is_refused),
        cmocka_unit_test (test_jobs_of_a_key_whose_results_fill_the_memory_rest),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
