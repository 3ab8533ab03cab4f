//  broker.c - the broker's loop

#include "broker/broker.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "broker/back/back.h"
#include "broker/back/dispatch.h"
#include "broker/back/job_sweep.h"
#include "broker/core/budget.h"
#include "broker/core/meter.h"
#include "broker/front/front.h"
#include "broker/front/front_turn.h"
#include "broker/guard/tcp_peers.h"
#include "broker/guard/throttle.h"
#include "broker/ledger/ledger.h"
#include "broker/queue/ready.h"
#include "broker/record/delay.h"
#include "broker/recovery/persistence.h"
#include "broker/report.h"
#include "common/cpus.h"
#include "common/descriptors.h"
#include "common/entropy.h"
#include "common/log.h"
#include "common/sharing.h"
#include "common/socket_folder.h"

#define BROKER_DESCRIPTORS 32     //  Three sockets, their peers, and a reserve
#define MEMORY_USUAL (1ull << 30) //  If the machine's memory is unknown
#define BATCH_FRAMES 256          //  Frames read from one socket in one turn
#define BATCH_TASKS 65536u        //  After so many tasks from JOB_TASKS, the turn reads no more
#define BATCH_BYTES                                                                                \
    (1u << 20) //  Bytes after which the turn reads no more, so that small frames do not wait long
               //  for large ones
#define BATCH_WASTE_NS                                                                             \
    1000000u           //  After so much time for frames without work, the turn reads no more
#define PENDING_MAX 16 //  Unconnected lanes that are polled
#define FIXED_ITEMS 5  //  Front, back, sink, orders, store
#define FRONT_QUEUE                                                                                \
    1000 //  Frames queued for one client that does not read, mainly answers to peers without a
         //  session
#define BACK_QUEUE                                                                                 \
    10000 //  Frames queued for one worker; beyond that an order is lost, and its session ends
#define GIVE_BACK_BYTES (256u << 10) //  Smaller amounts are not worth trimming the heap
#define IDLE_MS 1000                 //  Maximum duration of a wait

struct broker {
    context_t ctx;          //  What all modules share
    void *router_front;     //  Clients
    void *router_back;      //  Workers
    void *pull_sink;        //  Results
    int signal_fd;          //  eventfd that wakes the loop
    volatile int orders;    //  Orders seen so far, as bits (atomic)
    front_t *front;         //  The clients' side
    back_t *back;           //  The workers' side
    dispatch_t *dispatch;   //  Assigns tasks to workers
    alarm_t beat;           //  Fires once per beat interval
    alarm_t watch;          //  Fires when connections must be inspected
    alarm_t judge;          //  Fires when silent peers must be searched
    int64_t judge_from_us;  //  No peer is declared lost before: this process itself was stopped
    tcp_peers_t *tcp_peers; //  tcp connections; NULL if none are possible
    uint64_t most_bytes;    //  Maximum that jobs have held since the heap was trimmed
    bool behind;            //  A socket had more frames than one turn reads
    uint64_t waste_ns;      //  Time of this read for frames without work
    fault_t fault;          //  The error of the store
};

//  ---- start --------------------------------------------------------------

static void s_joined (void *owner)
{
    broker_t *self = owner;
    job_sweep_begin (&self->ctx);
}

//  After much was freed, the heap consists mainly of gaps between a few remaining blocks: returns
//  them to the system. An embedded broker does not do this to the program's heap.
static void s_give_back (broker_t *self)
{
    uint64_t held = self->ctx.job_bytes + self->ctx.kept_bytes;
    if (held > self->most_bytes)
        self->most_bytes = held;
    if (self->ctx.embedded || held > self->most_bytes / 2 || self->most_bytes < GIVE_BACK_BYTES)
        return;
    malloc_trim (0);
    self->most_bytes = held;
}

static void s_broker_beat (void *owner, int64_t now_us)
{
    broker_t *self = owner;
    timers_set (self->ctx.timers, &self->beat, now_us + (int64_t) self->ctx.beat_ms * 1000);
    front_turn_beat (self->front);
    back_beat (self->back);
    s_give_back (self);
    log_settle ();
}

