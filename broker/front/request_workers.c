//  request_workers.c - handlers of requests about workers, functions and the broker itself

#include "broker/front/request_workers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/back/lane_limits.h"
#include "broker/core/meter.h"
#include "broker/front/front_session.h"
#include "broker/front/request.h"
#include "broker/front/request_budgets.h"
#include "broker/journal/journal.h"
#include "common/pack.h"

#define DRAIN_MAX_MS (400ull * 24 * 60 * 60 * 1000)
#define VISITS_NAME 8u //  Cost of a label or function of a worker, in visits of a task

static uint64_t s_smaller (uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void s_request_workers_pack_texts (buffer_t *map, const char *key,
                                          const worker_record_t *worker)
{
    pack_text (map, key);
    pack_array (map, worker->labels_count);
    for (size_t i = 0; i < worker->labels_count; i++)
        pack_text (map, worker->labels [i]);
}

static void s_pack_functions (buffer_t *map, const worker_record_t *worker)
{
    pack_text (map, "functions");
    pack_array (map, HASH_COUNT (worker->offers));
    for (const offer_t *offer = worker->offers; offer; offer = offer->hh.next)
        pack_text (map, offer->name);
}

static void s_pack_worker (const context_t *ctx, buffer_t *map, const worker_record_t *worker)
{
    uint64_t window = worker->lane ? lane_free_tasks (worker->lane) : 0;
    pack_map (map, 19);
    request_pair_uint (map, "worker", worker->number);
    request_pair_text (map, "name", worker->name);
    request_pair_text (map, "key", worker->key);
    request_pair_text (map, "host", worker->host);
    request_pair_uint (map, "pid", worker->pid);
    request_pair_text (map, "state", worker_record_state_name (worker));
    request_pair_uint (map, "slots", worker->slots);
    request_pair_bool (map, "threads", worker->threads);
    request_pair_bool (map, "commands", worker->commands);
    request_pair_uint (map, "running", s_smaller (worker->leased, worker->slots));
    s_request_workers_pack_texts (map, "labels", worker);
    s_pack_functions (map, worker);
    request_pair_uint (map, "window", window);
    request_pair_uint (map, "sent", worker->sent);
    request_pair_uint (map, "answered", worker->answered);
    request_pair_uint (map, "done", worker->done);
    request_pair_uint (map, "failed", worker->failed);
    request_pair_text (map, "version", worker->version);
    request_pair_uint (map, "silent_ms", (uint64_t) (ctx->now_us - worker->heard_us) / 1000);
}

//  A worker that is known from the log only, and holds nothing, left long ago, or will register as
//  a new one.
static bool s_is_listed (const worker_record_t *worker)
{
    return worker->described || worker->leased;
}

cadre_error_t request_workers_list (request_t *self, fault_t *fault)
{
    (void) fault;
    const roster_t *roster = self->ctx->roster;
    for (; self->at < roster_entries (roster) && request_goes_on (self); self->at++) {
        const worker_record_t *worker = roster_at (roster, self->at);
        request_spend (self, 1);
        if (!worker || !s_is_listed (worker))
            continue;
        request_spend (self, (uint32_t) (worker->labels_count + HASH_COUNT (worker->offers))
                                 * VISITS_NAME);
        s_pack_worker (self->ctx, &self->items, worker);
        request_element (self);
    }
    if (!self->unfinished)
        request_end_list (self);
    return CADRE_OK;
}

typedef void order_fn (request_t *self, worker_record_t *worker);

static bool s_is_meant (const request_t *self, const worker_record_t *worker)
{
    uint64_t number;
    view_t name;
    if (request_uint (self, "worker", &number))
        return worker->number == number;
    if (!request_text (self, "worker", &name))
        return false;
    return view_is (name, "all") || view_is (name, worker->name);
}

static cadre_error_t s_not_found (const request_t *self, fault_t *fault)
{
    static const char cure [] = "list them with: cadre worker list";
    uint64_t number;
    view_t name = {0};
    if (request_uint (self, "worker", &number))
        return fault_set (fault, CADRE_ERROR_NOT_FOUND, "no worker %llu: %s",
                          (unsigned long long) number, cure);
    if (!request_text (self, "worker", &name))
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "the request names no worker");
    return fault_set (fault, CADRE_ERROR_NOT_FOUND, "no worker '%.*s': %s", (int) name.size,
                      (const char *) name.data, cure);
}

