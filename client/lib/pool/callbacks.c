//  callbacks.c - callbacks of futures, and the interface for event loops

#include "client/lib/pool/callbacks.h"

#include <pthread.h>
#include <stdlib.h>
#include <utlist.h>

#include "client/lib/pool/promise.h"

//  Running callbacks of a future; on the stack of their thread.
typedef struct callbacks_call {
    const cadre_future_t *future; //  The future; NULL: a callback has destroyed it
    pthread_t thread;             //  The thread that runs them
    bool awaited;                 //  Another thread waits for its end
    struct callbacks_call *next;  //  The next running call
} callbacks_call_t;

//  Calls one callback, with the lock released.
static void s_callbacks_call (cadre_t *self, cadre_future_t *future)
{
    watcher_t *watcher = future->watchers;
    LL_DELETE (future->watchers, watcher);
    self->callbacks--;
    pool_unlock (self);
    watcher->callback (future, watcher->argument);
    free (watcher);
    pool_lock (self);
}

//  The callbacks of a future run one after the other, including those that are added meanwhile; one
//  of them may destroy the future.
static void s_call_all (cadre_t *self, cadre_future_t *future)
{
    callbacks_call_t call = {.future = future, .thread = pthread_self ()};
    LL_PREPEND (self->calls, &call);
    while (call.future && future->watchers)
        s_callbacks_call (self, future);
    LL_DELETE (self->calls, &call);
    if (call.awaited)
        connection_notify (self->connection);
}

void callbacks_call_back (cadre_t *self)
{
    pool_lock (self);
    cadre_future_t *future;
    while ((future = self->due)) {
        DL_DELETE2 (self->due, future, previous_due, next_due);
        future->queued = false;
        s_call_all (self, future);
    }
    pool_unlock (self);
}

static callbacks_call_t *s_call_of (const cadre_future_t *future)
{
    callbacks_call_t *call;
    LL_SEARCH_SCALAR (future->pool->calls, call, future, future);
    return call;
}

static bool s_is_called (void *argument)
{
    callbacks_call_t *call = s_call_of (argument);
    if (call)
        call->awaited = true;
    return !call;
}

//  Waits until the running callback has returned, unless it is the caller.
static void s_callbacks_part (cadre_future_t *future)
{
    callbacks_call_t *call = s_call_of (future);
    if (call && pthread_equal (call->thread, pthread_self ()))
        call->future = NULL;
    else if (call)
        connection_wait (future->pool->connection, -1, s_is_called, future);
}

void callbacks_forget (cadre_future_t *future)
{
    if (future->queued)
        DL_DELETE2 (future->pool->due, future, previous_due, next_due);
    while (future->watchers) {
        watcher_t *watcher = future->watchers;
        LL_DELETE (future->watchers, watcher);
        future->pool->callbacks--;
        free (watcher);
    }
    s_callbacks_part (future);
}

static void s_callbacks_watch (cadre_future_t *future, watcher_t *watcher)
{
    cadre_t *pool = future->pool;
    LL_APPEND (future->watchers, watcher);
    future->watched = true;
    pool->callbacks++;
    if (promise_is_done (future) && !future->queued && !s_call_of (future)) {
        promise_due (future);
        pool_news (pool);
    }
    connection_notify (pool->connection);
}

cadre_error_t callbacks_watch (cadre_future_t *future, cadre_done_fn *callback, void *argument,
                               fault_t *fault)
{
    if (future->pool->closed)
        return fault_set (fault, CADRE_ERROR_CLOSED,
                          "the pool was closed: it calls no callbacks any more");
    watcher_t *watcher = malloc (sizeof *watcher);
    if (!watcher)
        return fault_set (fault, CADRE_ERROR_MEMORY,
                          "no memory for a callback: raise the limit (ulimit -v)");
    *watcher = (watcher_t){.callback = callback, .argument = argument};
    s_callbacks_watch (future, watcher);
    return CADRE_OK;
}

int cadre_descriptor (cadre_t *self)
{
    if (!self || pool_forked (self))
        return -1;
    pool_lock (self);
    bool known = wakeup_is_open (&self->wakeup);
    int fd = wakeup_open (&self->wakeup);
    if (!known)
        connection_notify (self->connection);
    pool_unlock (self);
    if (fd < 0)
        message_say_text (self, CADRE_ERROR_DESCRIPTORS, "no descriptor is free: raise ulimit -n");
    return fd;
}

cadre_error_t cadre_dispatch (cadre_t *self)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self))
        return CADRE_ERROR_FORKED;
    pool_lock (self);
    wakeup_clear (&self->wakeup);
    connection_flush (self->connection);
    bool run = self->by_dispatch;
    pool_unlock (self);
    if (run)
        callbacks_call_back (self);
    return CADRE_OK;
}