static void s_broker_watch (void *owner, int64_t now_us)
{
    broker_t *self = owner;
    tcp_peers_look (self->tcp_peers);
    timers_set (self->ctx.timers, &self->watch, now_us + TCP_PEERS_PAUSE_US);
}

//  Over inproc and ipc, only the broker's own user can connect.
static void s_start_watch (broker_t *self)
{
    self->watch = (alarm_t){.ring = s_broker_watch, .owner = self};
    for (size_t i = 0; i < self->ctx.addresses_count && !self->tcp_peers; i++)
        if (self->ctx.addresses [i].kind == ADDRESS_TCP)
            self->tcp_peers = tcp_peers_new (&self->ctx);
    if (self->tcp_peers)
        timers_set (self->ctx.timers, &self->watch, self->ctx.now_us + TCP_PEERS_PAUSE_US);
}

//  Declares peers lost only when everything that they have sent was read.
static void s_broker_judge (void *owner, int64_t now_us)
{
    broker_t *self = owner;
    timers_set (self->ctx.timers, &self->judge, now_us + (int64_t) self->ctx.beat_ms * 500);
    if (self->behind || now_us < self->judge_from_us)
        return;
    front_turn_judge (self->front);
    back_judge (self->back);
}

uint64_t broker_memory_bytes (const broker_options_t *options)
{
    uint64_t bytes = options->memory_bytes ? options->memory_bytes : cpus_memory_bytes (NULL) / 4;
    return bytes ? bytes : MEMORY_USUAL;
}

static cadre_error_t s_take_options (broker_t *self, void *context, const broker_options_t *options,
                                     fault_t *fault)
{
    context_t *ctx = &self->ctx;
    ctx->zmq = context;
    ctx->clock = options->clock;
    ctx->notify = options->notify;
    ctx->lane_first = options->lane_first;
    ctx->lane_last = options->lane_last;
    ctx->beat_ms = options->beat_ms ? options->beat_ms : 1000;
    ctx->lost_ms = options->lost_ms ? options->lost_ms : 10000;
    ctx->embedded = options->embedded;
    ctx->insecure = options->insecure;
    ctx->authz = options->authz;
    ctx->turned_away = options->turned_away;
    snprintf (ctx->store_name, sizeof ctx->store_name, "%s",
              options->store_name ? options->store_name : "");
    ctx->store_open = options->store_open;
    ctx->store_owner = options->store_owner;
    ctx->throttle = options->throttle;
    ctx->memory_limit = broker_memory_bytes (options);
    ctx->epoch = entropy_u64 ();
    ctx->now_us = ctx->started_us = clock_now (ctx->clock);
    if (options->name)
        snprintf (ctx->name, sizeof ctx->name, "%s", options->name);
    else if (gethostname (ctx->name, sizeof ctx->name - 1))
        snprintf (ctx->name, sizeof ctx->name, "broker");
    if (ctx->lost_ms < 2 * ctx->beat_ms)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "--lost is %u ms and --beat %u ms: --lost must be at least twice --beat",
                          ctx->lost_ms, ctx->beat_ms);
    return address_parse_list (options->listen ? options->listen : "", ctx->addresses,
                               ADDRESS_LIST_MAX, &ctx->addresses_count, fault);
}

static cadre_error_t s_bind (broker_t *self, void **socket, int type, address_role_t role,
                             fault_t *fault)
{
    static const char *const domains [] = {
        [ADDRESS_FRONT] = "front", [ADDRESS_BACK] = "back", [ADDRESS_SINK] = "sink"};
    char endpoint [ADDRESS_ENDPOINT_BYTES];
    *socket = sockets_new (self->ctx.zmq, type, fault);
    if (!*socket)
        return fault->code;
    sockets_set_queue (*socket, role == ADDRESS_FRONT ? FRONT_QUEUE : BACK_QUEUE,
                       budget_unread (&self->ctx));
    for (size_t i = 0; i < self->ctx.addresses_count; i++) {
        address_endpoint (&self->ctx.addresses [i], role, endpoint, sizeof endpoint);
        authz_guard (self->ctx.authz, *socket, self->ctx.addresses [i].kind, domains [role]);
        cadre_error_t error = sockets_bind (*socket, endpoint, fault);
        if (error)
            return error;
    }
    return CADRE_OK;
}

