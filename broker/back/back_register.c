//  back_register.c - registration of a worker by WORKER_HELLO

#include "broker/back/back_register.h"

#include <assert.h>
#include <string.h>

#include "broker/back/back_session.h"
#include "broker/back/output_grants.h"
#include "common/entropy.h"
#include "common/log.h"

#define HELLO_US 250000 //  Minimum interval of HELLOs of one worker, or on one connection
#define HELLO_AHEAD 4   //  Burst of HELLOs

static cadre_error_t s_check (const wire_worker_hello_t *hello, address_kind_t *kind,
                              fault_t *fault)
{
    if (!view_is (hello->magic, WIRE_MAGIC) || hello->uuid.size != WIRE_UUID_BYTES)
        return fault_set (fault, CADRE_ERROR_PROTOCOL, "this is not the HELLO of a cadre worker");
    if (hello->major != WIRE_MAJOR)
        return fault_set (
            fault, CADRE_ERROR_VERSION,
            "worker speaks cadre protocol %u.%u, this broker %u.%u: upgrade the older of the two",
            (unsigned) hello->major, (unsigned) hello->minor, WIRE_MAJOR, WIRE_MINOR);
    if (hello->slots == 0 || hello->slots > ROSTER_SLOTS_MAX)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "a worker has from 1 to %u slots: see --slots", ROSTER_SLOTS_MAX);
    *kind = view_is (hello->scheme, "tcp")      ? ADDRESS_TCP
            : view_is (hello->scheme, "ipc")    ? ADDRESS_IPC
            : view_is (hello->scheme, "inproc") ? ADDRESS_INPROC
                                                : (address_kind_t) 0;
    if (*kind == 0)
        return fault_set (fault, CADRE_ERROR_ADDRESS,
                          "a worker reaches its broker by tcp, ipc or inproc");
    return CADRE_OK;
}

//  A worker that is refused now may find room later.
static cadre_error_t s_check_room (const back_t *self, const wire_worker_hello_t *hello,
                                   fault_t *fault)
{
    const agent_t *agent = roster_by_uuid (self->hub->roster, hello->uuid.data);
    if (roster_has_room (self->hub->roster, agent, hello))
        return CADRE_OK;
    self->hub->refused_bytes++;
    return fault_set (
        fault, CADRE_ERROR_DESCRIPTORS,
        "the broker has no room for more labels and functions of workers: start it with a larger "
        "--memory");
}

static bool s_is_local (const char *peer)
{
    return strcmp (peer, SOCKETS_DOMAIN_LOCAL) == 0;
}

//  A known worker must reconnect with the same key; a worker without a key has no lane on tcp. For
//  a worker known from the log only, the key is unknown: its UUID, which only the broker was told,
//  identifies it.
static cadre_error_t s_check_key (const back_t *self, const wire_worker_hello_t *hello,
                                  address_kind_t kind, fault_t *fault)
{
    const char *peer = self->hub->peer;
    if (!self->hub->doors)
        return CADRE_OK;
    if (!authz_is_worker (self->hub->doors, peer))
        return fault_set (fault, CADRE_ERROR_REFUSED,
                          "this key is not a worker's: ask for an access file of role worker");
    const agent_t *agent = roster_by_uuid (self->hub->roster, hello->uuid.data);
    bool other = agent && agent->described && strcmp (agent->peer, peer) != 0;
    if (s_is_local (peer) != (kind != ADDRESS_TCP) || other)
        return fault_set (fault, CADRE_ERROR_REFUSED,
                          "this is not the way, or not the key, of that worker");
    return CADRE_OK;
}

//  Leases of this agent that the worker lists stay valid; a list of another epoch contains none of
//  ours.
static bool s_adopt (back_t *self, agent_t *agent, const wire_worker_hello_t *hello,
                     spans_t *adopted)
{
    spans_t held = {0};
    if (hello->epoch == self->hub->epoch && !spans_read (&held, &hello->held)) {
        spans_free (&held);
        return false;
    }
    ledger_leases_lose (self->hub->ledger, agent, &held,
                        true); //  It is alive: leases that it does not list were never started
    spans_free (&held);
    for (size_t i = 0; i < agent->leases_count; i++) {
        const lease_t *lease = &agent->leases [i];
        spans_add (adopted, lease->serial);
        job_t *job = job_table_find (self->hub->jobs, lease->job);
        if (job->tasks [lease->index].state == TASK_CANCELLING)
            agent_cancel (agent, lease->serial);
    }
    return true;
}

static void s_welcome (back_t *self, const agent_t *agent, const spans_t *adopted)
{
    buffer_t list = {0};
    spans_pack (adopted, &list);
    wire_worker_welcome_t fields = {.minor = WIRE_MINOR,
                                    .lane = lane_number (agent->lane),
                                    .epoch = self->hub->epoch,
                                    .beat_ms = self->hub->beat_ms,
                                    .lost_ms = self->hub->lost_ms,
                                    .sink_bytes = HUB_SINK_BYTES,
                                    .output_bytes = HUB_OUTPUT_BYTES,
                                    .adopted = wire_list_of (&list, adopted->count)};
    wire_write_worker_welcome (&self->frame, (wire_envelope_t){.session = agent->session}, &fields);
    back_session_send (self, agent->route);
    buffer_free (&list);
}

