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
    agent_t **places;                //  Agents and empty entries
    size_t count;                    //  Used entries of places
    size_t capacity;                 //  Allocated
    uint64_t numbers;                //  The last number assigned
    uint64_t version;                //  Changes with everything that affects which workers fit
    agent_t *by_session;             //  uthash
    agent_t *by_uuid;                //  uthash
    agent_t *by_route;               //  uthash
    known_t *known;                  //  Names of functions that are or were offered
    hub_t *hub;                      //  Where memory is counted; borrowed; or NULL
    uint64_t said_bytes;             //  Memory of workers' descriptions
    uint64_t said_most;              //  Its limit
    catalog_t *catalog;              //  Functions that are offered now
    demand_t *demands;               //  Requirements of jobs (uthash)
    uint32_t changes [CHANGES_KEPT]; //  Indexes of changed agents, by version
};

roster_t *roster_new (void)
{
    roster_t *self = calloc (1, sizeof *self);
    assert (self);
    self->version = 1;
    self->catalog = catalog_new ();
    self->known = known_new (KNOWN_BYTES);
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

static void s_forget_description (roster_t *self, agent_t *agent)
{
    for (const offer_t *offer = agent->offers; offer; offer = offer->hh.next)
        catalog_strike (self->catalog, offer->name);
    for (size_t i = 0; i < agent->labels_count; i++)
        free (agent->labels [i]);
    free (agent->labels);
    agent->labels = NULL;
    agent->labels_count = 0;
    s_free_offers (&agent->offers);
    self->said_bytes -= agent->said_bytes;
    agent->said_bytes = 0;
}

void roster_destroy (roster_t **self_p)
{
    assert (self_p);
    roster_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) {
        agent_t *agent = self->places [i];
        if (!agent)
            continue;
        agent->leased = 0;
        roster_remove (self, &agent);
    }
    known_destroy (&self->known);
    catalog_destroy (&self->catalog);
    free (self->places);
    free (self);
    *self_p = NULL;
}

static size_t s_free_place (roster_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (!self->places [i])
            return i;
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 16;
        self->places = realloc (self->places, self->capacity * sizeof (agent_t *));
        assert (self->places);
    }
    return self->count++;
}

agent_t *roster_add (roster_t *self, const uint8_t uuid [WIRE_UUID_BYTES])
{
    agent_t *agent = calloc (1, sizeof *agent);
    assert (agent);
    memcpy (agent->uuid, uuid, WIRE_UUID_BYTES);
    agent->number = ++self->numbers;
    agent->fd = -1;
    agent->place = (uint32_t) s_free_place (self);
    self->places [agent->place] = agent;
    HASH_ADD (hh_uuid, self->by_uuid, uuid, WIRE_UUID_BYTES, agent);
    roster_changed (self, agent);
    return agent;
}

void roster_remove (roster_t *self, agent_t **agent_p)
{
    agent_t *agent = *agent_p;
    assert (agent->leased == 0);
    roster_end_session (self, agent);
    HASH_DELETE (hh_uuid, self->by_uuid, agent);
    roster_move (self, agent, 0);
    self->places [agent->place] = NULL;
    roster_changed (self, agent);
    s_forget_description (self, agent);
    spans_free (&agent->cancels);
    free (agent->leases);
    free (agent);
    *agent_p = NULL;
}

static bool s_read_labels (agent_t *agent, const wire_list_t *list)
{
    if (list->count > LABELS_MAX)
        return false;
    agent->labels = calloc (list->count + 1, sizeof (char *));
    assert (agent->labels);
    cursor_t cursor = cursor_of_view (list->values);
    for (size_t i = 0; i < list->count; i++) {
        view_t label;
        if (!cursor_text (&cursor, &label) || label.size >= HUB_NAME_BYTES)
            return false;
        agent->labels [agent->labels_count++] = view_text (label);
    }
    return true;
}