//  Removes lanes of an earlier broker that was killed.
static void s_broker_sweep (const broker_t *self)
{
    for (size_t i = 0; i < self->ctx.addresses_count; i++)
        if (self->ctx.addresses [i].kind == ADDRESS_IPC)
            socket_folder_sweep (self->ctx.addresses [i].name, "lane-");
}

static cadre_error_t s_open_sockets (broker_t *self, fault_t *fault)
{
    cadre_error_t error = descriptors_need (BROKER_DESCRIPTORS, "the broker", fault);
    if (!error)
        error = s_bind (self, &self->router_front, ZMQ_ROUTER, ADDRESS_FRONT, fault);
    if (!error)
        error = s_bind (self, &self->router_back, ZMQ_ROUTER, ADDRESS_BACK, fault);
    if (!error)
        error = s_bind (self, &self->pull_sink, ZMQ_PULL, ADDRESS_SINK, fault);
    if (error)
        return error;
    s_broker_sweep (self);
    self->signal_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->signal_fd < 0)
        return fault_set (fault, CADRE_ERROR_IO, "eventfd: %s", strerror (errno));
    return CADRE_OK;
}

//  A peer whose connections are not read must not be declared lost.
static int64_t s_longest_hold_us (const context_t *ctx)
{
    int64_t longest_us = (int64_t) ctx->lost_ms * 1000 / 4;
    return longest_us < METER_LONGEST_US ? longest_us : METER_LONGEST_US;
}

static void s_broker_hold (void *owner, unsigned account, bool hold)
{
    const broker_t *self = owner;
    if (self->ctx.throttle)
        self->ctx.throttle->hold (account, hold);
}

static void s_build (broker_t *self)
{
    context_t *ctx = &self->ctx;
    ctx->timers = timers_new ();
    assert (ctx->timers);
    ctx->probe = sharing_probe ();
    ctx->roster = roster_new ();
    roster_limit (ctx->roster, ctx);
    ctx->ready = ready_new (ctx->roster);
    ctx->ledger = ledger_new (ctx);
    if (ctx->authz)
        ctx->meter = meter_new (s_longest_hold_us (ctx), s_broker_hold, self);
    ctx->delay = delay_new (ctx->timers, ledger_settle_wake, ctx->ledger);
    self->back = back_new (ctx, self->router_back, s_joined, self);
    self->front = front_new (ctx, self->router_front, self->back);
    self->dispatch = dispatch_new (ctx, back_recall, self->back);
    self->beat = (alarm_t){.ring = s_broker_beat, .owner = self};
    self->judge = (alarm_t){.ring = s_broker_judge, .owner = self};
    s_start_watch (self);
    timers_set (ctx->timers, &self->beat, ctx->now_us + (int64_t) ctx->beat_ms * 1000);
    timers_set (ctx->timers, &self->judge, ctx->now_us + (int64_t) ctx->beat_ms * 500);
}

broker_t *broker_new (void *context, const broker_options_t *options, fault_t *fault)
{
    fault_t own;
    if (!fault)
        fault = &own;
    broker_t *self = calloc (1, sizeof *self);
    assert (self);
    self->signal_fd = -1;
    if (s_take_options (self, context, options, fault) || s_open_sockets (self, fault)) {
        broker_destroy (&self);
        return NULL;
    }
    s_build (self);
    if (!options->store_now || persistence_need (&self->ctx, fault) == CADRE_OK)
        return self;
    broker_destroy (&self);
    return NULL;
}

//  ---- end ----------------------------------------------------------------

static void s_stop_workers (broker_t *self)
{
    for (size_t i = 0; i < roster_entries (self->ctx.roster); i++) {
        worker_record_t *worker = roster_at (self->ctx.roster, i);
        if (worker && self->ctx.embedded)
            back_stop (self->back, worker, "its broker ends");
        else if (worker)
            ledger_leases_lose (self->ctx.ledger, worker, NULL, true);
    }
}

