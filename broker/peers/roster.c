//  roster.c - the workers, as the broker sees them

#include "broker/peers/roster.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/core/budget.h"
#include "broker/record/function_names.h"
#include "common/rules.h"
#include "common/suggestion.h"

#define LABELS_MAX 256u         //  Labels of one worker
#define KNOWN_BYTES (16u << 20) //  Limit of remembered names, by default
#define OFFER_BYTES 320u        //  Memory of a function besides its texts, here and in the catalog
#define SESSION_BYTES (64u << 10) //  Memory of a connected worker: its sockets

#define CHANGES_KEPT 64u //  Number of latest changes that are recorded individually

struct roster {
    worker_record_t **entries;       //  Workers and empty entries
    size_t count;                    //  Used entries of places
    size_t capacity;                 //  Allocated
    uint64_t numbers;                //  The last number assigned
    uint64_t version;                //  Changes with everything that affects which workers fit
    worker_record_t *by_session;     //  uthash
    worker_record_t *by_uuid;        //  uthash
    worker_record_t *by_route;       //  uthash
    function_names_t *known;         //  Names of functions that are or were offered
    context_t *ctx;                  //  Where memory is counted; borrowed; or NULL
    uint64_t said_bytes;             //  Memory of workers' descriptions
    uint64_t said_most;              //  Its limit
    catalog_t *catalog;              //  Functions that are offered now
    demand_t *demands;               //  Requirements of jobs (uthash)
    uint32_t changes [CHANGES_KEPT]; //  Indexes of changed workers, by version
};

roster_t *roster_new (void)
{
    roster_t *self = calloc (1, sizeof *self);
    assert (self);
    self->version = 1;
    self->catalog = catalog_new ();
    self->known = function_names_new (KNOWN_BYTES);
    self->said_most = UINT64_MAX;
    return self;
}

static void s_free_offers (offer_t **offers)
{
    offer_t *offer, *next;
    HASH_ITER (hh, *offers, offer, next) {
        HASH_DEL (*offers, offer);
        free (offer->name);
        free (offer->takes);
        free (offer->says);
        free (offer);
    }
}

static void s_forget_description (roster_t *self, worker_record_t *worker)
{
    for (const offer_t *offer = worker->offers; offer; offer = offer->hh.next)
        catalog_strike (self->catalog, offer->name);
    for (size_t i = 0; i < worker->labels_count; i++)
        free (worker->labels [i]);
    free (worker->labels);
    worker->labels = NULL;
    worker->labels_count = 0;
    s_free_offers (&worker->offers);
    self->said_bytes -= worker->said_bytes;
    worker->said_bytes = 0;
}

void roster_destroy (roster_t **self_p)
{
    assert (self_p);
    roster_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) {
        worker_record_t *worker = self->entries [i];
        if (!worker)
            continue;
        worker->leased = 0;
        roster_remove (self, &worker);
    }
    function_names_destroy (&self->known);
    catalog_destroy (&self->catalog);
    free (self->entries);
    free (self);
    *self_p = NULL;
}

static size_t s_free_entry (roster_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (!self->entries [i])
            return i;
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 16;
        self->entries = realloc (self->entries, self->capacity * sizeof (worker_record_t *));
        assert (self->entries);
    }
    return self->count++;
}

worker_record_t *roster_add (roster_t *self, const uint8_t uuid [WIRE_UUID_BYTES])
{
    worker_record_t *worker = calloc (1, sizeof *worker);
    assert (worker);
    memcpy (worker->uuid, uuid, WIRE_UUID_BYTES);
    worker->number = ++self->numbers;
    worker->fd = -1;
    worker->index = (uint32_t) s_free_entry (self);
    self->entries [worker->index] = worker;
    HASH_ADD (hh_uuid, self->by_uuid, uuid, WIRE_UUID_BYTES, worker);
    roster_changed (self, worker);
    return worker;
}

void roster_remove (roster_t *self, worker_record_t **worker_p)
{
    worker_record_t *worker = *worker_p;
    assert (worker->leased == 0);
    roster_end_session (self, worker);
    HASH_DELETE (hh_uuid, self->by_uuid, worker);
    roster_move (self, worker, 0);
    self->entries [worker->index] = NULL;
    roster_changed (self, worker);
    s_forget_description (self, worker);
    spans_free (&worker->cancels.leases);
    spans_free (&worker->recalls.leases);
    free (worker->leases);
    free (worker);
    *worker_p = NULL;
}

static bool s_read_labels (worker_record_t *worker, const wire_list_t *list)
{
    if (list->count > LABELS_MAX)
        return false;
    worker->labels = calloc (list->count + 1, sizeof (char *));
    assert (worker->labels);
    cursor_t cursor = cursor_of_view (list->values);
    for (size_t i = 0; i < list->count; i++) {
        view_t label;
        if (!cursor_text (&cursor, &label) || label.size >= CONTEXT_NAME_BYTES)
            return false;
        worker->labels [worker->labels_count++] = view_text (label);
    }
    return true;
}

