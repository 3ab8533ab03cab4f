/*  open.c - opens and closes pools
 *
 *  The top module of the library: it uses all others, and none uses it. It connects a pool to a
 *  broker, or starts one with its worker in this process (local.h), passes the events of the
 *  connection to intake, works, requests and callbacks, and closes everything in order.
 */

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/lib/embedded/local.h"
#include "client/lib/implicit.h"
#include "client/lib/intake.h"
#include "client/lib/main.h"
#include "client/lib/pool/callbacks.h"
#include "client/lib/pool/request.h"
#include "client/lib/session/reconnect.h"
#include "client/lib/work/work_again.h"
#include "common/access.h"
#include "common/clock.h"
#include "common/greeting.h"

#define CONNECT_MS 5000
#define FIRST_MS 500 //  After this time, checks whether keys are the problem
#define WINDOW_BYTES (64u * 1024u * 1024u)
#define WINDOW_TASKS 100000u
#define CANCEL_MS 1000

//  ---- callbacks of the connection, with the lock held ------------------------------------------

static bool s_on_frame (void *owner, uint8_t verb, cursor_t body)
{
    return intake_frame (owner, verb, body);
}

//  Requests are not repeated, because some of them change something.
static void s_on_gone (void *owner, const fault_t *why)
{
    work_settle_all (owner);
    request_fail_all (owner, why);
}

//  Idle hidden jobs end here, the others with their last task; the next submit opens a new one.
static void s_on_renewed (void *owner, bool same)
{
    cadre_t *self = owner;
    implicit_seal_all (self);
    work_again_all (self, same);
}

static void s_on_lost (void *owner, const fault_t *why)
{
    cadre_t *self = owner;
    work_fail_all (self, why);
    request_fail_all (self, why);
}

static void s_pool_gather (void *owner)
{
    work_gather (owner);
}

static void s_pool_run (void *owner)
{
    cadre_t *self = owner;
    pool_free_spent (self);
    if (!self->by_dispatch)
        callbacks_call_back (self);
}

static bool s_due (void *owner)
{
    cadre_t *self = owner;
    return self->spent_count || (self->due && !self->by_dispatch);
}

static bool s_watched (void *owner)
{
    cadre_t *self = owner;
    return self->callbacks || wakeup_is_open (&self->wakeup);
}

//  ---- opening
//  --------------------------------------------------------------------------------------

static const char *s_label (const cadre_options_t *options, char *buffer, size_t size)
{
    char host [64] = "localhost";
    const char *user = getenv ("USER");
    if (options->name)
        return options->name;
    gethostname (host, sizeof host - 1);
    snprintf (buffer, size, "%s@%s:%ld", user ? user : "user", host, (long) getpid ());
    return buffer;
}

static bool s_pool_answered (void *argument)
{
    cadre_t *self = argument;
    return session_state (pool_session (self)) != SESSION_GREETING;
}

//  The target of cadre_open.
typedef struct goal {
    const address_t *addresses; //  Of one broker
    size_t count;               //  How many
    const char *given;          //  The text from which they were parsed
    const keys_t *keys;         //  Keys for a broker on tcp, or NULL
} goal_t;

//  Keys for a broker that uses none, or no keys for one that requires them: waiting does not help,
//  unless another address has another broker.
static bool s_keys_are_wrong (const goal_t *goal)
{
    return goal->count == 1
           && greeting_ask (&goal->addresses [0], ADDRESS_FRONT)
                  == (goal->keys ? GREETING_PLAIN : GREETING_CURVE);
}

//  Why no broker was found. A host name that could not be resolved is the best explanation.
static void s_explain (cadre_t *self, const goal_t *goal, const fault_t *unresolved, fault_t *fault)
{
    size_t index = connection_address_index (self->connection);
    if (unresolved->code)
        fault_set (fault, unresolved->code, "no broker answers at %s: %s", goal->given,
                   unresolved->text);
    else if (greeting_explain (&goal->addresses [index], goal->keys != NULL, fault)
                 == CADRE_ERROR_UNAVAILABLE
             && goal->count > 1)
        fault_set (
            fault, CADRE_ERROR_UNAVAILABLE,
            "no broker answers at any of %s: start one there (cadre-broker --listen %s), or give another address",
            goal->given, connection_address (self->connection));
}

//  Waits until the broker has answered or refused, or until the deadline.
static session_state_t s_pool_await (cadre_t *self, int timeout_ms, fault_t *unresolved)
{
    pool_lock (self);
    connection_wait (self->connection, connection_deadline (timeout_ms), s_pool_answered, self);
    session_state_t state = session_state (pool_session (self));
    *unresolved = *connection_unresolved (self->connection);
    pool_unlock (self);
    return state;
}

static cadre_error_t s_meet (cadre_t *self, const goal_t *goal, int timeout_ms, fault_t *fault)
{
    fault_t unresolved = {0};
    bool ends = timeout_ms >= 0;
    int first_ms = ends && timeout_ms < FIRST_MS ? timeout_ms : FIRST_MS;
    session_state_t state = s_pool_await (self, first_ms, &unresolved);
    if (state == SESSION_GREETING && !s_keys_are_wrong (goal))
        state = s_pool_await (self, ends ? timeout_ms - first_ms : -1, &unresolved);
    if (state == SESSION_ENDED)
        *fault = *session_fault (pool_session (self));
    else if (state != SESSION_OPEN)
        s_explain (self, goal, &unresolved, fault);
    return fault->code;
}

