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

#define DRAIN_MS 30000
#define VISITS_NAME 8u //  Cost of a label or function of a worker, in visits of a task

static uint64_t s_smaller (uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void s_pack_texts (buffer_t *map, const char *key, const agent_t *agent)
{
    pack_text (map, key);
    pack_array (map, agent->labels_count);
    for (size_t i = 0; i < agent->labels_count; i++)
        pack_text (map, agent->labels [i]);
}

static void s_pack_functions (buffer_t *map, const agent_t *agent)
{
    pack_text (map, "functions");
    pack_array (map, HASH_COUNT (agent->offers));
    for (const offer_t *offer = agent->offers; offer; offer = offer->hh.next)
        pack_text (map, offer->name);
}

static void s_pack_worker (const hub_t *hub, buffer_t *map, const agent_t *agent)
{
    uint64_t window = agent->lane ? lane_free_tasks (agent->lane) : 0;
    pack_map (map, 19);
    request_pair_uint (map, "worker", agent->number);
    request_pair_text (map, "name", agent->name);
    request_pair_text (map, "key", agent->key);
    request_pair_text (map, "host", agent->host);
    request_pair_uint (map, "pid", agent->pid);
    request_pair_text (map, "state", agent_state_name (agent));
    request_pair_uint (map, "slots", agent->slots);
    request_pair_bool (map, "threads", agent->threads);
    request_pair_bool (map, "commands", agent->commands);
    request_pair_uint (map, "running", s_smaller (agent->leased, agent->slots));
    s_pack_texts (map, "labels", agent);
    s_pack_functions (map, agent);
    request_pair_uint (map, "window", window);
    request_pair_uint (map, "sent", agent->sent);
    request_pair_uint (map, "answered", agent->answered);
    request_pair_uint (map, "done", agent->done);
    request_pair_uint (map, "failed", agent->failed);
    request_pair_text (map, "version", agent->version);
    request_pair_uint (map, "silent_ms", (uint64_t) (hub->now_us - agent->heard_us) / 1000);
}

cadre_error_t request_workers_list (request_t *self, fault_t *fault)
{
    (void) fault;
    const roster_t *roster = self->hub->roster;
    for (; self->at < roster_places (roster) && request_goes_on (self); self->at++) {
        const agent_t *agent = roster_at (roster, self->at);
        request_spend (self, 1);
        if (!agent)
            continue;
        request_spend (self,
                       (uint32_t) (agent->labels_count + HASH_COUNT (agent->offers)) * VISITS_NAME);
        s_pack_worker (self->hub, &self->items, agent);
        request_element (self);
    }
    if (!self->unfinished)
        request_end_list (self);
    return CADRE_OK;
}

typedef void order_fn (request_t *self, agent_t *agent);

static bool s_is_meant (const request_t *self, const agent_t *agent)
{
    uint64_t number;
    view_t name;
    if (request_uint (self, "worker", &number))
        return agent->number == number;
    if (!request_text (self, "worker", &name))
        return false;
    return view_is (name, "all") || view_is (name, agent->name);
}

static cadre_error_t s_order (request_t *self, order_fn *order, fault_t *fault)
{
    uint64_t count = 0;
    view_t name = {0};
    for (size_t i = 0; i < roster_places (self->hub->roster); i++) {
        agent_t *agent = roster_at (self->hub->roster, i);
        if (!agent || !s_is_meant (self, agent))
            continue;
        order (self, agent);
        count++;
    }
    bool all = request_text (self, "worker", &name) && view_is (name, "all");
    if (count == 0 && !all)
        return fault_set (fault, CADRE_ERROR_NOT_FOUND,
                          "no such worker: list them with: cadre worker list");
    pack_map (&self->items, 1);
    request_pair_uint (&self->items, "workers", count);
    request_reply (self, CADRE_OK, "", wire_view_of (&self->items), false);
    return CADRE_OK;
}

static void s_drain (request_t *self, agent_t *agent)
{
    uint64_t timeout_ms = DRAIN_MS;
    request_uint (self, "timeout_ms", &timeout_ms);
    back_drain (self->front->back, agent, timeout_ms);
}

static void s_stop (request_t *self, agent_t *agent)
{
    back_stop (self->front->back, agent, "by request");
}

cadre_error_t request_workers_drain (request_t *self, fault_t *fault)
{
    return s_order (self, s_drain, fault);
}

cadre_error_t request_workers_stop (request_t *self, fault_t *fault)
{
    return s_order (self, s_stop, fault);
}

cadre_error_t request_workers_function_list (request_t *self, fault_t *fault)
{
    (void) fault;
    if (!self->begun)
        catalog_walk (roster_catalog (self->hub->roster), &self->walk);
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

static void s_pack_addresses (const hub_t *hub, buffer_t *map)
{
    char text [ADDRESS_ENDPOINT_BYTES];
    pack_text (map, "addresses");
    pack_array (map, hub->addresses_count);
    for (size_t i = 0; i < hub->addresses_count; i++)
        pack_text (map, address_print (&hub->addresses [i], text, sizeof text));
}

static void s_pack_load (const hub_t *hub, buffer_t *map)
{
    uint64_t running = 0, slots = 0;
    for (size_t i = 0; i < roster_places (hub->roster); i++) {
        const agent_t *agent = roster_at (hub->roster, i);
        slots += agent ? agent->slots : 0;
        running += agent ? agent->leased : 0;
    }
    request_pair_uint (map, "workers", roster_count (hub->roster));
    request_pair_uint (map, "slots", slots);
    request_pair_uint (map, "jobs", job_table_count (hub->jobs));
    request_pair_uint (map, "tasks_waiting", hub->tasks_waiting);
    request_pair_uint (map, "tasks_running", running);
    request_pair_uint (map, "tasks_done", hub->tasks_done);
    request_pair_uint (map, "tasks_failed", hub->tasks_failed);
}

//  All 0 without a store, and before the first durable job.
static void s_pack_store (const hub_t *hub, buffer_t *map)
{
    store_usage_t usage = {0};
    if (hub->journal)
        journal_usage (hub->journal, &usage);
    request_pair_uint (map, "store_bytes", usage.file_bytes);
    request_pair_uint (map, "store_live_bytes", usage.live_bytes);
    request_pair_uint (map, "store_commits", usage.commits);
    request_pair_uint (map, "store_written_bytes", usage.written_bytes);
}

static size_t s_lanes (const roster_t *roster)
{
    size_t count = 0;
    for (size_t i = 0; i < roster_places (roster); i++)
        count += roster_at (roster, i) && roster_at (roster, i)->lane;
    return count;
}

cadre_error_t request_workers_broker_info (request_t *self, fault_t *fault)
{
    (void) fault;
    const hub_t *hub = self->hub;
    buffer_t *map = &self->items;
    request_spend (self, (uint32_t) roster_places (hub->roster));
    pack_map (map, 37 + REQUEST_BUDGET_PAIRS);
    request_pair_text (map, "name", hub->name);
    request_pair_text (map, "version", CADRE_VERSION_STRING);
    request_pair_uint (map, "pid", (uint64_t) getpid ());
    request_pair_uint (map, "epoch", hub->epoch);
    request_pair_uint (map, "uptime_us", (uint64_t) (hub->now_us - hub->started_us));
    s_pack_addresses (hub, map);
    s_pack_load (hub, map);
    request_pair_uint (map, "clients", front_session_count (self->front));
    request_pair_uint (map, "clients_limit", shares_limit (self->front->shares));
    request_pair_uint (map, "memory_bytes", hub_used_bytes (hub));
    request_pair_uint (map, "memory_limit_bytes", hub->memory_limit);
    request_budgets_pack (hub, map);
    pack_text (map, "results_per_second");
    pack_double (map, self->front->rate);
    request_pair_uint (map, "refused_frames", hub->refused_frames);
    request_pair_uint (map, "stale_results", hub->stale_results);
    request_pair_uint (map, "lost_workers", hub->lost_workers);
    request_pair_text (map, "state", hub->state == HUB_RUNNING ? "running" : "draining");
    request_pair_text (map, "store", hub->store_name);
    s_pack_store (hub, map);
    request_pair_text (map, "security",
                       hub->doors      ? "curve"
                       : hub->insecure ? "insecure"
                                       : "local");
    request_pair_uint (map, "keys", hub->doors ? keyring_count (hub->doors->keys) : 0);
    request_pair_uint (map, "refused_peers", hub->doors ? hub->doors->refused (hub->doors) : 0);
    request_pair_uint (map, "lanes", s_lanes (hub->roster));
    request_pair_uint (map, "lanes_limit", berths_limit (hub));
    request_pair_uint (map, "refused_hellos", hub->refused_hellos);
    request_pair_uint (map, "cut_peers", hub->cut_peers);
    request_pair_uint (map, "held_keys", hub->meter ? meter_held (hub->meter) : 0);
    request_pair_uint (map, "key_holds", hub->meter ? meter_holds (hub->meter) : 0);
    request_pair_uint (map, "turned_away", hub->turned_away ? hub->turned_away () : 0);
    request_reply (self, CADRE_OK, "", wire_view_of (map), false);
    return CADRE_OK;
}

cadre_error_t request_workers_broker_drain (request_t *self, fault_t *fault)
{
    (void) fault;
    if (self->hub->state == HUB_RUNNING)
        hub_move (self->hub, HUB_DRAINING);
    request_reply (self, CADRE_OK, "", (view_t){0}, false);
    return CADRE_OK;
}

cadre_error_t request_workers_broker_stop (request_t *self, fault_t *fault)
{
    (void) fault;
    hub_move (self->hub, HUB_STOPPING);
    request_reply (self, CADRE_OK, "", (view_t){0}, false);
    return CADRE_OK;
}

cadre_error_t request_workers_broker_reload (request_t *self, fault_t *fault)
{
    if (authz_reload (self->hub, fault))
        return fault->code;
    pack_map (&self->items, 1);
    request_pair_uint (&self->items, "keys", keyring_count (self->hub->doors->keys));
    request_reply (self, CADRE_OK, "", wire_view_of (&self->items), false);
    return CADRE_OK;
}
