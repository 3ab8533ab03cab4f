/*
 *  journal_rig: a broker's modules with a journal, over a disk that outlives them, for unit tests
 *  of what a restart finds.
 */
#ifndef TESTS_LIB_JOURNAL_RIG_H_INCLUDED
#define TESTS_LIB_JOURNAL_RIG_H_INCLUDED

#include "broker/delivery/answers.h"
#include "broker/delivery/pager.h"
#include "broker/journal/records.h"
#include "broker/recovery/compact.h"
#include "broker/recovery/persistence.h"
#include "broker/store/memory.h"
#include "common/pack.h"
#include "tests/lib/hub_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HOUSE_FRAME_TASKS 1000u //  Of a job, that come together

//  A broker's modules over a disk that outlives them
typedef struct house {
    hub_rig_t rig;       // the modules
    memory_disk_t *disk; // what is left after a restart
    client_t *client;    // who submits
    uint64_t memory;     // the broker's limit; 0: the usual one
    uint64_t quota;      // the store's; 0: none
} house_t;

static inline void house_open (house_t *self)
{
    fault_t fault = {0};
    hub_rig_start (&self->rig);
    self->rig.hub.epoch = 99;
    if (self->memory)
        self->rig.hub.memory_limit = self->memory;
    store_t *store = memory_open (self->disk, self->quota, &fault);
    assert_non_null (store);
    persistence_open (&self->rig.hub, &store, &fault);
    assert_string_equal (fault.text, "");
    assert_non_null (self->rig.hub.journal);
    self->client = hub_rig_client (&self->rig);
}

static inline void house_start_with (house_t *self, uint64_t memory)
{
    *self = (house_t){.disk = memory_disk_new (), .memory = memory};
    house_open (self);
}

static inline void house_start (house_t *self)
{
    house_start_with (self, 0);
}

//  What the loop does at the end of a turn, and at the beginning of the next
static inline void house_turn (house_t *self)
{
    fault_t fault = {0};
    persistence_flush (&self->rig.hub);
    assert_int_equal (persistence_turn (&self->rig.hub, &fault), CADRE_OK);
    ledger_settle (self->rig.hub.ledger);
}

static inline void house_leave (house_t *self)
{
    fault_t fault = {0};
    persistence_close (&self->rig.hub, &fault);
    while (job_table_first (self->rig.hub.jobs)) //  Followers go before their clients
        ledger_jobs_unmake (self->rig.hub.ledger, job_table_first (self->rig.hub.jobs));
    do //  Memory of large ones goes in turns
    {
        self->rig.hub.unfinished = false;
        ledger_settle (self->rig.hub.ledger);
    } while (self->rig.hub.unfinished);
    assert_int_equal (self->rig.hub.job_bytes, 0);
    assert_int_equal (self->rig.hub.kept_bytes, 0);
    hub_rig_end_client (&self->rig, &self->client);
    hub_rig_end (&self->rig);
}

static inline void house_restart (house_t *self)
{
    house_leave (self);
    house_open (self);
}

static inline void house_end (house_t *self)
{
    house_leave (self);
    memory_disk_destroy (&self->disk);
}

//  The tasks from first to end, with arguments of so many bytes.
static inline void house_submit (house_t *self, job_t *job, uint32_t first, uint32_t end,
                                 size_t bytes)
{
    buffer_t list = {0};
    uint8_t *filler = calloc (bytes + 1, 1);
    for (uint32_t i = first; i < end; i++) {
        pack_array (&list, 1 + (bytes > 0));
        pack_uint (&list, i);
        if (bytes)
            pack_blob (&list, filler, bytes);
    }
    free (filler);
    wire_list_t payloads = wire_list_of (&list, end - first);
    ledger_jobs_submit (self->rig.hub.ledger, job, &payloads);
    buffer_free (&list);
}

//  Tasks that failed are tried again so often; each has an argument of so many bytes.
static inline job_t *house_job_of (house_t *self, uint32_t tasks, uint64_t retries, size_t bytes)
{
    static uint32_t serial;
    uint8_t uuid [WIRE_UUID_BYTES] = {77};
    memcpy (uuid + 1, &(uint32_t){++serial}, sizeof serial);
    buffer_t packed = {0};
    wire_job_open_t open = {.ref = serial,
                            .uuid = {uuid, sizeof uuid},
                            .kind = WIRE_KIND_CALL,
                            .function = wire_view ("square"),
                            .retries = retries,
                            .retries_lost = 2,
                            .durable = true,
                            .backoff_ms = 50000,
                            .expire_ms = 3600000};
    fault_t fault = {0};
    job_t *job = ledger_jobs_open (self->rig.hub.ledger, self->client, &open);
    wire_pack_job_open (&packed, &open);
    assert_int_equal (
        journal_admit (self->rig.hub.journal, job, packed.size + tasks * bytes, tasks, &fault),
        CADRE_OK);
    records_job (self->rig.hub.journal, job, wire_view_of (&packed));
    for (uint32_t first = 0; first < tasks; first += HOUSE_FRAME_TASKS)
        house_submit (self, job, first,
                      tasks - first < HOUSE_FRAME_TASKS ? tasks : first + HOUSE_FRAME_TASKS, bytes);
    ledger_jobs_finish (self->rig.hub.ledger, job);
    buffer_free (&packed);
    return job;
}

static inline job_t *house_job_with (house_t *self, uint32_t tasks, uint64_t retries)
{
    return house_job_of (self, tasks, retries, 0);
}

static inline job_t *house_job (house_t *self, uint32_t tasks)
{
    return house_job_with (self, tasks, 1);
}

static inline job_t *house_only (house_t *self)
{
    assert_int_equal (job_table_count (self->rig.hub.jobs), 1);
    return job_table_first (self->rig.hub.jobs);
}

static inline uint32_t house_lease (house_t *self, job_t *job, agent_t *agent)
{
    uint32_t index = job_take (job);
    ledger_lease (self->rig.hub.ledger, job, index, agent, ++self->rig.hub.serial);
    return index;
}

static inline void house_answer_all (house_t *self, job_t *job, agent_t *agent, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = house_lease (self, job, agent);
        assert_true (hub_rig_answer (&self->rig, agent, job, index, self->rig.hub.serial,
                                     CADRE_OUTCOME_OK, 5));
    }
}

#endif