static bool s_read_offers (roster_t *self, agent_t *agent, const wire_list_t *list,
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
        char name [HUB_NAME_BYTES];
        view_copy (function.name, name, sizeof name);
        HASH_FIND (hh, agent->offers, function.name.data, function.name.size, offer);
        if (offer || !rights_cover (rights, name))
            continue;
        offer = calloc (1, sizeof *offer);
        assert (offer);
        offer->name = view_text (function.name);
        offer->takes = view_text (function.takes);
        offer->says = view_text (function.says);
        HASH_ADD_KEYPTR (hh, agent->offers, offer->name, strlen (offer->name), offer);
        known_add (self->known, offer->name);
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

bool roster_has_room (const roster_t *self, const agent_t *agent, const wire_worker_hello_t *hello)
{
    return self->said_bytes - (agent ? agent->said_bytes : 0) + s_said (hello) <= self->said_most;
}

void roster_limit (roster_t *self, hub_t *hub)
{
    self->hub = hub;
    self->said_most = budget_workers (hub);
    known_limit (self->known, budget_names (hub));
}

static uint64_t s_agent_bytes (const agent_t *agent)
{
    uint64_t spans = agent->cancels.capacity * sizeof (wire_span_t);
    return sizeof *agent + spans + agent->leases_capacity * sizeof (lease_t)
           + (agent->session ? SESSION_BYTES + lane_bytes (agent->lane) : 0);
}

uint64_t roster_bytes (const roster_t *self)
{
    uint64_t bytes = self->said_bytes + known_bytes (self->known);
    for (size_t i = 0; i < self->count; i++)
        bytes += self->places [i] ? s_agent_bytes (self->places [i]) : 0;
    return bytes;
}

bool roster_describe (roster_t *self, agent_t *agent, const wire_worker_hello_t *hello,
                      const rights_t *rights)
{
    s_forget_description (self, agent);
    agent->said_bytes = s_said (hello);
    self->said_bytes += agent->said_bytes;
    view_copy (hello->name, agent->name, sizeof agent->name);
    view_copy (hello->host, agent->host, sizeof agent->host);
    view_copy (hello->version, agent->version, sizeof agent->version);
    agent->pid = hello->pid;
    agent->slots = (uint32_t) hello->slots;
    agent->threads = hello->threads;
    agent->commands = hello->commands && rights_cover (rights, NULL);
    agent->described = true;
    snprintf (agent->key, sizeof agent->key, "%s", rights->name);
    roster_changed (self, agent);
    return s_read_labels (agent, &hello->labels)
           && s_read_offers (self, agent, &hello->functions, rights);
}

void roster_begin_session (roster_t *self, agent_t *agent, lane_t **lane_p, uint64_t session)
{
    roster_end_session (self, agent);
    agent->session = session;
    agent->lane = *lane_p;
    *lane_p = NULL;
    agent->parts = parts_new ();
    agent_move (agent, AGENT_JOINING);
    agent->breached = false;
    HASH_ADD (hh_session, self->by_session, session, sizeof agent->session, agent);
    roster_changed (self, agent);
}

void roster_end_session (roster_t *self, agent_t *agent)
{
    if (agent->session == 0)
        return;
    HASH_DELETE (hh_session, self->by_session, agent);
    agent->session = 0;
    agent_move (agent, AGENT_AWAY);
    lane_destroy (&agent->lane);
    if (self->hub)
        self->hub->sink_bytes -= parts_held (agent->parts);
    parts_destroy (&agent->parts);
    agent->in = (stream_in_t){0};
    agent->hold = (hold_t){0};
    agent->beat_received = agent->lane_sent = agent->sink_sent = agent->sink_received = 0;
    agent->stalls = 0;
    agent->window = (sink_window_t){0};
    agent->unacknowledged_bytes = 0;
    agent->beat_due = agent->deaf = false;
    agent->cancels.count = agent->cancels_sent = 0;
    agent->cancels_early = false;
    agent->recall_until_us = 0;
    roster_changed (self, agent);
}

void roster_move (roster_t *self, agent_t *agent, sockets_route_t route)
{
    if (agent->route)
        HASH_DELETE (hh_route, self->by_route, agent);
    agent->route = route;
    if (route)
        HASH_ADD (hh_route, self->by_route, route, sizeof agent->route, agent);
}

agent_t *roster_by_route (roster_t *self, sockets_route_t route)
{
    agent_t *agent;
    HASH_FIND (hh_route, self->by_route, &route, sizeof route, agent);
    return agent;
}

agent_t *roster_by_session (roster_t *self, uint64_t session)
{
    agent_t *agent;
    HASH_FIND (hh_session, self->by_session, &session, sizeof session, agent);
    return agent;
}

agent_t *roster_by_uuid (roster_t *self, const uint8_t uuid [WIRE_UUID_BYTES])
{
    agent_t *agent;
    HASH_FIND (hh_uuid, self->by_uuid, uuid, WIRE_UUID_BYTES, agent);
    return agent;
}

agent_t *roster_by_number (roster_t *self, uint64_t number)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->places [i] && self->places [i]->number == number)
            return self->places [i];
    return NULL;
}

