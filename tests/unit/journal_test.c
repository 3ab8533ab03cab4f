//  journal_test.c - nothing of a durable job is told before it is on the disk, and a restart finds it as it was

#include "broker/deliver.h"
#include "broker/dispatch.h"
#include "broker/journal_own.h"
#include "broker/store/memory.h"
#include "tests/lib/hub_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

//  A broker's modules over a disk that outlives them
typedef struct house {
    hub_rig_t rig;       // the modules
    memory_disk_t *disk; // what is left after a restart
    client_t *client;    // who submits
} house_t;

static void s_open (house_t *self)
{
    fault_t fault = {0};
    hub_rig_start (&self->rig);
    self->rig.hub.epoch = 99;
    store_t *store = memory_open (self->disk, 0, &fault);
    assert_non_null (store);
    self->rig.hub.journal = journal_new (&self->rig.hub, &store, &fault);
    assert_string_equal (fault.text, "");
    assert_non_null (self->rig.hub.journal);
    self->client = hub_rig_client (&self->rig);
}

static void s_start (house_t *self)
{
    *self = (house_t){.disk = memory_disk_new ()};
    s_open (self);
}

//  What the loop does at the end of a turn, and at the beginning of the next
static void s_turn (house_t *self)
{
    fault_t fault = {0};
    journal_flush (self->rig.hub.journal);
    assert_int_equal (journal_turn (self->rig.hub.journal, &fault), CADRE_OK);
    ledger_settle (self->rig.hub.ledger);
}

static void s_leave (house_t *self)
{
    fault_t fault = {0};
    journal_close (&self->rig.hub.journal, &fault);
    while (ledger_first (self->rig.hub.ledger)) //  Followers go before their clients
        ledger_unmake (self->rig.hub.ledger, ledger_first (self->rig.hub.ledger));
    hub_rig_end_client (&self->rig, &self->client);
    hub_rig_end (&self->rig);
}

static void s_restart (house_t *self)
{
    s_leave (self);
    s_open (self);
}

static void s_end (house_t *self)
{
    s_leave (self);
    memory_disk_destroy (&self->disk);
}

static job_t *s_job (house_t *self, uint32_t tasks)
{
    static uint8_t serial;
    uint8_t uuid [WIRE_UUID_BYTES] = {77, ++serial};
    buffer_t packed = {0}, list = {0};
    wire_job_open_t open = {.ref = serial,
                            .uuid = {uuid, sizeof uuid},
                            .kind = WIRE_KIND_CALL,
                            .function = wire_view ("square"),
                            .retries = 1,
                            .retries_lost = 2,
                            .durable = true};
    fault_t fault = {0};
    job_t *job = ledger_open (self->rig.hub.ledger, self->client, &open);
    wire_pack_job_open (&packed, &open);
    assert_int_equal (journal_admit (self->rig.hub.journal, job, packed.size, tasks, &fault), CADRE_OK);
    journal_job (self->rig.hub.journal, job, wire_view_of (&packed));
    for (uint32_t i = 0; i < tasks; i++) {
        pack_array (&list, 1);
        pack_uint (&list, i);
    }
    wire_list_t payloads = wire_list_of (&list, tasks);
    ledger_submit (self->rig.hub.ledger, job, &payloads);
    ledger_finish (self->rig.hub.ledger, job);
    buffer_free (&packed);
    buffer_free (&list);
    return job;
}

static job_t *s_only (house_t *self)
{
    assert_int_equal (ledger_count (self->rig.hub.ledger), 1);
    return ledger_first (self->rig.hub.ledger);
}

static uint32_t s_lease (house_t *self, job_t *job, agent_t *agent)
{
    uint32_t index = job_take (job);
    ledger_lease (self->rig.hub.ledger, job, index, agent, ++self->rig.hub.serial);
    return index;
}

static void test_tasks_run_when_they_are_on_the_disk (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    memory_disk_hold (house.disk);
    job_t *job = s_job (&house, 3);
    s_turn (&house);
    assert_int_equal (job->total, 0);
    assert_int_equal (job->promised, 3);
    assert_false (job->sealed);
    memory_disk_let (house.disk, SIZE_MAX);
    s_turn (&house);
    assert_int_equal (job->total, 3);
    assert_int_equal (job->ready, 3);
    assert_true (job->sealed);
    s_end (&house);
}