static bool s_read_offers (roster_t *self, worker_record_t *worker, const wire_list_t *list,
                           const rights_t *rights)
{
    cursor_t cursor = cursor_of_view (list->values);
    if (!rules_message_functions (list, NULL))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        wire_function_t function;
        if (!wire_read_function (&cursor, &function))
            return false;
        offer_t *offer;
        char name [CONTEXT_NAME_BYTES];
        view_copy (function.name, name, sizeof name);
        HASH_FIND (hh, worker->offers, function.name.data, function.name.size, offer);
        if (offer || !rights_cover (rights, name))
            continue;
        offer = calloc (1, sizeof *offer);
        assert (offer);
        offer->name = view_text (function.name);
        offer->takes = view_text (function.takes);
        offer->says = view_text (function.says);
        HASH_ADD_KEYPTR (hh, worker->offers, offer->name, strlen (offer->name), offer);
        function_names_add (self->known, offer->name);
        catalog_enter (self->catalog, offer->name, offer->takes, offer->says);
    }
    return true;
}

//  Texts are stored here and in the catalog, and names also among the known names.
static uint64_t s_said (const wire_worker_hello_t *hello)
{
    return 2 * (hello->functions.values.size + hello->labels.values.size)
           + hello->functions.count * OFFER_BYTES + hello->labels.count * BUDGET_BLOCK_BYTES;
}

bool roster_has_room (const roster_t *self, const worker_record_t *worker,
                      const wire_worker_hello_t *hello)
{
    return self->said_bytes - (worker ? worker->said_bytes : 0) + s_said (hello) <= self->said_most;
}

void roster_limit (roster_t *self, context_t *ctx)
{
    self->ctx = ctx;
    self->said_most = budget_workers (ctx);
    function_names_limit (self->known, budget_names (ctx));
}

static uint64_t s_worker_bytes (const worker_record_t *worker)
{
    uint64_t spans = worker->cancels.leases.capacity + worker->recalls.leases.capacity;
    return sizeof *worker + spans * sizeof (wire_span_t)
           + worker->leases_capacity * sizeof (lease_t)
           + (worker->session ? SESSION_BYTES + lane_bytes (worker->lane) : 0);
}

uint64_t roster_bytes (const roster_t *self)
{
    uint64_t bytes = self->said_bytes + function_names_bytes (self->known);
    for (size_t i = 0; i < self->count; i++)
        bytes += self->entries [i] ? s_worker_bytes (self->entries [i]) : 0;
    return bytes;
}

bool roster_describe (roster_t *self, worker_record_t *worker, const wire_worker_hello_t *hello,
                      const rights_t *rights)
{
    s_forget_description (self, worker);
    worker->said_bytes = s_said (hello);
    self->said_bytes += worker->said_bytes;
    view_copy (hello->name, worker->name, sizeof worker->name);
    view_copy (hello->host, worker->host, sizeof worker->host);
    view_copy (hello->version, worker->version, sizeof worker->version);
    worker->pid = hello->pid;
    worker->slots = (uint32_t) hello->slots;
    worker->threads = hello->threads;
    worker->commands = hello->commands && rights_cover (rights, NULL);
    worker->described = true;
    snprintf (worker->key, sizeof worker->key, "%s", rights->name);
    roster_changed (self, worker);
    return s_read_labels (worker, &hello->labels)
           && s_read_offers (self, worker, &hello->functions, rights);
}

void roster_begin_session (roster_t *self, worker_record_t *worker, lane_t **lane_p,
                           uint64_t session)
{
    roster_end_session (self, worker);
    worker->session = session;
    worker->lane = *lane_p;
    *lane_p = NULL;
    worker->parts = parts_new ();
    worker_record_move (worker, WORKER_JOINING);
    worker->breached = false;
    HASH_ADD (hh_session, self->by_session, session, sizeof worker->session, worker);
    roster_changed (self, worker);
}

static void s_forget_order (worker_order_t *order)
{
    order->leases.count = order->sent = 0;
    order->early = false;
}

void roster_end_session (roster_t *self, worker_record_t *worker)
{
    if (worker->session == 0)
        return;
    HASH_DELETE (hh_session, self->by_session, worker);
    worker->session = 0;
    worker_record_move (worker, WORKER_AWAY);
    lane_destroy (&worker->lane);
    if (self->ctx)
        self->ctx->sink_bytes -= parts_held (worker->parts);
    parts_destroy (&worker->parts);
    worker->in = (stream_in_t){0};
    worker->hold = (ack_hold_t){0};
    worker->beat_received = worker->lane_sent = worker->sink_sent = worker->sink_received = 0;
    worker->stalls = 0;
    worker->window = (sink_window_t){0};
    worker->unacknowledged_bytes = 0;
    worker->beat_due = worker->deaf = false;
    s_forget_order (&worker->cancels);
    s_forget_order (&worker->recalls);
    worker->recall_until_us = 0;
    roster_changed (self, worker);
}

void roster_move (roster_t *self, worker_record_t *worker, sockets_route_t route)
{
    if (worker->route)
        HASH_DELETE (hh_route, self->by_route, worker);
    worker->route = route;
    if (route)
        HASH_ADD (hh_route, self->by_route, route, sizeof worker->route, worker);
}

