/*  modules_rig.h - rig: a broker's ledger, roster, queue and timers without its sockets
 *
 *  Time stands still until the test moves it. Lanes are bound over inproc and have no peer: what is
 *  put there stays there.
 */

#ifndef TESTS_LIB_RIGS_MODULES_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_MODULES_RIG_H_INCLUDED

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "broker/jobs/committed.h"
#include "broker/ledger/ledger.h"
#include "broker/queue/ready.h"
#include "broker/record/delay.h"
#include "common/pack.h"
#include "common/sockets.h"

typedef struct modules_rig {
    context_t ctx;      // the blackboard
    uint32_t lane_next; // next name of a lane
    uint32_t uuids;     // UUIDs given
} modules_rig_t;

static inline void modules_rig_start (modules_rig_t *self)
{
    *self = (modules_rig_t){0};
    context_t *ctx = &self->ctx;
    ctx->zmq = sockets_context_new (1, 200, NULL);
    ctx->now_us = 1000000;
    ctx->beat_ms = 1000;
    ctx->lost_ms = 10000;
    ctx->memory_limit = 1u << 30;
    ctx->addresses_count = 1;
    address_parse (&ctx->addresses [0], "inproc://rig", NULL);
    ctx->timers = timers_new ();
    ctx->roster = roster_new ();
    ctx->ready = ready_new (ctx->roster);
    ctx->ledger = ledger_new (ctx);
    ctx->delay = delay_new (ctx->timers, ledger_settle_wake, ctx->ledger);
}

//  Clients must have been ended.
static inline void modules_rig_end (modules_rig_t *self)
{
    context_t *ctx = &self->ctx;
    assert (key_usage_check (ctx));
    ledger_destroy (&ctx->ledger);
    assert (!ctx->usages && ctx->present_keys == 0);
    delay_destroy (&ctx->delay);
    ready_destroy (&ctx->ready);
    roster_destroy (&ctx->roster);
    timers_destroy (&ctx->timers);
    sockets_context_destroy (&ctx->zmq);
}

static inline void modules_rig_uuid (modules_rig_t *self, uint8_t kind,
                                     uint8_t uuid [WIRE_UUID_BYTES])
{
    self->uuids++;
    memset (uuid, 0, WIRE_UUID_BYTES);
    uuid [0] = kind;
    memcpy (uuid + 1, &self->uuids, sizeof self->uuids);
}

//  A session of that key; "": without a key.
static inline client_t *modules_rig_client_of (modules_rig_t *self, const char *holder)
{
    uint8_t uuid [WIRE_UUID_BYTES];
    modules_rig_uuid (self, 200, uuid);
    client_t *client = client_new (uuid);
    snprintf (client->holder, sizeof client->holder, "%s", holder);
    client->usage = key_usage_enter (&self->ctx, holder);
    return client;
}

static inline client_t *modules_rig_client (modules_rig_t *self)
{
    return modules_rig_client_of (self, "");
}

static inline void modules_rig_end_client (modules_rig_t *self, client_t **client)
{
    ledger_jobs_abandon (self->ctx.ledger, *client);
    client_count (*client, &self->ctx, false);
    assert (key_usage_check (&self->ctx));
    key_usage_leave (&self->ctx, &(*client)->usage);
    self->ctx.dirty = NULL;
    (*client)->dirty = false;
    client_destroy (client);
}

//  A worker that is ready, offers square and runs commands.
static inline worker_record_t *modules_rig_worker (modules_rig_t *self, uint32_t slots)
{
    uint8_t uuid [WIRE_UUID_BYTES];
    modules_rig_uuid (self, 100, uuid);
    buffer_t functions = {0};
    wire_pack_function (&functions, &(wire_function_t){.name = wire_view ("square")});
    wire_worker_hello_t hello = {.name = wire_view ("agent"),
                                 .slots = slots,
                                 .commands = true,
                                 .functions = wire_list_of (&functions, 1)};
    worker_record_t *worker = roster_add (self->ctx.roster, uuid);
    roster_describe (self->ctx.roster, worker, &hello, rights_of_all ());
    lane_t *lane =
        lane_new (&self->ctx, ADDRESS_INPROC, "", 1000u + self->uuids, &self->lane_next, NULL);
    lane_grant (lane, 100000, 1u << 30);
    roster_begin_session (self->ctx.roster, worker, &lane, 1000u + self->uuids);
    worker->state = WORKER_READY;
    roster_changed (self->ctx.roster, worker);
    buffer_free (&functions);
    return worker;
}

//  A job with that many tasks, sealed: calls of square, where options do not say otherwise.
static inline job_t *modules_rig_job (modules_rig_t *self, client_t *client,
                                      const wire_job_open_t *options, uint32_t tasks)
{
    uint8_t uuid [WIRE_UUID_BYTES];
    modules_rig_uuid (self, 50, uuid);
    wire_job_open_t open = *options;
    buffer_t list = {0};
    open.ref = self->uuids;
    open.kind = open.kind ? open.kind : WIRE_KIND_CALL;
    open.function = open.function.size ? open.function : wire_view ("square");
    open.uuid = (view_t){.data = uuid, .size = sizeof uuid};
    job_t *job = ledger_jobs_open (self->ctx.ledger, client, &open);
    client_ref_add (client, open.ref, REF_JOB, job->number);
    for (uint32_t i = 0; i < tasks; i++) {
        pack_array (&list, 1);
        pack_uint (&list, i);
    }
    wire_list_t payloads = wire_list_of (&list, tasks);
    committed_append (&self->ctx, job, &payloads, NULL);
    committed_seal (&self->ctx, job);
    buffer_free (&list);
    return job;
}

//  The worker answers a lease; false when it was not valid.
static inline bool modules_rig_answer (modules_rig_t *self, worker_record_t *worker,
                                       const job_t *job, uint32_t index, uint64_t serial,
                                       unsigned outcome, uint64_t run_us)
{
    buffer_t tail = {0}, none = {0};
    wire_sink_result_t result = {
        .job = job->number, .index = index, .serial = serial, .outcome = outcome, .run_us = run_us};
    pack_uint (&tail, outcome);
    pack_int (&tail, 0);
    pack_uint (&tail, run_us);
    pack_nil (&tail);
    pack_nil (&tail);
    bool valid = ledger_result (self->ctx.ledger, worker, &result, wire_view_of (&tail), &none);
    buffer_free (&tail);
    return valid;
}

#endif
