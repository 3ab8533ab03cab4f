//  worker.c - the loop that joins link and slots

#include "worker/leave.h"
#include "worker/report.h"
#include "worker/worker_private.h"

#include "common/log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#define POLL_MS 60000 //  When no timer is due
#define SINK_HELD_MAX                                                                              \
    (64u * 1024 * 1024) //  Above this, slots are not read until the broker acknowledges

static int64_t s_in_ms (const worker_t *self, uint32_t ms)
{
    return clock_now (&self->clock) + (int64_t) ms * 1000;
}

static void s_drain_now (void *owner, int64_t now_us)
{
    worker_t *self = owner;
    (void) now_us;
    leave_begin (self, self->charter.options.drain_timeout_ms);
}

//  ---- events of the slots --------------------------------------------------------------

static void s_worker_on_result (void *context, const lease_t *lease, const slots_result_t *result)
{
    outbox_result (((worker_t *) context)->outbox, lease, result);
}

static void s_on_returned (void *context, const lease_t *lease)
{
    outbox_returned (((worker_t *) context)->outbox, lease->job->number, lease->index,
                     lease->serial, lease->verdict == LEASE_RECLAIMED);
}

static void s_worker_on_output (void *context, const lease_t *lease, unsigned stream, view_t bytes)
{
    outbox_output (((worker_t *) context)->outbox, lease, stream, bytes);
}

//  ---- creation and destruction --------------------------------------------------------

static slots_t *s_new_slots (worker_t *self, fault_t *fault)
{
    const worker_options_t *told = &self->charter.options;
    slots_options_t options = {.worker = self->charter.name,
                               .count = told->slots,
                               .commands = told->commands,
                               .embedded = told->embedded,
                               .max_tasks = told->max_tasks,
                               .start = worker_config_start (&self->charter),
                               .clock = &self->clock,
                               .timers = self->timers,
                               .events = {.context = self,
                                          .result = s_worker_on_result,
                                          .returned = s_on_returned,
                                          .output = s_worker_on_output}};
    return slots_new (&options, fault);
}

//  Only a slot can list its functions, because it must load them.
static cadre_error_t s_learn (worker_t *self, fault_t *fault)
{
    return worker_config_has_functions (&self->charter) ? slots_learn (self->slots, fault)
                                                        : CADRE_OK;
}

static void s_link_options (worker_t *self)
{
    link_options_t *options = &self->link_options;
    options->context = self->context;
    options->keys = self->charter.has_keys ? &self->charter.keys : NULL;
    options->proxy = self->charter.proxy;
    options->embedded = self->charter.options.embedded;
    options->outbox = self->outbox;
    options->clock = &self->clock;
    options->timers = self->timers;
    options->hello = worker_config_hello (&self->charter);
    options->hello.functions = slots_functions (self->slots);
    options->events = broker_events (self);
}

static cadre_error_t s_addresses (worker_t *self, fault_t *fault)
{
    link_options_t *options = &self->link_options;
    cadre_error_t error = address_parse_list (self->charter.broker, options->addresses,
                                              ADDRESS_LIST_MAX, &options->addresses_count, fault);
    for (size_t i = 0; i < options->addresses_count && error == CADRE_OK; i++)
        error = address_check_connect (&options->addresses [i], fault);
    return error;
}

static cadre_error_t s_worker_prepare (worker_t *self, fault_t *fault)
{
    cadre_error_t error = s_addresses (self, fault);
    if (error == CADRE_OK)
        error = worker_config_check (&self->charter, fault);
    if (error == CADRE_OK)
        error = worker_config_fit_slots (&self->charter, fault);
    if (error != CADRE_OK)
        return error;
    self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake < 0)
        return fault_set (fault, CADRE_ERROR_DESCRIPTORS,
                          "no eventfd: %s; raise the limit (ulimit -n)", strerror (errno));
    self->slots = s_new_slots (self, fault);
    return self->slots ? s_learn (self, fault) : CADRE_ERROR_DESCRIPTORS;
}

worker_t *worker_new (void *context, const worker_options_t *options, fault_t *fault)
{
    worker_t *self = calloc (1, sizeof (worker_t));
    assert (self);
    self->context = context;
    self->wake = -1;
    self->timers = timers_new ();
    self->outbox = outbox_new ();
    assert (self->timers && self->outbox);
    worker_config_copy (&self->charter, options);
    self->clock = options->clock ? *options->clock : clock_boottime;
    self->deadline = (alarm_t){.ring = leave_on_deadline, .owner = self};
    self->idle = (alarm_t){.ring = s_drain_now, .owner = self};
    self->lifetime = (alarm_t){.ring = s_drain_now, .owner = self};
    if (s_worker_prepare (self, fault) != CADRE_OK) {
        worker_destroy (&self);
        return NULL;
    }
    s_link_options (self);
    self->link = link_new (&self->link_options);
    return self;
}