//  A worker that cannot be accepted is forgotten, unless it has leases, with which it may return
//  when there is room.
static void s_reject (back_t *self, agent_t *agent, sockets_route_t route, fault_t *fault)
{
    if (fault->code == CADRE_ERROR_DESCRIPTORS)
        self->hub->refused_hellos++;
    else
        self->hub->refused_frames++;
    back_session_refuse (self, route, fault);
    if (fault->code != CADRE_ERROR_DESCRIPTORS || !agent->leased)
        back_session_forget (self, agent, false);
}

//  A correct worker sends HELLO once a second, and at once when it registers again; more frequent
//  ones are ignored.
static bool s_is_too_often (const back_t *self, agent_t *agent)
{
    int64_t now_us = self->hub->now_us;
    if (agent->hello_us > now_us + HELLO_AHEAD * HELLO_US)
        return true;
    agent->hello_us = (agent->hello_us > now_us ? agent->hello_us : now_us) + HELLO_US;
    return false;
}

//  The agent for that HELLO, without a session. An earlier worker on the same connection is
//  superseded, because a connection belongs to one worker. NULL: the HELLO is ignored.
static agent_t *s_agent (back_t *self, const wire_worker_hello_t *hello, sockets_route_t route)
{
    roster_t *roster = self->hub->roster;
    agent_t *agent = roster_by_uuid (roster, hello->uuid.data),
            *former = roster_by_route (roster, route);
    if ((agent && s_is_too_often (self, agent))
        || (former && former != agent && s_is_too_often (self, former)))
        return NULL;
    int64_t hello_us = former ? former->hello_us : 0;
    if (former && former != agent) {
        log_line (LOG_INFO, "B037", "worker %s gives way to another on its connection",
                  former->name);
        back_session_forget (self, former, false);
    }
    if (agent)
        roster_end_session (roster, agent);
    else
        agent = roster_add (roster, hello->uuid.data);
    roster_move (roster, agent, route);
    agent->fd = self->hub->peer_fd;
    agent->hello_us = hello_us > agent->hello_us ? hello_us : agent->hello_us;
    agent->heard_us = agent->joined_us = agent->answered_us = self->hub->now_us;
    return agent;
}

//  Ends a session that was never opened, because its lane is needed. The worker may register again.
static void s_give_up (back_t *self, agent_t *agent)
{
    back_session_who (self, agent->route);
    if (agent->leased)
        roster_end_session (self->hub->roster, agent);
    else
        back_session_forget (self, agent, true);
}

//  NULL and a fault when there is no room.
static lane_t *s_lane (back_t *self, const agent_t *agent, address_kind_t kind, uint64_t session,
                       fault_t *fault)
{
    agent_t *yields;
    if (berths_ask (&self->berths, agent->peer, kind, &yields, fault))
        return NULL;
    if (yields)
        s_give_up (self, yields);
    lane_t *lane = lane_new (self->hub, kind, agent->peer, session,
                             kind == ADDRESS_TCP ? &self->next_port : &self->next_name, fault);
    if (lane)
        berths_taken (&self->berths);
    else if (fault->code == CADRE_ERROR_DESCRIPTORS)
        berths_not_found (&self->berths);
    return lane;
}

void back_register (back_t *self, sockets_route_t route, cursor_t *body)
{
    fault_t fault = {0};
    wire_worker_hello_t hello;
    address_kind_t kind = ADDRESS_TCP;
    if (!wire_read_worker_hello (body, &hello) || !cursor_done (body)) {
        self->hub->refused_frames++;
        return;
    }
    //  A refused worker gives up and loses its leases; without an answer it finds the next broker
    if (self->hub->state == HUB_STOPPING)
        return;
    if (s_check (&hello, &kind, &fault) || s_check_key (self, &hello, kind, &fault)
        || s_check_room (self, &hello, &fault)) {
        self->hub->refused_frames++;
        back_session_refuse (self, route, &fault);
        return;
    }
    agent_t *agent = s_agent (self, &hello, route);
    if (!agent) {
        self->hub->refused_hellos++;
        return;
    }
    snprintf (agent->peer, sizeof agent->peer, "%s", self->hub->peer ? self->hub->peer : "");
    uint64_t session = entropy_u64 ();
    spans_t adopted = {0};
    lane_t *lane = NULL;
    if (!roster_describe (self->hub->roster, agent, &hello,
                          authz_rights (self->hub->doors, self->hub->peer)))
        fault_set (&fault, CADRE_ERROR_PROTOCOL,
                   "labels or functions in the worker's HELLO are not well-formed");
    else if (!s_adopt (self, agent, &hello, &adopted))
        fault_set (&fault, CADRE_ERROR_PROTOCOL,
                   "the leases that the worker holds are not well-formed");
    else
        lane = s_lane (self, agent, kind, session, &fault);
    if (!lane) {
        spans_free (&adopted);
        s_reject (self, agent, route, &fault);
        return;
    }
    roster_begin_session (self->hub->roster, agent, &lane, session);
    s_welcome (self, agent, &adopted);
    output_grants_repeat (self, agent);
    spans_free (&adopted);
    log_line (LOG_INFO, "B015", "worker %s on %s registers%s%s: %u slots", agent->name, agent->host,
              *agent->key ? " with key " : "", agent->key, agent->slots);
    self->joined (self->owner);
}
