//  usher.c - gives leases to seats: one to each free one, more only while they are short

#include "worker/slots_inside.h"

#include <assert.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utlist.h>

#define OUT_BYTES_MAX (256u * 1024) //  Beyond this nothing more is sent ahead to a slot that has not read it

void usher_requeue (slots_t *self, lease_t *list)
{
    lease_t *lease;
    if (!list)
        return;
    DL_FOREACH (list, lease)
        self->waiting++;
    DL_CONCAT (list, self->queue);
    self->queue = list;
}

void usher_take_back (slots_t *self, seat_t *seat)
{
    usher_requeue (self, seat_revoke (seat));
}

static uint64_t s_tag (const seat_t *seat, bool vessel)
{
    return (uint64_t) seat->place << 1 | (vessel ? 1 : 0);
}

static cadre_error_t s_poll (slots_t *self, seat_t *seat)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = s_tag (seat, false)};
    int failed = epoll_ctl (self->epoll, EPOLL_CTL_ADD, seat->fd, &event);
    event.data.u64 = s_tag (seat, true);
    if (!failed && vessel_descriptor (&seat->vessel) >= 0)
        failed = epoll_ctl (self->epoll, EPOLL_CTL_ADD, vessel_descriptor (&seat->vessel), &event);
    return failed ? CADRE_ERROR_IO : CADRE_OK;
}

void usher_writable (slots_t *self, seat_t *seat, bool wanted)
{
    if (seat->writable_wanted == wanted || seat->fd < 0)
        return;
    struct epoll_event event = {.events = EPOLLIN | (wanted ? (uint32_t) EPOLLOUT : 0),
                                .data.u64 = s_tag (seat, false)};
    epoll_ctl (self->epoll, EPOLL_CTL_MOD, seat->fd, &event);
    seat->writable_wanted = wanted;
}

cadre_error_t usher_start (slots_t *self, seat_t *seat)
{
    cadre_error_t error = seat_start (seat, &self->options.start, &self->start_fault);
    if (error != CADRE_OK)
        return error;
    error = s_poll (self, seat);
    if (error != CADRE_OK) { //  As good as dead: its end is noticed at the next look
        fault_set (&self->start_fault, error,
                   "a slot cannot be watched; raise the limit on descriptors (ulimit -n)");
        umpire_kill (self, seat);
        return CADRE_OK;
    }
    usher_writable (self, seat, !seat_flush (seat));
    patrol_go (self);
    return CADRE_OK;
}

void usher_farewell (slots_t *self, seat_t *seat, int patience_ms)
{
    assert (!seat->tasks);
    seat_move (seat, SEAT_LEAVING);
    seat->killed = true;
    seat_flush (seat);
    shutdown (seat->fd, SHUT_WR);
    seat->stage = SEAT_FAREWELL;
    timers_set (self->options.timers, &seat->alarm, moment_now (self->options.clock) + patience_ms * 1000);
}

static bool s_is_spent (const slots_t *self, const seat_t *seat)
{
    return self->options.max_tasks && seat->given + seat->count >= self->options.max_tasks;
}

//  A slot that cannot be given a task for what it wrote over the shared memory has stranded it.
static void s_give_failed (slots_t *self, seat_t *seat, lease_t *lease)
{
    bool first = seat->count == 0;
    seat_fault_t fault = seat->fault;
    coroner_condemn (self, seat, fault);
    if (!first || !coroner_strand (self, seat, lease)) {
        DL_PREPEND (self->queue, lease);
        self->waiting++;
    }
}

static void s_give (slots_t *self, seat_t *seat)
{
    lease_t *lease = self->queue;
    bool first = seat->count == 0;
    DL_DELETE (self->queue, lease);
    self->waiting--;
    lease->given_us = self->turn_us;
    if (!seat_give (seat, lease)) {
        s_give_failed (self, seat, lease);
        return;
    }
    if (first) {
        umpire_watch (self, seat);
        patrol_go (self);
    } else if (!timers_is_set (&self->watch)) {
        timers_set (self->options.timers, &self->watch, moment_now (self->options.clock) + SLOTS_SLOW_US);
    }
}

