//  back_register.c - registration of a worker by WORKER_HELLO

#include "broker/back/back_register.h"

#include <assert.h>
#include <string.h>

#include "broker/back/back_session.h"
#include "broker/back/output_grants.h"
#include "common/entropy.h"
#include "common/log.h"
#include "common/sharing.h"

#define HELLO_US 250000 //  Minimum interval of HELLOs of one worker, or on one connection
#define HELLO_AHEAD 4   //  Burst of HELLOs

static cadre_error_t s_back_register_check (const wire_worker_hello_t *hello, address_kind_t *kind,
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
                          "a worker must connect by tcp, ipc or inproc");
    return CADRE_OK;
}

//  A worker that is refused now may find room later.
static cadre_error_t s_check_room (const back_t *self, const wire_worker_hello_t *hello,
                                   fault_t *fault)
{
    const worker_record_t *worker = roster_by_uuid (self->ctx->roster, hello->uuid.data);
    if (roster_has_room (self->ctx->roster, worker, hello))
        return CADRE_OK;
    self->ctx->refused_bytes++;
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
    const char *peer = self->ctx->peer;
    if (!self->ctx->authz)
        return CADRE_OK;
    if (!authz_is_worker (self->ctx->authz, peer))
        return fault_set (fault, CADRE_ERROR_REFUSED,
                          "this key is not a worker's: ask for an access file of role worker");
    const worker_record_t *worker = roster_by_uuid (self->ctx->roster, hello->uuid.data);
    bool other = worker && worker->described && strcmp (worker->peer, peer) != 0;
    if (s_is_local (peer) != (kind != ADDRESS_TCP) || other)
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "that worker is registered with another key or transport: restart the worker");
    return CADRE_OK;
}

//  Leases of this worker that the worker lists stay valid; a list of another epoch contains none of
//  ours.
static bool s_adopt (back_t *self, worker_record_t *worker, const wire_worker_hello_t *hello,
                     spans_t *adopted)
{
    spans_t held = {0};
    if (hello->epoch == self->ctx->epoch && !spans_read (&held, &hello->held)) {
        spans_free (&held);
        return false;
    }
    ledger_leases_lose (self->ctx->ledger, worker, &held,
                        true); //  It is alive: leases that it does not list were never started
    spans_free (&held);
    for (size_t i = 0; i < worker->leases_count; i++) {
        const lease_t *lease = &worker->leases [i];
        spans_add (adopted, lease->serial);
        job_t *job = job_table_find (self->ctx->jobs, lease->job);
        if (job->tasks [lease->index].state == TASK_CANCELLING)
            worker_record_cancel (worker, lease->serial);
        else if (job->stopping)
            worker_record_recall (worker, lease->serial);
    }
    return true;
}

static void s_welcome (back_t *self, const worker_record_t *worker, const spans_t *adopted)
{
    buffer_t list = {0}, offers = {0};
    spans_pack (adopted, &list);
    size_t count = worker->shares ? sharing_pack (self->ctx->probe, &offers) : 0;
    wire_worker_welcome_t fields = {.minor = WIRE_MINOR,
                                    .lane = lane_number (worker->lane),
                                    .epoch = self->ctx->epoch,
                                    .beat_ms = self->ctx->beat_ms,
                                    .lost_ms = self->ctx->lost_ms,
                                    .sink_bytes = CONTEXT_SINK_BYTES,
                                    .output_bytes = CONTEXT_OUTPUT_BYTES,
                                    .adopted = wire_list_of (&list, adopted->count),
                                    .capabilities = wire_list_of (&offers, count)};
    wire_write_worker_welcome (&self->frame, (wire_envelope_t){.session = worker->session},
                               &fields);
    back_session_send (self, worker->route);
    buffer_free (&list);
    buffer_free (&offers);
}

//  As with clients: only within the machine, and of peers that need no key.
static void s_worker_share (const back_t *self, worker_record_t *worker,
                            const wire_worker_hello_t *hello)
{
    worker->shares = !*worker->key && sharing_is_local (self->ctx->peer_fd)
                     && sharing_opens (&hello->capabilities);
    if (worker->shares)
        parts_share (worker->parts, true);
}

//  A worker that cannot be accepted is forgotten, unless it has leases, with which it may return
//  when there is room.
static void s_reject (back_t *self, worker_record_t *worker, sockets_route_t route, fault_t *fault)
{
    if (fault->code == CADRE_ERROR_DESCRIPTORS)
        self->ctx->refused_hellos++;
    else
        self->ctx->refused_frames++;
    back_session_refuse (self, route, fault);
    if (fault->code != CADRE_ERROR_DESCRIPTORS || !worker->leased)
        back_session_forget (self, worker, false);
}