static void s_unlink (const broker_t *self, address_role_t role)
{
    char endpoint [ADDRESS_ENDPOINT_BYTES];
    for (size_t i = 0; i < self->ctx.addresses_count; i++) {
        if (self->ctx.addresses [i].kind != ADDRESS_IPC)
            continue;
        address_endpoint (&self->ctx.addresses [i], role, endpoint, sizeof endpoint);
        unlink (endpoint + strlen ("ipc://"));
    }
}

static void s_broker_close (const broker_t *self, void **socket, address_role_t role)
{
    bool bound = *socket != NULL;
    sockets_destroy (socket);
    if (bound)
        s_unlink (self, role);
}

void broker_destroy (broker_t **self_p)
{
    assert (self_p);
    broker_t *self = *self_p;
    if (!self)
        return;
    fault_t ignored = {0};
    persistence_close (&self->ctx, &ignored); //  The next start undoes what follows
    if (self->ctx.timers) {
        s_stop_workers (self);
        tcp_peers_destroy (&self->tcp_peers);
        dispatch_destroy (&self->dispatch);
        front_destroy (&self->front);
        back_destroy (&self->back);
        job_sweep_end (&self->ctx);
        ledger_destroy (&self->ctx.ledger);
        delay_destroy (&self->ctx.delay);
        ready_destroy (&self->ctx.ready);
        roster_destroy (&self->ctx.roster);
        timers_destroy (&self->ctx.timers);
        meter_destroy (&self->ctx.meter);
    }
    s_broker_close (self, &self->router_front, ADDRESS_FRONT);
    s_broker_close (self, &self->router_back, ADDRESS_BACK);
    s_broker_close (self, &self->pull_sink, ADDRESS_SINK);
    if (self->signal_fd >= 0)
        close (self->signal_fd);
    bulk_release (&self->ctx.probe);
    free (self);
    *self_p = NULL;
}

//  ---- the loop -----------------------------------------------------------

void broker_signal (broker_t *self, broker_order_t order)
{
    int saved = errno;
    uint64_t one = 1;
    __atomic_fetch_or (&self->orders, (int) order, __ATOMIC_SEQ_CST);
    ssize_t written = write (self->signal_fd, &one, sizeof one);
    (void) written; //  A counter at its maximum wakes the loop, too
    errno = saved;
}

static void s_broker_describe (void *owner)
{
    const broker_t *self = owner;
    report_broker (self->ctx.notify, &self->ctx, front_count (self->front));
}

static void s_read_orders (broker_t *self)
{
    uint64_t count;
    if (read (self->signal_fd, &count, sizeof count) < 0)
        return;
    int orders = __atomic_fetch_and (&self->orders, ~(int) BROKER_RELOAD, __ATOMIC_SEQ_CST);
    if (orders & BROKER_RELOAD)
        authz_reload (&self->ctx, NULL);
    if (orders & BROKER_STOP)
        context_move (&self->ctx, CONTEXT_STOPPING);
    else if (orders & BROKER_DRAIN && self->ctx.state == CONTEXT_RUNNING)
        context_move (&self->ctx, CONTEXT_DRAINING);
    s_broker_describe (self);
}

//  Charges the part of the current frame that was not work to its key. The frame took the time
//  since *since_us.
static void s_charge (broker_t *self, unsigned account, size_t size, int64_t *since_us)
{
    context_t *ctx = &self->ctx;
    int64_t now_us = clock_now (ctx->clock);
    uint64_t work = ctx->frame_work, waste = ctx->frame_waste;
    uint64_t cost_ns =
        (uint64_t) (now_us - *since_us) * 1000 + METER_FRAME_NS + METER_BYTE_NS * (uint64_t) size;
    *since_us = now_us;
    if (work)
        meter_work (ctx->meter, account, now_us);
    if (work && !waste)
        return;
    cost_ns = work ? cost_ns * waste / (work + waste) : cost_ns;
    meter_charge (ctx->meter, account, cost_ns, now_us);
    self->waste_ns += cost_ns;
}