static cadre_error_t s_pool_connect (cadre_t *self, void *context, const goal_t *goal,
                                     const cadre_options_t *options, int timeout_ms, fault_t *fault)
{
    char label [128], first [ADDRESS_ENDPOINT_BYTES];
    session_options_t session = {
        .name = s_label (options, label, sizeof label),
        .address = address_print (&goal->addresses [0], first, sizeof first),
        .window_tasks = WINDOW_TASKS,
        .window_bytes = options->window_bytes ? options->window_bytes : WINDOW_BYTES};
    if (reconnect_read (options->reconnect_ms, &session.patience_ms, fault))
        return fault->code;
    connection_handler_t handler = {.frame = s_on_frame,
                                    .gone = s_on_gone,
                                    .renewed = s_on_renewed,
                                    .lost = s_on_lost,
                                    .gather = s_pool_gather,
                                    .run = s_pool_run,
                                    .due = s_due,
                                    .watched = s_watched,
                                    .owner = self};
    self->connection = connection_new (context, goal->addresses, goal->count, goal->keys, &session,
                                       &handler, fault);
    if (self->connection && s_meet (self, goal, timeout_ms, fault))
        connection_destroy (&self->connection);
    return fault->code;
}

//  -1: no limit.
static int s_connect_ms (const cadre_options_t *options)
{
    return options->connect_timeout_ms ? options->connect_timeout_ms : CONNECT_MS;
}

//  A broker that is down at the start is waited for as one that goes away, if it was said for how
//  long.
static int s_meet_ms (const cadre_options_t *options)
{
    int64_t ms = CONNECT_MS;
    fault_t fault = {0};
    if (options->connect_timeout_ms || !reconnect_is_given (options->reconnect_ms)
        || reconnect_read (options->reconnect_ms, &ms, &fault))
        return s_connect_ms (options);
    if (ms < 0)
        return -1;
    return ms < CONNECT_MS ? CONNECT_MS : ms < INT_MAX ? (int) ms : INT_MAX;
}

static int s_left_ms (int64_t until_us)
{
    int64_t left_us = until_us - clock_now (NULL);
    if (until_us < 0)
        return -1;
    return left_us > 0 ? (int) (left_us / 1000) : 0;
}

static cadre_error_t s_open_remote (cadre_t *self, const char *text, const keys_t *keys,
                                    const cadre_options_t *options, fault_t *fault)
{
    address_t addresses [ADDRESS_LIST_MAX];
    size_t count = 0;
    if (address_parse_list (text, addresses, ADDRESS_LIST_MAX, &count, fault))
        return fault->code;
    for (size_t i = 0; i < count; i++) {
        if (address_check_connect (&addresses [i], fault))
            return fault->code;
        if (addresses [i].kind == ADDRESS_INPROC)
            return fault_set (
                fault, CADRE_ERROR_ADDRESS,
                "%s is within one process: give NULL for a pool of this machine, or an ipc:// or tcp:// address",
                text);
    }
    goal_t goal = {.addresses = addresses, .count = count, .given = text, .keys = keys};
    return s_pool_connect (self, NULL, &goal, options, s_meet_ms (options), fault);
}

static cadre_error_t s_open_local (cadre_t *self, const cadre_options_t *options, fault_t *fault)
{
    address_t address;
    const int timeout_ms = s_connect_ms (options);
    int64_t until_us = connection_deadline (timeout_ms);
    local_program_t program = main_program ();
    self->local = local_new (options, &program, fault);
    if (!self->local)
        return fault->code;
    self->own_slots = local_slots (self->local);
    self->own_threads = local_has_threads (self->local);
    goal_t goal = {.addresses = &address, .count = 1, .given = local_address (self->local)};
    cadre_error_t error = address_parse (&address, goal.given, fault);
    assert (!error);
    error = s_pool_connect (self, local_context (self->local), &goal, options, s_left_ms (until_us),
                            fault);
    if (error)
        return error;
    snprintf (self->task_address, sizeof self->task_address, "%s",
              local_task_address (self->local));
    return local_await (self->local, self, timeout_ms, fault);
}

//  On the same machine no key is needed, so CADRE_ACCESS only applies to tcp addresses.
static void s_pool_open (cadre_t *self, const char *address, const cadre_options_t *options,
                         fault_t *fault)
{
    access_t access = {0};
    const char *path =
        address && strstr (address, "tcp://") ? access_path (options->access) : options->access;
    if (!path && !address)
        s_open_local (self, options, fault);
    else if (!path || access_read_for (&access, path, false, fault) == CADRE_OK)
        s_open_remote (self, address ? address : access.address, path ? &access.keys : NULL,
                       options, fault);
    access_wipe (&access);
}