//  A correct worker sends HELLO once a second, and at once when it registers again; more frequent
//  ones are ignored.
static bool s_is_too_often (const back_t *self, worker_record_t *worker)
{
    int64_t now_us = self->ctx->now_us;
    if (worker->hello_us > now_us + HELLO_AHEAD * HELLO_US)
        return true;
    worker->hello_us = (worker->hello_us > now_us ? worker->hello_us : now_us) + HELLO_US;
    return false;
}

//  The worker for that HELLO, without a session. An earlier worker on the same connection is
//  superseded, because a connection belongs to one worker. NULL: the HELLO is ignored.
static worker_record_t *s_worker (back_t *self, const wire_worker_hello_t *hello,
                                  sockets_route_t route)
{
    roster_t *roster = self->ctx->roster;
    worker_record_t *worker = roster_by_uuid (roster, hello->uuid.data),
                    *former = roster_by_route (roster, route);
    if ((worker && s_is_too_often (self, worker))
        || (former && former != worker && s_is_too_often (self, former)))
        return NULL;
    int64_t hello_us = former ? former->hello_us : 0;
    if (former && former != worker) {
        log_line (LOG_INFO, "B037", "worker %s is replaced by another on its connection",
                  former->name);
        back_session_forget (self, former, false);
    }
    if (worker)
        roster_end_session (roster, worker);
    else
        worker = roster_add (roster, hello->uuid.data);
    roster_move (roster, worker, route);
    worker->fd = self->ctx->peer_fd;
    worker->hello_us = hello_us > worker->hello_us ? hello_us : worker->hello_us;
    worker->heard_us = worker->joined_us = worker->answered_us = self->ctx->now_us;
    return worker;
}

//  Ends a session that was never opened, because its lane is needed. The worker may register again.
static void s_back_register_give_up (back_t *self, worker_record_t *worker)
{
    back_session_who (self, worker->route);
    if (worker->leased)
        roster_end_session (self->ctx->roster, worker);
    else
        back_session_forget (self, worker, true);
}

//  NULL and a fault when there is no room.
static lane_t *s_lane (back_t *self, const worker_record_t *worker, address_kind_t kind,
                       uint64_t session, fault_t *fault)
{
    worker_record_t *yields;
    if (lane_limits_ask (&self->lane_limits, worker->peer, kind, &yields, fault))
        return NULL;
    if (yields)
        s_back_register_give_up (self, yields);
    lane_t *lane = lane_new (self->ctx, kind, worker->peer, session,
                             kind == ADDRESS_TCP ? &self->next_port : &self->next_name, fault);
    if (lane)
        lane_limits_taken (&self->lane_limits);
    else if (fault->code == CADRE_ERROR_DESCRIPTORS)
        lane_limits_not_found (&self->lane_limits);
    return lane;
}

void back_register (back_t *self, sockets_route_t route, cursor_t *body)
{
    fault_t fault = {0};
    wire_worker_hello_t hello;
    address_kind_t kind = ADDRESS_TCP;
    if (!wire_read_worker_hello (body, &hello) || !cursor_done (body)) {
        self->ctx->refused_frames++;
        return;
    }
    //  A refused worker gives up and loses its leases; without an answer it finds the next broker
    if (self->ctx->state == CONTEXT_STOPPING)
        return;
    if (s_back_register_check (&hello, &kind, &fault) || s_check_key (self, &hello, kind, &fault)
        || s_check_room (self, &hello, &fault)) {
        self->ctx->refused_frames++;
        back_session_refuse (self, route, &fault);
        return;
    }
    worker_record_t *worker = s_worker (self, &hello, route);
    if (!worker) {
        self->ctx->refused_hellos++;
        return;
    }
    snprintf (worker->peer, sizeof worker->peer, "%s", self->ctx->peer ? self->ctx->peer : "");
    uint64_t session = entropy_u64 ();
    spans_t adopted = {0};
    lane_t *lane = NULL;
    if (!roster_describe (self->ctx->roster, worker, &hello,
                          authz_rights (self->ctx->authz, self->ctx->peer)))
        fault_set (&fault, CADRE_ERROR_PROTOCOL,
                   "labels or functions in the worker's HELLO are not well-formed");
    else if (!s_adopt (self, worker, &hello, &adopted))
        fault_set (&fault, CADRE_ERROR_PROTOCOL,
                   "the leases that the worker holds are not well-formed");
    else
        lane = s_lane (self, worker, kind, session, &fault);
    if (!lane) {
        spans_free (&adopted);
        s_reject (self, worker, route, &fault);
        return;
    }
    roster_begin_session (self->ctx->roster, worker, &lane, session);
    s_worker_share (self, worker, &hello);
    s_welcome (self, worker, &adopted);
    output_grants_repeat (self, worker);
    spans_free (&adopted);
    log_line (LOG_INFO, "B015", "worker %s on %s registers%s%s: %u slots", worker->name,
              worker->host, *worker->key ? " with key " : "", worker->key, worker->slots);
    self->joined (self->owner);
}