static bool s_is_fit (const seat_t *seat)
{
    return seat->state == SEAT_READY && !seat->closed && !seat->fault;
}

//  Returns how many slots may be sent more than one.
static size_t s_give_free (slots_t *self)
{
    size_t ready = 0;
    for (size_t i = 0; i < self->options.count; i++) {
        seat_t *seat = &self->seats [i];
        if (seat->fault && seat->state != SEAT_EMPTY)
            coroner_condemn (self, seat, seat->fault);
        if (!s_is_fit (seat))
            continue;
        ready += !seat->slow;
        if (seat->count == 0 && s_is_spent (self, seat))
            usher_farewell (self, seat, 5000);
        else if (seat->count == 0 && self->queue)
            s_give (self, seat);
    }
    return ready;
}

//  Fails all that waits when no slot can be had.
static void s_give_up (slots_t *self)
{
    if (self->failures < SLOTS_STARTS_MAX)
        return;
    for (size_t i = 0; i < self->options.count; i++)
        if (self->seats [i].state != SEAT_EMPTY)
            return;
    while (self->queue) {
        lease_t *lease = self->queue;
        DL_DELETE (self->queue, lease);
        self->waiting--;
        umpire_fail (self, lease, "slot-start", self->start_fault.text);
    }
}

void usher_start_failed (slots_t *self)
{
    int64_t pause_us = 100000 << (self->failures < 6 ? self->failures : 6);
    self->failures++;
    timers_set (self->options.timers, &self->pause, moment_now (self->options.clock) + pause_us);
}

static void s_start_more (slots_t *self)
{
    size_t wanted = self->waiting;
    for (size_t i = 0; i < self->options.count && wanted; i++)
        if (self->seats [i].state == SEAT_STARTING)
            wanted--;
    for (size_t i = 0; i < self->options.count && wanted && !timers_is_set (&self->pause); i++) {
        if (self->seats [i].state != SEAT_EMPTY)
            continue;
        if (usher_start (self, &self->seats [i]) == CADRE_OK)
            wanted--;
        else
            usher_start_failed (self);
    }
    s_give_up (self);
}

static bool s_may_wait (const slots_t *self, const seat_t *seat, const lease_t *lease)
{
    int64_t mean_us = lease->job->mean_us;
    return mean_us >= 0 && !seat->slow && !seat->fault && seat->count <= SEAT_AHEAD_MAX
           && seat->ahead_us + mean_us <= SLOTS_AHEAD_US && seat->out.size < OUT_BYTES_MAX
           && lease_payload (lease).size < OUT_BYTES_MAX && !s_is_spent (self, seat);
}

static void s_give_ahead (slots_t *self, size_t ready)
{
    size_t share = (self->waiting + ready - 1) / ready;
    for (size_t i = 0; i < self->options.count; i++) {
        seat_t *seat = &self->seats [i];
        if (!s_is_fit (seat) || seat->stage >= SEAT_ASKED)
            continue;
        for (size_t n = 0; n < share && self->queue && s_may_wait (self, seat, self->queue); n++)
            s_give (self, seat);
    }
}

void usher_turn (slots_t *self)
{
    self->turn_us = moment_now (self->options.clock);
    size_t ready = s_give_free (self);
    if (self->queue)
        s_start_more (self);
    if (self->queue && ready)
        s_give_ahead (self, ready);
    for (size_t i = 0; i < self->options.count; i++)
        if (self->seats [i].out.size)
            usher_writable (self, &self->seats [i], !seat_flush (&self->seats [i]));
}

void usher_watch (void *owner, int64_t now_us)
{
    slots_t *self = owner;
    bool again = false;
    for (size_t i = 0; i < self->options.count; i++) {
        seat_t *seat = &self->seats [i];
        if (seat->count < 2)
            continue;
        if (seat_has_begun (seat, seat->tasks) && seat_run_us (seat, now_us) > SLOTS_SLOW_US) {
            seat->slow = true;
            usher_take_back (self, seat);
        }
        again = again || seat->count > 1;
    }
    if (again)
        timers_set (self->options.timers, &self->watch, now_us + SLOTS_SLOW_US / 2);
}