static void test_a_result_is_told_when_it_is_on_the_disk (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    agent_t *agent = hub_rig_agent (&house.rig, 1);
    job_t *job = s_job (&house, 1);
    s_turn (&house);
    uint32_t index = s_lease (&house, job, agent);
    s_turn (&house);
    memory_disk_hold (house.disk);
    assert_true (hub_rig_answer (&house.rig, agent, job, index, house.rig.hub.serial, CADRE_OUTCOME_OK, 5));
    s_turn (&house);
    assert_int_equal (job->done, 1);
    assert_false (job_is_over (job));
    assert_int_equal (job->kept_at [0], 0);
    memory_disk_let (house.disk, SIZE_MAX);
    s_turn (&house);
    assert_true (job_is_over (job));
    assert_int_not_equal (job->kept_at [0], 0);
    s_end (&house);
}

//  Acknowledgements of frames wait as well, and no longer than they must
static void test_frames_are_acknowledged_in_order (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    client_t *client = house.client;
    HASH_ADD (hh, house.rig.hub.clients, session, sizeof client->session, client);
    memory_disk_hold (house.disk);
    client->in.received = 5;
    s_job (&house, 1);
    journal_hold_client (house.rig.hub.journal, client, 5);
    s_turn (&house);
    client->in.received = 9;
    assert_int_equal (client_acknowledgeable (client), 4);
    s_job (&house, 1);
    journal_hold_client (house.rig.hub.journal, client, 8);
    memory_disk_let (house.disk, 1);
    s_turn (&house);
    assert_int_equal (client_acknowledgeable (client), 5);
    assert_true (client->beat_due);
    memory_disk_let (house.disk, SIZE_MAX);
    s_turn (&house);
    assert_int_equal (client_acknowledgeable (client), 9);
    HASH_DELETE (hh, house.rig.hub.clients, client);
    s_end (&house);
}

static void s_no_recall (void *owner, agent_t *agent, const spans_t *leases)
{
    (void) owner, (void) agent, (void) leases;
}

//  A lease that a crash took with it would be given once more: the worker hears of it when it cannot be
static void test_a_task_that_runs_once_is_sent_when_its_lease_is_on_the_disk (void **state)
{
    (void) state;
    for (int once = 0; once < 2; once++) {
        house_t house;
        s_start (&house);
        agent_t *agent = hub_rig_agent (&house.rig, 1);
        dispatch_t *dispatch = dispatch_new (&house.rig.hub, s_no_recall, NULL);
        job_t *job = s_job (&house, 3);
        job->tries.again [CADRE_OUTCOME_WORKER_LOST] = once ? 0 : 2;
        s_turn (&house);
        memory_disk_hold (house.disk);
        dispatch_run (dispatch);
        assert_int_equal (agent->leased, 1);
        assert_int_equal (lane_is_held (agent->lane), once);
        s_turn (&house);
        assert_int_equal (lane_is_held (agent->lane), once);
        agent->slots = 2;
        dispatch_run (dispatch);
        assert_int_equal (agent->leased, once ? 1 : 2); //  One at a time, or it would be held for ever
        memory_disk_let (house.disk, SIZE_MAX);
        s_turn (&house);
        assert_false (lane_is_held (agent->lane));
        dispatch_run (dispatch);
        assert_int_equal (agent->leased, 2);
        dispatch_destroy (&dispatch);
        s_end (&house);
    }
}

//  How far output has come survives a restart, and a compaction
static void test_output_is_known_after_a_restart (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    agent_t *agent = hub_rig_agent (&house.rig, 1);
    job_t *job = s_job (&house, 1);
    s_turn (&house);
    s_lease (&house, job, agent);
    uint64_t serial = house.rig.hub.serial;
    keep_set_mark (job->keep, 0, (keep_mark_t){serial, 5});
    deliver_output (&house.rig.hub, job, 0, 1, WIRE_STREAM_STDOUT, wire_view ("hello"));
    s_turn (&house);
    s_restart (&house);
    keep_mark_t mark = keep_mark (s_only (&house)->keep, 0);
    assert_int_equal (mark.serial, serial);
    assert_int_equal (mark.end_bytes, 5);
    assert_int_equal (keep_mark (s_only (&house)->keep, 1).serial, 0);
    s_end (&house);
}

