//  journal_fuzz.c - a log whose batches are anything: the broker refuses it, or has a ledger with
//  which it can go on
//
//  The input is batches: two bytes for the length, then bytes. A log that was accepted is worked
//  with for a while: tasks are leased and answered, jobs are cancelled, retried and forgotten, the
//  log is compacted and read once more, and must then be accepted.

#include <assert.h>
#include <string.h>

#include "broker/back/dispatch.h"
#include "broker/recovery/compact.h"
#include "broker/recovery/persistence.h"
#include "broker/store/memory.h"
#include "common/log.h"
#include "tests/lib/rigs/modules_rig.h"

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

#define HEAD_BYTES 2
#define BATCHES_MAX 500
#define TURNS 8

static void s_fill (memory_disk_t *disk, const uint8_t *bytes, size_t size)
{
    store_t *store = memory_open (disk, 0, NULL);
    assert (store);
    cadre_error_t error = store_scan (store, NULL, NULL, NULL);
    assert (!error);
    for (int i = 0; i < BATCHES_MAX && size > HEAD_BYTES; i++) {
        size_t length = (size_t) bytes [0] << 8 | bytes [1], left = size - HEAD_BYTES;
        buffer_t body = {0};
        length = length < left ? length : left;
        buffer_append (&body, bytes + HEAD_BYTES, length);
        if (length)
            store_append (store, &body, NULL);
        buffer_free (&body);
        bytes += HEAD_BYTES + length;
        size = left - length;
    }
    store_close (&store, NULL);
}

static void s_ignore (void *owner, worker_record_t *worker, const spans_t *leases)
{
    (void) owner, (void) worker, (void) leases;
}

//  Every lease of the worker is answered, well or not.
static void s_answer_all (modules_rig_t *rig, worker_record_t *worker, unsigned turn)
{
    for (job_t *job = job_table_first (rig->ctx.jobs); job; job = job->hh_number.next)
        for (uint32_t i = 0; i < job->total && i < 1000; i++) {
            task_t *task = &job->tasks [i];
            if (task_is_leased (task) && task->worker == worker->index)
                modules_rig_answer (rig, worker, job, i, task->serial,
                                    turn % 2 ? CADRE_OUTCOME_OK : CADRE_OUTCOME_ERROR, turn);
        }
}

//  A payload that was said to lie elsewhere in the log may not be there: then the broker ends, as
//  it must: false.
static bool s_turn (modules_rig_t *rig, dispatch_t *dispatch)
{
    fault_t fault = {0};
    rig->ctx.now_us += 3000000;
    timers_run (rig->ctx.timers, rig->ctx.now_us);
    dispatch_run (dispatch);
    ledger_settle (rig->ctx.ledger);
    persistence_flush (&rig->ctx);
    return persistence_turn (&rig->ctx, &fault) == CADRE_OK;
}

static void s_work (modules_rig_t *rig, worker_record_t *worker)
{
    dispatch_t *dispatch = dispatch_new (&rig->ctx, s_ignore, NULL);
    bool sound = true;
    for (unsigned turn = 0; turn < TURNS && (sound = s_turn (rig, dispatch)); turn++) {
        s_answer_all (rig, worker, turn);
        job_t *job = job_table_first (rig->ctx.jobs);
        if (job && turn == TURNS / 2)
            ledger_jobs_cancel_all (rig->ctx.ledger, job);
        if (job && turn == TURNS - 2)
            compact_run (rig->ctx.compact);
    }
    if (sound)
        s_turn (rig, dispatch);
    dispatch_destroy (&dispatch);
}

static void s_end (modules_rig_t *rig)
{
    fault_t ignored = {0};
    persistence_close (&rig->ctx, &ignored);
    for (size_t i = 0; i < roster_entries (rig->ctx.roster); i++) {
        worker_record_t *worker = roster_at (rig->ctx.roster, i);
        if (worker)
            ledger_leases_lose (rig->ctx.ledger, worker, NULL, true);
    }
    while (job_table_first (rig->ctx.jobs))
        ledger_jobs_unmake (rig->ctx.ledger, job_table_first (rig->ctx.jobs));
    modules_rig_end (rig);
}

//  Reads the log and works with it; false when it was refused.
static bool s_live (memory_disk_t *disk, bool work)
{
    modules_rig_t rig;
    fault_t fault = {0};
    modules_rig_start (&rig);
    worker_record_t *worker = modules_rig_worker (&rig, 4);
    store_t *store = memory_open (disk, 0, &fault);
    assert (store);
    bool accepted = persistence_open (&rig.ctx, &store, &fault) == CADRE_OK;
    assert (accepted || fault.text [0]);
    if (accepted && work)
        s_work (&rig, worker);
    s_end (&rig);
    return accepted;
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    static bool quiet;
    if (!quiet)
        log_set_level (LOG_NONE);
    quiet = true;
    memory_disk_t *disk = memory_disk_new ();
    s_fill (disk, bytes, size);
    if (s_live (disk, true)) {
        bool again = s_live (disk, false);
        assert (again); //  What a broker has written, another one reads
    }
    memory_disk_destroy (&disk);
    return 0;
}
