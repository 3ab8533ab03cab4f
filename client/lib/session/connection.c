//  connection.c - a DEALER socket, its session, and the threads that wait for it

#include "client/lib/session/connection.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "client/lib/session/dealer.h"
#include "common/clock.h"
#include "common/descriptors.h"
#include "common/sockets.h"
#include "common/threads.h"

//  How long collected tasks may wait for more, and how long the connection's thread pauses after
//  another thread has led.
#define GATHER_US 500
#define ASIDE_US 50000
#define TURN_US INT64_C (1000000)
#define PUMP_MAX 512u
#define DESCRIPTORS_NEEDED 16u

struct connection {
    connection_handler_t handler; //  Callbacks of the owner
    pthread_mutex_t lock;         //  Protects all of this, and the owner's state
    pthread_cond_t changed;       //  For threads that wait and do not lead
    pthread_cond_t rest;          //  For the connection's thread
    pthread_t thread;             //  The connection's thread
    bool started;                 //  It was started
    bool stopping;                //  It must end
    void *context;                //  ZeroMQ's
    bool owns_context;            //  We must terminate it
    dealer_t *dealer;             //  Socket, and search for the broker
    bool seeking;                 //  No broker has answered at the current address
    void *socket;                 //  The dealer's; NULL when closed
    int socket_fd;                //  Its ZMQ_FD
    int wake_fd;                  //  An eventfd that wakes the leader
    session_t *session;           //  The protocol
    bool leading;                 //  A thread polls
    bool own_leads;               //  The leader is the connection's thread
    bool yield;                   //  It must let another thread lead
    unsigned followers;           //  Threads that wait for changed
    uint64_t turns;               //  How often another thread has led
    bool dirty;                   //  Tasks were collected
    int64_t tick_us;              //  When session_tick is due
};

static void s_sleep (connection_t *self, pthread_cond_t *condition, int64_t span_us)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + (span_us % 1000000) * 1000;
    until.tv_sec += (time_t) (span_us / 1000000 + nanoseconds / 1000000000);
    until.tv_nsec = (long) (nanoseconds % 1000000000);
    pthread_cond_timedwait (condition, &self->lock, &until);
}

static void s_connection_wake (connection_t *self)
{
    uint64_t one = 1;
    ssize_t rc = write (self->wake_fd, &one, sizeof one);
    (void) rc;
}

static void s_take_socket (connection_t *self)
{
    self->socket = dealer_socket (self->dealer);
    self->socket_fd = self->socket ? sockets_descriptor (self->socket) : -1;
}

static bool s_connection_send (void *owner, const buffer_t *frame)
{
    connection_t *self = owner;
    return self->socket
           && sockets_send_bytes (self->socket, frame->data, frame->size, ZMQ_DONTWAIT) == CADRE_OK;
}

//  Handles incoming frames. The descriptor of the socket is edge-triggered, so it is read until
//  nothing is left.
static bool s_connection_receive (connection_t *self)
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    int64_t now_us = 0;
    unsigned taken = 0;
    while (taken < PUMP_MAX) {
        cadre_error_t error = sockets_receive (self->socket, &message);
        if (error && error != CADRE_ERROR_PROTOCOL)
            break;
        taken++;
        if (now_us == 0)
            now_us = clock_now (NULL);
        if (!error)
            session_receive (self->session, zmq_msg_data (&message), zmq_msg_size (&message),
                             now_us);
    }
    zmq_msg_close (&message);
    return taken > 0;
}