static cadre_error_t s_pool_check (const cadre_options_t *options, fault_t *fault)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved [0]; i++)
        if (options->reserved [i])
            return fault_set (
                fault, CADRE_ERROR_ARGUMENT,
                "reserved fields of the options are set: begin with `cadre_options_t o = {0}`");
    return CADRE_OK;
}

//  Cleans up after a failed attempt to open.
static void s_pool_give_up (cadre_t *self)
{
    if (self->connection)
        connection_close (self->connection, "gave up");
    local_destroy (&self->local);
    pool_release (&self);
}

cadre_t *cadre_open (const char *address, const cadre_options_t *options)
{
    static const cadre_options_t usual = {0};
    fault_t fault = {0};
    if (!options)
        options = &usual;
    cadre_t *self = pool_new ();
    if (!self) {
        fault_set (&fault, CADRE_ERROR_MEMORY, "no memory for a pool: raise the limit (ulimit -v)");
        message_say_open (&fault);
        return NULL;
    }
    self->by_dispatch = options->callbacks_by_dispatch;
    if (s_pool_check (options, &fault) == CADRE_OK)
        s_pool_open (self, address, options, &fault);
    if (self->local && fault.code == CADRE_OK)
        fault_set (&fault, CADRE_OK, "%s", local_notice (self->local));
    message_say_open (&fault);
    if (fault.code == CADRE_OK)
        return self;
    s_pool_give_up (self);
    return NULL;
}

const char *cadre_address (const cadre_t *self)
{
    return self ? pool_address (self) : "";
}

//  ---- closing
//  -----------------------------------------------------------------------------------------

//  It outlives the pool, and everything was sent, or was acknowledged before the broker went away.
static bool s_can_leave (const work_t *work, bool there)
{
    return work->final || work->follow || work->settled || (there && work->last_put != WORK_UNPUT);
}

//  Nothing attached is in flight, and everything detached has been sent.
static bool s_pool_drained (void *argument)
{
    cadre_t *self = argument;
    work_t *work, *next;
    session_t *session = pool_session (self);
    bool there = session_put_accepts (session);
    HASH_ITER (hh, self->works, work, next)
        if (work->detached ? !s_can_leave (work, there) : !work_done (work))
            return false;
    return session_state (session) == SESSION_ENDED || session_put_drained (session);
}

static void s_cancel_all (cadre_t *self, void (*cancel) (work_t *work))
{
    work_t *work, *next;
    HASH_ITER (hh, self->works, work, next)
        if (!work->detached && !work_done (work))
            cancel (work);
}

//  Callbacks of completed futures are called before the pool is closed.
static void s_pool_finish (cadre_t *self, const char *reason)
{
    connection_close (self->connection, reason);
    callbacks_call_back (self);
    local_destroy (&self->local);
}

static bool s_begin_close (cadre_t *self)
{
    self->closing = true;
    implicit_seal_all (self);
    work_t *work, *next;
    HASH_ITER (hh, self->works, work, next)
        work_seal (work);
    connection_flush (self->connection);
    return session_state (pool_session (self)) != SESSION_ENDED;
}

static bool s_pool_drain (cadre_t *self, int timeout_ms)
{
    return connection_wait (self->connection, connection_deadline (timeout_ms), s_pool_drained,
                            self);
}

//  How a pool is closed.
typedef struct manner {
    bool stop;      //  Tasks that have not begun are cancelled at once
    int timeout_ms; //  Until all others are cancelled, too
    int cancel_ms;  //  How long these may take
} manner_t;

static cadre_error_t s_pool_close (cadre_t *self, const manner_t *manner)
{
    cadre_error_t result = CADRE_OK;
    pool_lock (self);
    bool alive = s_begin_close (self);
    if (alive && manner->stop)
        s_cancel_all (self, work_cancel_waiting);
    if (alive && !s_pool_drain (self, manner->timeout_ms)) {
        result = CADRE_ERROR_TIMEOUT;
        s_cancel_all (self, work_cancel);
        if (!session_silent (pool_session (self)))
            s_pool_drain (self, manner->cancel_ms);
    }
    self->closed = true;
    pool_unlock (self);
    s_pool_finish (self, "closed");
    return result;
}

static cadre_error_t s_pool_end (cadre_t **self_p, const manner_t *manner)
{
    cadre_t *self = self_p ? *self_p : NULL;
    if (!self)
        return CADRE_OK;
    *self_p = NULL;
    if (pool_forked (self))
        return CADRE_ERROR_FORKED;
    cadre_error_t result = s_pool_close (self, manner);
    pool_release (&self);
    return result;
}

cadre_error_t cadre_close (cadre_t **self_p, int timeout_ms)
{
    return s_pool_end (self_p, &(manner_t){.timeout_ms = timeout_ms, .cancel_ms = CANCEL_MS});
}

cadre_error_t cadre_stop (cadre_t **self_p, int timeout_ms)
{
    return s_pool_end (self_p,
                       &(manner_t){.stop = true, .timeout_ms = timeout_ms, .cancel_ms = CANCEL_MS});
}

void cadre_abort (cadre_t **self_p)
{
    s_pool_end (self_p, &(manner_t){0});
}