size_t roster_places (const roster_t *self)
{
    return self->count;
}

agent_t *roster_at (const roster_t *self, size_t place)
{
    return self->places [place];
}

size_t roster_count (const roster_t *self)
{
    return HASH_CNT (hh_uuid, self->by_uuid);
}

uint64_t roster_version (const roster_t *self)
{
    return self->version;
}

void roster_changed (roster_t *self, const agent_t *agent)
{
    self->version++;
    self->changes [self->version % CHANGES_KEPT] = agent->place;
}

static bool s_has_label (const agent_t *agent, const char *label)
{
    for (size_t i = 0; i < agent->labels_count; i++)
        if (strcmp (agent->labels [i], label) == 0)
            return true;
    return false;
}

static bool s_fits (const agent_t *agent, const demand_t *demand)
{
    if (agent->state == AGENT_DRAINING)
        return false;
    for (size_t i = 0; i < demand->needs_count; i++)
        if (!s_has_label (agent, demand->needs [i]))
            return false;
    if (demand->kind == WIRE_KIND_COMMAND)
        return agent->commands;
    offer_t *offer;
    HASH_FIND_STR (agent->offers, demand->function, offer);
    return offer != NULL;
}

static bool s_get_bit (const demand_t *demand, size_t place)
{
    return place / 64 < demand->words && demand->fits [place / 64] >> place % 64 & 1;
}

//  No worker fits most demands that require too much: they need no bits.
static void s_set_bit (demand_t *demand, size_t place, bool fits)
{
    if (s_get_bit (demand, place) == fits)
        return;
    if (place / 64 >= demand->words) {
        demand->fits = realloc (demand->fits, (place / 64 + 1) * sizeof (uint64_t));
        assert (demand->fits);
        memset (demand->fits + demand->words, 0,
                (place / 64 + 1 - demand->words) * sizeof (uint64_t));
        demand->words = place / 64 + 1;
    }
    demand->fits [place / 64] ^= UINT64_C (1) << place % 64;
    demand->fitting += fits ? 1 : SIZE_MAX;
}

static void s_judge_place (const roster_t *self, demand_t *demand, size_t place)
{
    const agent_t *agent = self->places [place];
    s_set_bit (demand, place, agent && s_fits (agent, demand));
}

//  Checks the agents that have changed, or all if there are too many changes.
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

bool roster_fits (roster_t *self, agent_t *agent, job_t *job)
{
    if (job->demand->version != self->version)
        roster_judge (self, job->demand);
    return s_get_bit (job->demand, agent->place);
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
        if (self->places [i] && !self->places [i]->described)
            return false;
    return true;
}

bool roster_knew (const roster_t *self, const char *function)
{
    return known_has (self->known, function);
}

void roster_nearest (const roster_t *self, const char *function, size_t max, char *buffer,
                     size_t size)
{
    guess_t *guess = guess_new (function, max);
    for (const known_name_t *name = known_first (self->known); name; name = known_next (name))
        guess_offer (guess, known_text (name));
    guess_print (guess, buffer, size);
    guess_destroy (&guess);
}

catalog_t *roster_catalog (const roster_t *self)
{
    return self->catalog;
}