//  Sends what is due and handles incoming frames. True if anything has come: then waiting threads
//  check their conditions.
static bool s_connection_pump (connection_t *self, bool leader)
{
    bool any = false;
    if (!self->socket)
        return false;
    //  The connection's thread waits a moment for more tasks before it sends them
    if (self->dirty && !(leader && self->own_leads)) {
        self->dirty = false;
        self->handler.gather (self->handler.owner);
    }
    for (unsigned round = 0; round < 4; round++) {
        bool received = s_connection_receive (self);
        any |= received;
        bool sent = session_settle (self->session, clock_now (NULL));
        if (!received && !sent)
            break;
    }
    //  Intermediate calls may have consumed the event of the descriptor
    if (any || sockets_events (self->socket) & ZMQ_POLLIN) {
        if (self->followers)
            pthread_cond_broadcast (&self->changed);
        if (self->leading && !leader)
            s_connection_wake (self);
        if (self->handler.due (self->handler.owner))
            pthread_cond_signal (&self->rest);
    }
    return any;
}

//  While no broker answers, tries another address. True if so. A thread that polls the old
//  descriptor is woken.
static bool s_seek (connection_t *self, int64_t now_us)
{
    fault_t fault = {0};
    session_state_t state = session_state (self->session);
    bool answered = !session_silent (self->session) && (state == SESSION_OPEN || !self->seeking);
    if (state == SESSION_ENDED || (answered && !self->seeking))
        return false;
    bool fresh = dealer_seek (self->dealer, answered, now_us, &fault);
    int64_t due_us = dealer_due (self->dealer, now_us);
    self->tick_us = due_us < self->tick_us ? due_us : self->tick_us;
    self->seeking = !answered;
    if (!fresh)
        return false;
    s_take_socket (self);
    if (fault.code)
        session_end (self->session, &fault);
    else
        session_greet (self->session, connection_address (self), now_us);
    if (self->leading)
        s_connection_wake (self);
    return true;
}

//  Runs timers, after a pump, so that frames are read before a silence is judged. True if waiting
//  threads must check their conditions.
static bool s_tick (connection_t *self)
{
    int64_t now_us = clock_now (NULL);
    if (!self->socket || now_us < self->tick_us)
        return false;
    self->tick_us = session_tick (self->session, now_us);
    return s_seek (self, now_us);
}

//  Polls, without the lock, until a frame comes, a thread wakes it, or until_us.
static void s_lead (connection_t *self, int64_t until_us)
{
    self->leading = true;
    if (self->tick_us < until_us || until_us < 0)
        until_us = self->tick_us;
    struct pollfd items [2] = {{.fd = self->socket_fd, .events = POLLIN},
                               {.fd = self->wake_fd, .events = POLLIN}};
    bool ready = sockets_events (self->socket) & ZMQ_POLLIN;
    int64_t span_us = ready ? 0 : until_us - clock_now (NULL);
    if (span_us < 0)
        span_us = 0;
    struct timespec span = {.tv_sec = (time_t) (span_us / 1000000),
                            .tv_nsec = (long) (span_us % 1000000) * 1000};
    pthread_mutex_unlock (&self->lock);
    ppoll (items, 2, &span, NULL);
    pthread_mutex_lock (&self->lock);
    if (items [1].revents & POLLIN) {
        uint64_t count;
        ssize_t rc = read (self->wake_fd, &count, sizeof count);
        (void) rc;
    }
    self->leading = false;
    s_connection_pump (self, true);
    s_tick (self);
}

//  ---- the connection's own thread ------------------------------------------------

static void s_take_turn (connection_t *self, uint64_t *seen)
{
    //  Without a socket (no descriptor was free) there is nothing to poll, and no timer
    bool aside = !self->socket || self->leading
                 || (self->turns != *seen && !self->handler.watched (self->handler.owner));
    *seen = self->turns;
    if (aside) {
        s_sleep (self, &self->rest, ASIDE_US);
        return;
    }
    self->own_leads = true;
    s_lead (self, clock_now (NULL) + TURN_US);
    self->own_leads = false;
    if (self->yield) {
        self->yield = false;
        pthread_cond_broadcast (&self->changed);
        s_sleep (self, &self->rest, ASIDE_US);
    }
}