static void s_broker_take (broker_t *self, const void *socket, sockets_route_t route,
                           zmq_msg_t *message, int64_t *since_us)
{
    context_t *ctx = &self->ctx;
    const void *frame = zmq_msg_data (message);
    size_t size = zmq_msg_size (message);
    ctx->heard = true;
    ctx->peer = ctx->authz ? sockets_peer (message) : NULL;
    ctx->peer_fd = zmq_msg_get (message, ZMQ_SRCFD);
    ctx->frame_work = ctx->frame_waste = 0;
    unsigned account = ctx->meter ? meter_account (ctx->meter, ctx->peer ? ctx->peer : "") : 0;
    if (self->tcp_peers)
        tcp_peers_heard (self->tcp_peers, ctx->peer_fd, size);
    if (ctx->throttle)
        ctx->throttle->heard (ctx->peer_fd, size, account);
    if (socket == self->router_front)
        front_handle (self->front, route, frame, size);
    else if (socket == self->router_back)
        back_handle (self->back, route, frame, size);
    else
        sink_handle (self->back, frame, size);
    if (ctx->meter)
        s_charge (self, account, size, since_us);
}

//  Reads up to a batch from one socket. A terminated context ends the loop.
static void s_broker_read (broker_t *self, void *socket, bool router, zmq_msg_t *message)
{
    size_t bytes = 0;
    int64_t since_us = self->ctx.meter ? clock_now (self->ctx.clock) : 0;
    for (int i = 0; i < BATCH_FRAMES && bytes < BATCH_BYTES && self->ctx.turn_tasks < BATCH_TASKS
                    && self->waste_ns < BATCH_WASTE_NS;
         i++) {
        sockets_route_t route = 0;
        cadre_error_t error = router ? sockets_receive_from (socket, &route, message)
                                     : sockets_receive (socket, message);
        if (error == CADRE_ERROR_TIMEOUT)
            return;
        if (error == CADRE_ERROR_CLOSED) {
            context_move (&self->ctx, CONTEXT_STOPPING);
            return;
        }
        if (error) {
            self->ctx.refused_frames++;
            continue;
        }
        bytes += zmq_msg_size (message);
        s_broker_take (self, socket, route, message, &since_us);
    }
    self->behind = true;
}

//  Counts what libzmq holds for us.
static void s_count_unread (broker_t *self)
{
    const throttle_t *throttle = self->ctx.throttle;
    if (!throttle)
        return;
    if (!self->behind)
        throttle->drained ();
    throttle->turn ();
    throttle_sums_t sums = throttle->sums ();
    self->ctx.unread_bytes = sums.bytes;
    self->ctx.failed_connections = sums.failed;
}

static void s_read_all (broker_t *self)
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    self->behind = self->ctx.heard = false;
    self->ctx.turn_tasks = 0;
    self->waste_ns = 0;
    s_broker_read (self, self->pull_sink, false, &message);
    self->waste_ns = 0;
    s_broker_read (self, self->router_back, true, &message);
    self->waste_ns = 0;
    s_broker_read (self, self->router_front, true, &message);
    if (self->ctx.meter)
        meter_turn (self->ctx.meter, self->ctx.now_us);
    zmq_msg_close (&message);
    s_count_unread (self);
}

//  After a stop of this process, peers get time to send something: one beat interval, or, after a
//  stop so long that they may have started to reconnect, the time after which they are lost.
static void s_be_patient (broker_t *self, int64_t now_us, int64_t stall_us)
{
    int64_t beat_us = (int64_t) self->ctx.beat_ms * 1000,
            lost_us = (int64_t) self->ctx.lost_ms * 1000;
    int64_t from_us = now_us + (stall_us < lost_us / 2 ? beat_us : lost_us);
    if (from_us > self->judge_from_us)
        self->judge_from_us = from_us;
}