static void test_a_restart_finds_everything (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    agent_t *agent = hub_rig_agent (&house.rig, 4);
    uint8_t uuid [WIRE_UUID_BYTES];
    memcpy (uuid, agent->uuid, sizeof uuid);
    job_t *job = s_job (&house, 6);
    uint64_t number = job->number, epoch = house.rig.hub.epoch;
    s_turn (&house);
    uint32_t done = s_lease (&house, job, agent), failed = s_lease (&house, job, agent);
    assert_true (
        hub_rig_answer (&house.rig, agent, job, done, house.rig.hub.serial - 1, CADRE_OUTCOME_OK, 5));
    assert_true (
        hub_rig_answer (&house.rig, agent, job, failed, house.rig.hub.serial, CADRE_OUTCOME_EXIT, 5));
    uint32_t running = s_lease (&house, job, agent);
    uint64_t serial = house.rig.hub.serial;
    s_turn (&house);
    s_restart (&house);
    job = s_only (&house);
    assert_int_equal (job->number, number);
    assert_int_equal (house.rig.hub.epoch, epoch);
    assert_true (house.rig.hub.serial > serial);
    assert_true (job->sealed && job->durable && job->detached);
    assert_int_equal (job->total, 6);
    assert_int_equal (job->done, 1);
    assert_int_equal (job->tasks [done].state, TASK_DONE);
    assert_int_not_equal (job->kept_at [done], 0);
    assert_int_equal (job->tasks [failed].state, TASK_READY);
    assert_int_equal (job->tasks [failed].failed, 1);
    agent = roster_by_uuid (house.rig.hub.roster, uuid);
    assert_non_null (agent);
    assert_int_equal (agent->state, AGENT_AWAY);
    assert_non_null (ledger_held (house.rig.hub.ledger, agent, job, running, serial));
    assert_int_equal (job->ready, 4);
    s_end (&house);
}

//  A holder that does not come back is lost like any other
static void test_a_lost_holder_costs_a_try (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    agent_t *agent = hub_rig_agent (&house.rig, 4);
    uint8_t uuid [WIRE_UUID_BYTES];
    memcpy (uuid, agent->uuid, sizeof uuid);
    job_t *job = s_job (&house, 1);
    s_turn (&house);
    s_lease (&house, job, agent);
    s_turn (&house);
    s_restart (&house);
    job = s_only (&house);
    ledger_lose (house.rig.hub.ledger, roster_by_uuid (house.rig.hub.roster, uuid), NULL, false);
    assert_int_equal (job->ready, 1);
    assert_int_equal (job->tasks [0].lost, 1);
    s_turn (&house);
    s_restart (&house);
    assert_int_equal (s_only (&house)->tasks [0].lost, 1);
    assert_int_equal (s_only (&house)->ready, 1);
    s_end (&house);
}

//  What was not on the disk when the power failed is as if it had never been
static void test_power_loss (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    s_job (&house, 2);
    s_turn (&house);
    memory_disk_hold (house.disk);
    s_job (&house, 2);
    s_turn (&house);
    memory_lose (&house.rig.hub.journal->store);
    memory_disk_let (house.disk, SIZE_MAX);
    s_restart (&house);
    assert_int_equal (s_only (&house)->total, 2);
    s_end (&house);
}

static void test_cancel_retry_and_forget (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    job_t *job = s_job (&house, 3);
    s_turn (&house);
    assert_int_equal (ledger_cancel_all (house.rig.hub.ledger, job), 3);
    s_turn (&house);
    s_turn (&house);
    s_restart (&house);
    job = s_only (&house);
    assert_true (job_is_over (job) && job->cancelled);
    assert_int_equal (job->failed, 3);
    assert_int_equal (ledger_retry (house.rig.hub.ledger, job, 1), 1);
    s_turn (&house);
    s_restart (&house);
    job = s_only (&house);
    assert_int_equal (job->ready, 1);
    assert_int_equal (job->failed, 2);
    ledger_cancel_all (house.rig.hub.ledger, job);
    s_turn (&house);
    s_turn (&house);
    ledger_forget (house.rig.hub.ledger, job);
    s_turn (&house);
    s_restart (&house);
    assert_int_equal (ledger_count (house.rig.hub.ledger), 0);
    s_end (&house);
}

//  Numbers of jobs go on, also for jobs that were never durable
static void test_numbers_are_not_used_again (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    for (int i = 0; i < 3; i++)
        hub_rig_job (&house.rig, house.client, &(wire_job_open_t){0}, 1);
    uint64_t last = ledger_numbers (house.rig.hub.ledger);
    s_turn (&house);
    s_restart (&house);
    assert_true (ledger_numbers (house.rig.hub.ledger) >= last);
    s_end (&house);
}

static void s_answer_all (house_t *self, job_t *job, agent_t *agent, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = s_lease (self, job, agent);
        assert_true (
            hub_rig_answer (&self->rig, agent, job, index, self->rig.hub.serial, CADRE_OUTCOME_OK, 5));
    }
}