static void *s_connection_serve (void *argument)
{
    connection_t *self = argument;
    uint64_t seen = 0;
    pthread_mutex_lock (&self->lock);
    while (!self->stopping) {
        if (self->handler.due (self->handler.owner)) {
            pthread_mutex_unlock (&self->lock);
            self->handler.run (self->handler.owner);
            pthread_mutex_lock (&self->lock);
        } else if (self->dirty) {
            s_sleep (self, &self->rest, GATHER_US);
            if (self->dirty)
                s_connection_pump (self, false);
        } else
            s_take_turn (self, &seen);
        if (clock_now (NULL) >= self->tick_us)
            connection_flush (self);
    }
    pthread_mutex_unlock (&self->lock);
    return NULL;
}

//  ---- waiting ------------------------------------------------------------------------

int64_t connection_deadline (int timeout_ms)
{
    return timeout_ms < 0 ? -1 : clock_now (NULL) + timeout_ms * INT64_C (1000);
}

static void s_follow (connection_t *self, int64_t deadline_us, int64_t now_us)
{
    if (self->own_leads && !self->yield) {
        self->yield = true;
        s_connection_wake (self);
    }
    int64_t span_us =
        deadline_us < 0 || deadline_us - now_us > TURN_US ? TURN_US : deadline_us - now_us;
    self->followers++;
    s_sleep (self, &self->changed, span_us);
    self->followers--;
}

bool connection_wait (connection_t *self, int64_t deadline_us, connection_done_fn *done,
                      void *argument)
{
    bool result = true;
    while (!done (argument)) {
        int64_t now_us = clock_now (NULL);
        bool any = s_connection_pump (self, false);
        if (s_tick (self) || any)
            continue;
        if (deadline_us >= 0 && now_us >= deadline_us) {
            result = false;
            break;
        }
        if (self->leading || !self->socket) {
            s_follow (self, deadline_us, now_us);
            continue;
        }
        self->turns++;
        s_lead (self, deadline_us);
    }
    //  The next waiting thread leads; without one, and if needed, the connection's thread
    if (self->followers)
        pthread_cond_broadcast (&self->changed);
    else if (self->started && !self->leading && self->handler.watched (self->handler.owner))
        pthread_cond_signal (&self->rest);
    return result;
}

void connection_touch (connection_t *self)
{
    if (self->dirty)
        return;
    self->dirty = true;
    if (self->own_leads)
        s_connection_wake (self);
    else
        pthread_cond_signal (&self->rest);
}

void connection_flush (connection_t *self)
{
    s_connection_pump (self, false);
    s_tick (self);
}

void connection_notify (connection_t *self)
{
    pthread_cond_broadcast (&self->changed);
    pthread_cond_signal (&self->rest);
    if (self->leading)
        s_connection_wake (self);
}

void connection_lock (connection_t *self)
{
    pthread_mutex_lock (&self->lock);
}

void connection_unlock (connection_t *self)
{
    pthread_mutex_unlock (&self->lock);
}

session_t *connection_session (connection_t *self)
{
    return self->session;
}

size_t connection_address_index (const connection_t *self)
{
    return dealer_address_index (self->dealer);
}

const char *connection_address (const connection_t *self)
{
    return dealer_address (self->dealer);
}

const fault_t *connection_unresolved (const connection_t *self)
{
    return dealer_unresolved (self->dealer);
}

//  ---- life -------------------------------------------------------------------------------

static bool s_frame (void *owner, uint8_t verb, cursor_t body)
{
    connection_t *self = owner;
    return self->handler.frame (self->handler.owner, verb, body);
}

static void s_gone (void *owner, const fault_t *why)
{
    connection_t *self = owner;
    self->handler.gone (self->handler.owner, why);
    connection_notify (self);
}

static void s_renewed (void *owner, bool same)
{
    connection_t *self = owner;
    self->handler.renewed (self->handler.owner, same);
    self->tick_us = 0; //  BEATs are due, not a HELLO
    connection_notify (self);
}