//  Waits for frames, orders, connecting lanes, and the next alarm.
static void s_broker_wait (broker_t *self)
{
    void *pending [PENDING_MAX];
    zmq_pollitem_t items [FIXED_ITEMS + PENDING_MAX] = {
        {.socket = self->pull_sink, .events = ZMQ_POLLIN},
        {.socket = self->router_back, .events = ZMQ_POLLIN},
        {.socket = self->router_front, .events = ZMQ_POLLIN},
        {.fd = self->signal_fd, .events = ZMQ_POLLIN},
        {.fd = self->ctx.journal ? persistence_fd (&self->ctx) : self->signal_fd,
         .events = ZMQ_POLLIN},
    };
    size_t count = back_pending (self->back, pending, PENDING_MAX);
    for (size_t i = 0; i < count; i++)
        items [FIXED_ITEMS + i] = (zmq_pollitem_t){.socket = pending [i], .events = ZMQ_POLLOUT};
    int timeout_ms = timers_next_ms (self->ctx.timers, clock_now (self->ctx.clock), IDLE_MS);
    zmq_poll (items, (int) (FIXED_ITEMS + count),
              self->behind || self->ctx.unfinished ? 0 : timeout_ms);
    self->ctx.unfinished = false;
    int64_t now_us = clock_now (self->ctx.clock);
    if (now_us - self->ctx.now_us > ((int64_t) self->ctx.beat_ms + IDLE_MS) * 1000)
        s_be_patient (self, now_us, now_us - self->ctx.now_us);
    self->ctx.now_us = now_us;
    if (items [3].revents)
        s_read_orders (self);
}

//  Ends the sessions of peers whose keys were revoked.
static void s_check_keys (broker_t *self)
{
    self->ctx.keys_changed = false;
    front_check_keys (self->front);
    back_check_keys (self->back);
}

static void s_broker_turn (broker_t *self)
{
    s_broker_wait (self);
    s_read_all (self);
    if (self->ctx.keys_changed)
        s_check_keys (self);
    persistence_push (
        &self->ctx); //  The disk writes the frames read so far while the turn continues
    if (persistence_turn (&self->ctx, &self->fault))
        return;
    timers_run (self->ctx.timers, self->ctx.now_us);
    job_sweep_go_on (&self->ctx);
    ledger_jobs_weigh (self->ctx.ledger);
    dispatch_run (self->dispatch);
    ledger_settle (self->ctx.ledger);
    back_flush (self->back);
    front_turn_flush (self->front);
    if (ledger_settle_goes_on (self->ctx.ledger) && !self->ctx.unfinished) {
        ledger_settle (
            self->ctx.ledger); //  The last state of a job follows the payloads that were just sent
        front_turn_flush (self->front);
    }
    persistence_flush (&self->ctx);
}

static bool s_is_drained (const broker_t *self)
{
    return self->ctx.state == CONTEXT_DRAINING && !ledger_is_awaited (self->ctx.ledger)
           && front_turn_is_delivered (self->front) && persistence_is_idle (&self->ctx);
}

//  Has its drain lasted for its timeout?
static bool s_is_late (const broker_t *self)
{
    const context_t *ctx = &self->ctx;
    bool late =
        ctx->state == CONTEXT_DRAINING && ctx->drain_until_us && ctx->now_us >= ctx->drain_until_us;
    if (late && ctx->jobs_awaited)
        log_line (
            LOG_WARNING, "B002",
            "the drain's timeout is over: %llu jobs that only this broker's memory holds, or whose "
            "clients wait, have not ended",
            (unsigned long long) ctx->jobs_awaited);
    return late;
}

cadre_error_t broker_run (broker_t *self, fault_t *fault)
{
    notify_attach (self->ctx.notify, self->ctx.timers, s_broker_describe, self);
    s_broker_describe (self);
    while (self->ctx.state != CONTEXT_STOPPING && !s_is_drained (self) && !self->fault.code
           && !s_is_late (self))
        s_broker_turn (self);
    s_broker_describe (self);
    notify_detach (self->ctx.notify);
    cadre_error_t error = self->fault.code;
    if (error)
        *fault = self->fault;
    else {
        front_turn_flush (self->front);
        error = persistence_close (&self->ctx, fault);
    }
    return error;
}