worker_record_t *roster_by_route (roster_t *self, sockets_route_t route)
{
    worker_record_t *worker;
    HASH_FIND (hh_route, self->by_route, &route, sizeof route, worker);
    return worker;
}

worker_record_t *roster_by_session (roster_t *self, uint64_t session)
{
    worker_record_t *worker;
    HASH_FIND (hh_session, self->by_session, &session, sizeof session, worker);
    return worker;
}

worker_record_t *roster_by_uuid (roster_t *self, const uint8_t uuid [WIRE_UUID_BYTES])
{
    worker_record_t *worker;
    HASH_FIND (hh_uuid, self->by_uuid, uuid, WIRE_UUID_BYTES, worker);
    return worker;
}

worker_record_t *roster_by_number (roster_t *self, uint64_t number)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->entries [i] && self->entries [i]->number == number)
            return self->entries [i];
    return NULL;
}

size_t roster_entries (const roster_t *self)
{
    return self->count;
}

worker_record_t *roster_at (const roster_t *self, size_t index)
{
    return self->entries [index];
}

size_t roster_count (const roster_t *self)
{
    return HASH_CNT (hh_uuid, self->by_uuid);
}

uint64_t roster_version (const roster_t *self)
{
    return self->version;
}

void roster_changed (roster_t *self, const worker_record_t *worker)
{
    self->version++;
    self->changes [self->version % CHANGES_KEPT] = worker->index;
}

static bool s_has_label (const worker_record_t *worker, const char *label)
{
    for (size_t i = 0; i < worker->labels_count; i++)
        if (strcmp (worker->labels [i], label) == 0)
            return true;
    return false;
}

static bool s_roster_fits (const worker_record_t *worker, const demand_t *demand)
{
    if (worker->state == WORKER_DRAINING)
        return false;
    for (size_t i = 0; i < demand->needs_count; i++)
        if (!s_has_label (worker, demand->needs [i]))
            return false;
    if (demand->kind == WIRE_KIND_COMMAND)
        return worker->commands;
    offer_t *offer;
    HASH_FIND_STR (worker->offers, demand->function, offer);
    return offer != NULL;
}

static bool s_get_bit (const demand_t *demand, size_t index)
{
    return index / 64 < demand->words && demand->fits [index / 64] >> index % 64 & 1;
}

//  No worker fits most demands that require too much: they need no bits.
static void s_set_bit (demand_t *demand, size_t index, bool fits)
{
    if (s_get_bit (demand, index) == fits)
        return;
    if (index / 64 >= demand->words) {
        demand->fits = realloc (demand->fits, (index / 64 + 1) * sizeof (uint64_t));
        assert (demand->fits);
        memset (demand->fits + demand->words, 0,
                (index / 64 + 1 - demand->words) * sizeof (uint64_t));
        demand->words = index / 64 + 1;
    }
    demand->fits [index / 64] ^= UINT64_C (1) << index % 64;
    demand->fitting += fits ? 1 : SIZE_MAX;
}

static void s_judge_place (const roster_t *self, demand_t *demand, size_t index)
{
    const worker_record_t *worker = self->entries [index];
    s_set_bit (demand, index, worker && s_roster_fits (worker, demand));
}

//  Checks the workers that have changed, or all if there are too many changes.
void roster_judge (roster_t *self, demand_t *demand)
{
    uint64_t changes = self->version - demand->version;
    if (demand->version == 0 || changes > CHANGES_KEPT)
        for (size_t i = 0; i < self->count; i++)
            s_judge_place (self, demand, i);
    else
        for (uint64_t version = demand->version + 1; version <= self->version; version++)
            s_judge_place (self, demand, self->changes [version % CHANGES_KEPT]);
    demand->version = self->version;
}

bool roster_fits (roster_t *self, worker_record_t *worker, job_t *job)
{
    if (job->demand->version != self->version)
        roster_judge (self, job->demand);
    return s_get_bit (job->demand, worker->index);
}

bool roster_any_fits (roster_t *self, job_t *job)
{
    if (job->demand->version != self->version)
        roster_judge (self, job->demand);
    return job->demand->fitting > 0;
}

demand_t *roster_demand (roster_t *self, const job_t *job)
{
    return demand_join (&self->demands, job);
}

void roster_undemand (roster_t *self, demand_t **demand_p)
{
    demand_leave (&self->demands, demand_p);
}

bool roster_is_described (const roster_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->entries [i] && !self->entries [i]->described)
            return false;
    return true;
}

bool roster_knew (const roster_t *self, const char *function)
{
    return function_names_has (self->known, function);
}

void roster_nearest (const roster_t *self, const char *function, size_t max, char *buffer,
                     size_t size)
{
    suggestion_t *suggestion = suggestion_new (function, max);
    for (const function_names_name_t *name = function_names_first (self->known); name;
         name = function_names_next (name))
        suggestion_offer (suggestion, function_names_text (name));
    suggestion_print (suggestion, buffer, size);
    suggestion_destroy (&suggestion);
}

catalog_t *roster_catalog (const roster_t *self)
{
    return self->catalog;
}