static void s_lost (void *owner, const fault_t *why)
{
    connection_t *self = owner;
    self->handler.lost (self->handler.owner, why);
    connection_notify (self);
}

static bool s_elsewhere (void *owner)
{
    connection_t *self = owner;
    bool elsewhere = dealer_refused (self->dealer);
    self->seeking |= elsewhere;
    self->tick_us = 0;
    return elsewhere;
}

static cadre_error_t s_connection_open (connection_t *self, const address_t *addresses,
                                        size_t count, const keys_t *keys, fault_t *fault)
{
    if (descriptors_need (DESCRIPTORS_NEEDED, "a connection to a broker", fault))
        return fault->code;
    self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake_fd < 0)
        return fault_set (fault, CADRE_ERROR_DESCRIPTORS, "no descriptor is free: raise ulimit -n");
    if (!self->context)
        self->context = sockets_context_new (1, 16, fault);
    if (!self->context)
        return fault->code;
    self->dealer = dealer_new (self->context, addresses, count, keys, fault);
    if (self->dealer)
        s_take_socket (self);
    self->seeking = true;
    return fault->code;
}

static cadre_error_t s_start_thread (connection_t *self, fault_t *fault)
{
    if (threads_start (&self->thread, s_connection_serve, self, fault))
        return fault->code;
    self->started = true;
    return CADRE_OK;
}

connection_t *connection_new (void *context, const address_t *addresses, size_t count,
                              const keys_t *keys, const session_options_t *options,
                              const connection_handler_t *handler, fault_t *fault)
{
    connection_t *self = calloc (1, sizeof *self);
    assert (self);
    self->handler = *handler;
    self->context = context;
    self->owns_context = !context;
    self->wake_fd = self->socket_fd = -1;
    pthread_condattr_t attributes;
    pthread_condattr_init (&attributes);
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init (&self->lock, NULL);
    pthread_cond_init (&self->changed, &attributes);
    pthread_cond_init (&self->rest, &attributes);
    pthread_condattr_destroy (&attributes);
    session_handler_t calls = {.send = s_connection_send,
                               .frame = s_frame,
                               .gone = s_gone,
                               .renewed = s_renewed,
                               .lost = s_lost,
                               .elsewhere = s_elsewhere,
                               .owner = self};
    self->session = session_new (options, &calls);
    if (s_connection_open (self, addresses, count, keys, fault) || s_start_thread (self, fault))
        connection_destroy (&self);
    return self;
}

//  Only one thread closes. Signals stay blocked in libzmq's threads, which inherit our mask.
void connection_close (connection_t *self, const char *reason)
{
    pthread_mutex_lock (&self->lock);
    self->stopping = true;
    if (reason)
        session_leave (self->session, reason);
    connection_notify (self);
    pthread_mutex_unlock (&self->lock);
    if (self->started)
        pthread_join (self->thread, NULL);
    pthread_mutex_lock (&self->lock);
    self->started = false;
    void *socket = self->socket;
    self->socket = NULL;
    if (socket && session_silent (self->session) && session_state (self->session) != SESSION_OPEN)
        sockets_set_linger (socket, 0);
    while (self->leading)
        s_sleep (self, &self->changed, GATHER_US);
    connection_notify (self);
    pthread_mutex_unlock (&self->lock);
    if (self->dealer)
        dealer_close (self->dealer);
    if (self->owns_context)
        sockets_context_destroy (&self->context);
}

void connection_destroy (connection_t **self_p)
{
    assert (self_p);
    connection_t *self = *self_p;
    if (!self)
        return;
    connection_close (self, NULL);
    session_destroy (&self->session);
    dealer_destroy (&self->dealer);
    if (self->wake_fd >= 0)
        close (self->wake_fd);
    pthread_cond_destroy (&self->changed);
    pthread_cond_destroy (&self->rest);
    pthread_mutex_destroy (&self->lock);
    free (self);
    *self_p = NULL;
}
