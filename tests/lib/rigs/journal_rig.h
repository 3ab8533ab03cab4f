/*  journal_rig.h - rig: a modules_rig with a journal on a disk in memory, which outlives a restart
 */

#ifndef TESTS_LIB_RIGS_JOURNAL_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_JOURNAL_RIG_H_INCLUDED

#include "broker/delivery/durable_answers.h"
#include "broker/delivery/pager.h"
#include "broker/journal/records.h"
#include "broker/recovery/compact.h"
#include "broker/recovery/persistence.h"
#include "broker/store/memory.h"
#include "common/pack.h"
#include "tests/lib/rigs/modules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define JOURNAL_RIG_FRAME_TASKS 1000u //  Of a job, that come together

//  A broker's modules over a disk that outlives them
typedef struct journal_rig {
    modules_rig_t modules; // the modules
    memory_disk_t *disk;   // what is left after a restart
    client_t *client;      // who submits
    uint64_t memory;       // the broker's limit; 0: the usual one
    uint64_t quota;        // the store's; 0: none
} journal_rig_t;

static inline void journal_rig_open (journal_rig_t *self)
{
    fault_t fault = {0};
    modules_rig_start (&self->modules);
    self->modules.ctx.epoch = 99;
    if (self->memory)
        self->modules.ctx.memory_limit = self->memory;
    store_t *store = memory_open (self->disk, self->quota, &fault);
    assert_non_null (store);
    persistence_open (&self->modules.ctx, &store, &fault);
    assert_string_equal (fault.text, "");
    assert_non_null (self->modules.ctx.journal);
    self->client = modules_rig_client (&self->modules);
}

static inline void journal_rig_start_with (journal_rig_t *self, uint64_t memory)
{
    *self = (journal_rig_t){.disk = memory_disk_new (), .memory = memory};
    journal_rig_open (self);
}

static inline void journal_rig_start (journal_rig_t *self)
{
    journal_rig_start_with (self, 0);
}

//  What the loop does at the end of a turn, and at the beginning of the next
static inline void journal_rig_turn (journal_rig_t *self)
{
    fault_t fault = {0};
    persistence_flush (&self->modules.ctx);
    assert_int_equal (persistence_turn (&self->modules.ctx, &fault), CADRE_OK);
    ledger_settle (self->modules.ctx.ledger);
    assert_true (key_usage_check (&self->modules.ctx));
}

static inline void journal_rig_leave (journal_rig_t *self)
{
    fault_t fault = {0};
    persistence_close (&self->modules.ctx, &fault);
    while (job_table_first (self->modules.ctx.jobs)) //  Followers go before their clients
        ledger_jobs_unmake (self->modules.ctx.ledger, job_table_first (self->modules.ctx.jobs));
    do //  Memory of large ones goes in turns
    {
        self->modules.ctx.unfinished = false;
        ledger_settle (self->modules.ctx.ledger);
    } while (self->modules.ctx.unfinished);
    assert_int_equal (self->modules.ctx.job_bytes, 0);
    assert_int_equal (self->modules.ctx.kept_bytes, 0);
    modules_rig_end_client (&self->modules, &self->client);
    modules_rig_end (&self->modules);
}

static inline void journal_rig_restart (journal_rig_t *self)
{
    journal_rig_leave (self);
    journal_rig_open (self);
}

static inline void journal_rig_end (journal_rig_t *self)
{
    journal_rig_leave (self);
    memory_disk_destroy (&self->disk);
}

//  The tasks from first to end, with arguments of so many bytes.
static inline void journal_rig_submit (journal_rig_t *self, job_t *job, uint32_t first,
                                       uint32_t end, size_t bytes)
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
    ledger_jobs_submit (self->modules.ctx.ledger, job, &payloads);
    buffer_free (&list);
}

//  Tasks that failed are tried again so often; each has an argument of so many bytes.
static inline job_t *journal_rig_job_of (journal_rig_t *self, uint32_t tasks, uint64_t retries,
                                         size_t bytes)
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
    job_t *job = ledger_jobs_open (self->modules.ctx.ledger, self->client, &open);
    wire_pack_job_open (&packed, &open);
    assert_int_equal (
        journal_admit (self->modules.ctx.journal, job, packed.size + tasks * bytes, tasks, &fault),
        CADRE_OK);
    records_job (self->modules.ctx.journal, job, wire_view_of (&packed));
    for (uint32_t first = 0; first < tasks; first += JOURNAL_RIG_FRAME_TASKS)
        journal_rig_submit (
            self, job, first,
            tasks - first < JOURNAL_RIG_FRAME_TASKS ? tasks : first + JOURNAL_RIG_FRAME_TASKS,
            bytes);
    ledger_jobs_finish (self->modules.ctx.ledger, job);
    buffer_free (&packed);
    return job;
}

static inline job_t *journal_rig_job_with (journal_rig_t *self, uint32_t tasks, uint64_t retries)
{
    return journal_rig_job_of (self, tasks, retries, 0);
}

static inline job_t *journal_rig_job (journal_rig_t *self, uint32_t tasks)
{
    return journal_rig_job_with (self, tasks, 1);
}

static inline job_t *journal_rig_only (journal_rig_t *self)
{
    assert_int_equal (job_table_count (self->modules.ctx.jobs), 1);
    return job_table_first (self->modules.ctx.jobs);
}

static inline uint32_t journal_rig_lease (journal_rig_t *self, job_t *job, worker_record_t *worker)
{
    uint32_t index = job_take (job);
    ledger_lease (self->modules.ctx.ledger, job, index, worker, ++self->modules.ctx.serial);
    return index;
}

static inline void journal_rig_answer_all (journal_rig_t *self, job_t *job, worker_record_t *worker,
                                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = journal_rig_lease (self, job, worker);
        assert_true (modules_rig_answer (&self->modules, worker, job, index,
                                         self->modules.ctx.serial, CADRE_OUTCOME_OK, 5));
    }
}

#endif