//  The log does not grow for ever, and what is copied forward is what was there
static void test_compaction (void **state)
{
    (void) state;
    house_t house;
    store_usage_t usage;
    s_start (&house);
    agent_t *agent = hub_rig_agent (&house.rig, 4);
    job_t *kept = s_job (&house, 100);
    s_turn (&house);
    s_answer_all (&house, kept, agent, 40);
    uint32_t running = s_lease (&house, kept, agent);
    uint64_t serial = house.rig.hub.serial, number = kept->number, gone = 0;
    uint8_t uuid [WIRE_UUID_BYTES];
    s_turn (&house);
    for (int round = 0; round < 60; round++) {
        job_t *job = s_job (&house, 20000);
        if (round == 0)
            gone = job->number, memcpy (uuid, job->uuid, sizeof uuid);
        s_turn (&house);
        s_answer_all (&house, job, agent, 20000);
        s_turn (&house);
        s_turn (&house);
        ledger_forget (house.rig.hub.ledger, job);
        s_turn (&house);
    }
    journal_usage (house.rig.hub.journal, &usage);
    assert_true (usage.used_bytes < (200u << 20));
    assert_true (usage.first > 100);
    s_restart (&house);
    kept = s_only (&house);
    assert_int_equal (kept->number, number);
    assert_int_equal (ledger_forgotten (house.rig.hub.ledger, uuid), gone);
    assert_int_equal (kept->done, 40);
    assert_int_equal (kept->total, 100);
    assert_int_equal (kept->ready, 59);
    assert_int_equal (kept->tasks [running].state, TASK_LEASED);
    assert_int_equal (kept->tasks [running].serial, serial);
    for (uint32_t i = 0; i < kept->total; i++)
        assert_int_equal (kept->kept_at [i] != 0, kept->tasks [i].state == TASK_DONE);
    s_end (&house);
}

//  Many small ones are copied together, and found again
static void test_compaction_of_many_jobs (void **state)
{
    (void) state;
    house_t house;
    store_usage_t before, after;
    s_start (&house);
    for (int i = 0; i < 200; i++) {
        s_job (&house, 1);
        s_turn (&house);
    }
    journal_usage (house.rig.hub.journal, &before);
    journal_compact (house.rig.hub.journal);
    s_turn (&house);
    s_turn (&house);
    journal_usage (house.rig.hub.journal, &after);
    assert_true (after.first > before.first);
    assert_true (before.batches > 200);
    assert_true (after.batches < 5);
    s_restart (&house);
    assert_int_equal (ledger_count (house.rig.hub.ledger), 200);
    for (job_t *job = ledger_first (house.rig.hub.ledger); job; job = job->hh_number.next)
        assert_int_equal (job->ready, 1);
    s_end (&house);
}

//  The broker is killed when the copy is durable and what it replaces not yet dropped: a lease that both have is one
static void test_a_copy_beside_what_it_replaces (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    agent_t *agent = hub_rig_agent (&house.rig, 4);
    uint8_t uuid [WIRE_UUID_BYTES];
    memcpy (uuid, agent->uuid, sizeof uuid);
    job_t *job = s_job (&house, 3);
    s_turn (&house);
    s_lease (&house, job, agent);
    uint64_t serial = house.rig.hub.serial;
    s_turn (&house);
    memory_disk_hold (house.disk);
    journal_compact (house.rig.hub.journal);
    memory_disk_let (house.disk, 1);
    memory_lose (&house.rig.hub.journal->store);
    memory_disk_let (house.disk, SIZE_MAX);
    s_restart (&house);
    agent = roster_by_uuid (house.rig.hub.roster, uuid);
    assert_int_equal (agent->leased, 1);
    spans_t held = {0};
    spans_add (&held, serial);
    ledger_lose (house.rig.hub.ledger, agent, &held, true);
    spans_free (&held);
    assert_int_equal (agent->leases_count, 1);
    s_end (&house);
}

static void test_a_failed_disk_ends_everything (void **state)
{
    (void) state;
    house_t house;
    fault_t fault = {0};
    s_start (&house);
    memory_disk_fail (house.disk, 1);
    s_job (&house, 1);
    journal_flush (house.rig.hub.journal);
    assert_int_not_equal (journal_turn (house.rig.hub.journal, &fault), CADRE_OK);
    assert_true (fault.text [0] != 0);
    s_leave (&house);
    memory_disk_destroy (&house.disk);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_tasks_run_when_they_are_on_the_disk),
        cmocka_unit_test (test_a_result_is_told_when_it_is_on_the_disk),
        cmocka_unit_test (test_frames_are_acknowledged_in_order),
        cmocka_unit_test (test_a_task_that_runs_once_is_sent_when_its_lease_is_on_the_disk),
        cmocka_unit_test (test_output_is_known_after_a_restart),
        cmocka_unit_test (test_a_restart_finds_everything),
        cmocka_unit_test (test_a_lost_holder_costs_a_try),
        cmocka_unit_test (test_power_loss),
        cmocka_unit_test (test_cancel_retry_and_forget),
        cmocka_unit_test (test_numbers_are_not_used_again),
        cmocka_unit_test (test_compaction),
        cmocka_unit_test (test_compaction_of_many_jobs),
        cmocka_unit_test (test_a_copy_beside_what_it_replaces),
        cmocka_unit_test (test_a_failed_disk_ends_everything),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