void worker_destroy (worker_t **self_p)
{
    assert (self_p);
    worker_t *self = *self_p;
    if (!self)
        return;
    link_destroy (&self->link);
    slots_destroy (&self->slots);
    outbox_destroy (&self->outbox);
    timers_cancel (self->timers, &self->deadline);
    timers_cancel (self->timers, &self->idle);
    timers_cancel (self->timers, &self->lifetime);
    timers_destroy (&self->timers);
    if (self->wake >= 0)
        close (self->wake);
    worker_config_free (&self->charter);
    serials_free (&self->missing);
    free (self);
    *self_p = NULL;
}

//  ---- the loop -----------------------------------------------------------------------------

//  Orders are added to a counter: one drain is 1, everything else is a stop.
void worker_signal (worker_t *self, worker_order_t order)
{
    uint64_t value = order == WORKER_STOP ? UINT64_C (1) << 32 : 1;
    int saved = errno;
    ssize_t written = write (self->wake, &value, sizeof (value));
    (void) written; //  Fails only when the counter is full
    errno = saved;
}

static void s_on_wake (worker_t *self)
{
    uint64_t value = 0;
    if (read (self->wake, &value, sizeof (value)) != sizeof (value))
        return;
    if (value >> 32)
        leave_at_once (self);
    else
        leave_begin (self, self->charter.options.drain_timeout_ms);
}

static void s_watch_idleness (worker_t *self)
{
    if (self->charter.options.idle_timeout_ms == 0 || self->phase != PHASE_SERVING)
        return;
    bool idle = slots_idle (self->slots);
    if (!idle)
        timers_cancel (self->timers, &self->idle);
    else if (!timers_is_set (&self->idle) || self->held_before)
        timers_set (self->timers, &self->idle,
                    s_in_ms (self, self->charter.options.idle_timeout_ms));
    self->held_before = slots_held (self->slots);
}

static void s_watch_threads (worker_t *self)
{
    if (self->charter.options.embedded || self->wants_restart || !slots_exhausted (self->slots))
        return;
    log_line (LOG_WARNING, "W030",
              "%u threads are stuck in functions that did not end in time; restarting",
              (unsigned) SLOTS_ABANDONED_MAX);
    self->wants_restart = true;
    leave_begin (self, self->charter.options.drain_timeout_ms);
}

static void s_worker_describe (void *owner)
{
    worker_t *self = owner;
    self->reported = link_state (self->link);
    if (self->phase == PHASE_SERVING)
        report_worker (self->charter.options.notify, self->link, self->slots,
                       self->charter.options.slots);
}

void worker_turn (worker_t *self)
{
    s_watch_threads (self);
    slots_turn (self->slots);
    s_watch_idleness (self);
    uint64_t capacity = (uint64_t) self->charter.options.slots * (SLOT_HANDLE_AHEAD_MAX + 1);
    link_set_window (self->link, capacity, slots_held (self->slots), slots_held_bytes (self->slots),
                     slots_free (self->slots) > 0);
    link_turn (self->link);
    leave_go_on (self);
    if (link_state (self->link) != self->reported)
        s_worker_describe (self);
}

static void s_worker_poll (worker_t *self, bool more)
{
    zmq_pollitem_t items [4] = {{.fd = self->wake, .events = ZMQ_POLLIN},
                                {.fd = slots_descriptor (self->slots), .events = ZMQ_POLLIN}};
    bool full =
        outbox_bytes (self->outbox) > SINK_HELD_MAX; //  The broker's acknowledgements come first
    int count = 2 + link_receive_poll (self->link, items + 2);
    items [1].events = full ? 0 : ZMQ_POLLIN;
    long wait_ms = more ? 0 : timers_next_ms (self->timers, clock_now (&self->clock), POLL_MS);
    if (zmq_poll (items, count, wait_ms) < 0 && errno == ETERM)
        self->phase = PHASE_DONE;
    if (items [0].revents)
        s_on_wake (self);
    if (items [1].revents)
        slots_read (self->slots);
}

cadre_error_t worker_run (worker_t *self, fault_t *fault)
{
    bool more = false;
    if (link_start (self->link, fault) != CADRE_OK)
        return fault && fault->code ? fault->code : CADRE_ERROR_IO;
    if (self->charter.options.lifetime_ms)
        timers_set (self->timers, &self->lifetime,
                    s_in_ms (self, self->charter.options.lifetime_ms));
    s_worker_describe (self);
    notify_attach (self->charter.options.notify, self->timers, s_worker_describe, self);
    while (self->phase != PHASE_DONE && link_state (self->link) != LINK_ENDED) {
        s_worker_poll (self, more);
        more = link_receive (self->link);
        timers_run (self->timers, clock_now (&self->clock));
        if (self->phase != PHASE_DONE)
            worker_turn (self);
    }
    notify_detach (self->charter.options.notify);
    const fault_t *why = link_fault (self->link);
    if (self->phase == PHASE_DONE || why->code == CADRE_ERROR_CLOSED)
        return CADRE_OK;
    return fault_set (fault, why->code, "%s", why->text);
}

bool worker_wants_restart (const worker_t *self)
{
    return self->wants_restart;
}