static cadre_error_t s_request_workers_order (request_t *self, order_fn *order, fault_t *fault)
{
    uint64_t count = 0;
    view_t name = {0};
    for (size_t i = 0; i < roster_entries (self->ctx->roster); i++) {
        worker_record_t *worker = roster_at (self->ctx->roster, i);
        if (!worker || !s_is_meant (self, worker))
            continue;
        order (self, worker);
        count++;
    }
    bool all = request_text (self, "worker", &name) && view_is (name, "all");
    if (count == 0 && !all)
        return s_not_found (self, fault);
    pack_map (&self->items, 1);
    request_pair_uint (&self->items, "workers", count);
    request_reply (self, CADRE_OK, "", wire_view_of (&self->items), false);
    return CADRE_OK;
}

static void s_request_workers_drain (request_t *self, worker_record_t *worker)
{
    uint64_t timeout_ms = 0; //  As its own options say
    if (request_uint (self, "timeout_ms", &timeout_ms) && timeout_ms == 0)
        timeout_ms = 1;
    back_drain (self->front->back, worker, timeout_ms);
}

static void s_request_workers_stop (request_t *self, worker_record_t *worker)
{
    back_stop (self->front->back, worker, "by request");
}

cadre_error_t request_workers_drain (request_t *self, fault_t *fault)
{
    return s_request_workers_order (self, s_request_workers_drain, fault);
}

cadre_error_t request_workers_stop (request_t *self, fault_t *fault)
{
    return s_request_workers_order (self, s_request_workers_stop, fault);
}

cadre_error_t request_workers_function_list (request_t *self, fault_t *fault)
{
    (void) fault;
    if (!self->begun)
        catalog_walk (roster_catalog (self->ctx->roster), &self->walk);
    for (const function_entry_t *entry;
         request_goes_on (self) && (entry = catalog_step (&self->walk));) {
        pack_map (&self->items, 4);
        request_pair_text (&self->items, "name", entry->name);
        request_pair_text (&self->items, "takes", entry->takes);
        request_pair_text (&self->items, "says", entry->says);
        request_pair_uint (&self->items, "workers", entry->workers);
        request_element (self);
    }
    if (!self->unfinished)
        request_end_list (self);
    return CADRE_OK;
}

static void s_pack_addresses (const context_t *ctx, buffer_t *map)
{
    char text [ADDRESS_ENDPOINT_BYTES];
    pack_text (map, "addresses");
    pack_array (map, ctx->addresses_count);
    for (size_t i = 0; i < ctx->addresses_count; i++)
        pack_text (map, address_print (&ctx->addresses [i], text, sizeof text));
}

static void s_pack_load (const context_t *ctx, buffer_t *map)
{
    uint64_t running = 0, slots = 0, workers = 0;
    for (size_t i = 0; i < roster_entries (ctx->roster); i++) {
        const worker_record_t *worker = roster_at (ctx->roster, i);
        slots += worker ? worker->slots : 0;
        workers += worker && s_is_listed (worker);
        running += worker ? worker->leased : 0;
    }
    request_pair_uint (map, "workers", workers);
    request_pair_uint (map, "slots", slots);
    request_pair_uint (map, "jobs", job_table_count (ctx->jobs));
    request_pair_uint (map, "tasks_waiting", ctx->tasks_waiting);
    request_pair_uint (map, "tasks_running", running);
    request_pair_uint (map, "tasks_done", ctx->tasks_done);
    request_pair_uint (map, "tasks_failed", ctx->tasks_failed);
}

//  All 0 without a store, and before the first durable job.
static void s_pack_store (const context_t *ctx, buffer_t *map)
{
    store_usage_t usage = {0};
    if (ctx->journal)
        journal_usage (ctx->journal, &usage);
    request_pair_uint (map, "store_bytes", usage.file_bytes);
    request_pair_uint (map, "store_live_bytes", usage.live_bytes);
    request_pair_uint (map, "store_commits", usage.commits);
    request_pair_uint (map, "store_written_bytes", usage.written_bytes);
}

static size_t s_lanes (const roster_t *roster)
{
    size_t count = 0;
    for (size_t i = 0; i < roster_entries (roster); i++)
        count += roster_at (roster, i) && roster_at (roster, i)->lane;
    return count;
}

cadre_error_t request_workers_broker_info (request_t *self, fault_t *fault)
{
    (void) fault;
    const context_t *ctx = self->ctx;
    buffer_t *map = &self->items;
    request_spend (self, (uint32_t) roster_entries (ctx->roster));
    pack_map (map, 38 + REQUEST_BUDGET_PAIRS);
    request_pair_text (map, "name", ctx->name);
    request_pair_text (map, "version", CADRE_VERSION_STRING);
    request_pair_uint (map, "pid", (uint64_t) getpid ());
    request_pair_uint (map, "epoch", ctx->epoch);
    request_pair_uint (map, "uptime_us", (uint64_t) (ctx->now_us - ctx->started_us));
    s_pack_addresses (ctx, map);
    s_pack_load (ctx, map);
    request_pair_uint (map, "clients", front_session_count (self->front));
    request_pair_uint (map, "clients_limit", key_quota_limit (self->front->quota));
    request_pair_uint (map, "memory_bytes", context_used_bytes (ctx));
    request_pair_uint (map, "memory_limit_bytes", ctx->memory_limit);
    request_budgets_pack (ctx, map);
    pack_text (map, "results_per_second");
    pack_double (map, self->front->rate);
    request_pair_uint (map, "refused_frames", ctx->refused_frames);
    request_pair_uint (map, "stale_results", ctx->stale_results);
    request_pair_uint (map, "lost_workers", ctx->lost_workers);
    request_pair_text (map, "state", ctx->state == CONTEXT_RUNNING ? "running" : "draining");
    request_pair_text (map, "store", ctx->store_name);
    s_pack_store (ctx, map);
    request_pair_text (map, "security",
                       ctx->authz      ? "curve"
                       : ctx->insecure ? "insecure"
                                       : "local");
    request_pair_uint (map, "keys", ctx->authz ? keyring_count (ctx->authz->keys) : 0);
    request_pair_uint (map, "refused_peers", ctx->authz ? ctx->authz->refused (ctx->authz) : 0);
    request_pair_uint (map, "lanes", s_lanes (ctx->roster));
    request_pair_uint (map, "lanes_limit", lane_limits_limit (ctx));
    request_pair_uint (map, "refused_hellos", ctx->refused_hellos);
    request_pair_uint (map, "cut_peers", ctx->cut_peers);
    request_pair_uint (map, "held_keys", ctx->meter ? meter_held (ctx->meter) : 0);
    request_pair_uint (map, "key_holds", ctx->meter ? meter_holds (ctx->meter) : 0);
    request_pair_uint (map, "failed_connections", ctx->failed_connections);
    request_pair_uint (map, "turned_away", ctx->turned_away ? ctx->turned_away () : 0);
    request_reply (self, CADRE_OK, "", wire_view_of (map), false);
    return CADRE_OK;
}

cadre_error_t request_workers_broker_drain (request_t *self, fault_t *fault)
{
    (void) fault;
    uint64_t timeout_ms;
    if (request_uint (self, "timeout_ms", &timeout_ms)) {
        timeout_ms = s_smaller (timeout_ms, DRAIN_MAX_MS);
        self->ctx->drain_until_us = self->ctx->now_us + (int64_t) timeout_ms * 1000;
    }
    if (self->ctx->state == CONTEXT_RUNNING)
        context_move (self->ctx, CONTEXT_DRAINING);
    request_reply (self, CADRE_OK, "", (view_t){0}, false);
    return CADRE_OK;
}

cadre_error_t request_workers_broker_stop (request_t *self, fault_t *fault)
{
    (void) fault;
    context_move (self->ctx, CONTEXT_STOPPING);
    request_reply (self, CADRE_OK, "", (view_t){0}, false);
    return CADRE_OK;
}

cadre_error_t request_workers_broker_reload (request_t *self, fault_t *fault)
{
    if (authz_reload (self->ctx, fault))
        return fault->code;
    pack_map (&self->items, 1);
    request_pair_uint (&self->items, "keys", keyring_count (self->ctx->authz->keys));
    request_reply (self, CADRE_OK, "", wire_view_of (&self->items), false);
    return CADRE_OK;
}
