//  news.c - callbacks, and the descriptor for event loops

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

#include "client/lib/future.h"
#include "client/lib/pool.h"

void pool_news (cadre_t *self)
{
    if (self->news_fd < 0 || self->news_set)
        return;
    uint64_t one = 1;
    self->news_set = write (self->news_fd, &one, sizeof one) == (ssize_t) sizeof one;
}

void news_close (cadre_t *self)
{
    if (self->news_fd >= 0)
        close (self->news_fd);
    self->news_fd = -1;
}

//  A callback that runs; lies on the stack of its thread.
typedef struct news_call {
    const cadre_future_t *future; //  Of which; NULL: the callback destroyed it
    pthread_t thread;             //  Which runs it
    bool awaited;                 //  Another thread waits for its end
    struct news_call *next;       //  Of those that run
} news_call_t;

void news_call_back (cadre_t *self)
{
    pool_lock (self);
    cadre_future_t *future;
    while ((future = self->due)) {
        DL_DELETE2 (self->due, future, previous_due, next_due);
        news_call_t call = {.future = future, .thread = pthread_self ()};
        cadre_done_fn *callback = future->callback;
        void *argument = future->argument;
        future->queued = false;
        future->callback = NULL;
        self->callbacks--;
        LL_PREPEND (self->calls, &call);
        pool_unlock (self);
        callback (future, argument);
        pool_lock (self);
        LL_DELETE (self->calls, &call);
        if (call.awaited)
            connection_notify (self->connection);
    }
    pool_unlock (self);
}

static news_call_t *s_call_of (const cadre_future_t *future)
{
    news_call_t *call;
    LL_SEARCH_SCALAR (future->pool->calls, call, future, future);
    return call;
}

static bool s_is_called (void *argument)
{
    news_call_t *call = s_call_of (argument);
    if (call)
        call->awaited = true;
    return !call;
}

void news_part (cadre_future_t *future)
{
    news_call_t *call = s_call_of (future);
    if (call && pthread_equal (call->thread, pthread_self ()))
        call->future = NULL;
    else if (call)
        connection_wait (future->pool->connection, -1, s_is_called, future);
}

cadre_error_t cadre_future_on_done (cadre_future_t *self, cadre_done_fn *callback, void *argument)
{
    if (!self || !callback)
        return CADRE_ERROR_ARGUMENT;
    cadre_t *pool = self->pool;
    if (pool_forked (pool))
        return CADRE_ERROR_FORKED;
    pool_lock (pool);
    cadre_error_t error = CADRE_OK;
    if (pool->closed)
        error = CADRE_ERROR_CLOSED;
    else if (self->callback)
        error = CADRE_ERROR_ARGUMENT;
    if (!error) {
        self->watched = true;
        self->callback = callback;
        self->argument = argument;
        pool->callbacks++;
        if (atomic_load (&self->done)) {
            self->queued = true;
            DL_APPEND2 (pool->due, self, previous_due, next_due);
            pool_news (pool);
        }
        connection_notify (pool->connection);
    }
    pool_unlock (pool);
    if (error)
        return pool_say_text (pool, error,
                              error == CADRE_ERROR_CLOSED
                                  ? "the pool was closed: nobody is left to call back"
                                  : "the future has a callback already: give each one");
    return CADRE_OK;
}

int cadre_descriptor (cadre_t *self)
{
    if (!self || pool_forked (self))
        return -1;
    pool_lock (self);
    if (self->news_fd < 0) {
        self->news_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
        //  What came before somebody asked is news too
        pool_news (self);
        connection_notify (self->connection);
    }
    int fd = self->news_fd;
    pool_unlock (self);
    if (fd < 0)
        pool_say_text (self, CADRE_ERROR_DESCRIPTORS, "no descriptor is free: raise ulimit -n");
    return fd;
}

cadre_error_t cadre_dispatch (cadre_t *self)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self))
        return CADRE_ERROR_FORKED;
    pool_lock (self);
    if (self->news_set) {
        uint64_t count;
        self->news_set = read (self->news_fd, &count, sizeof count) < 0 && errno != EAGAIN;
    }
    connection_flush (self->connection);
    bool run = self->by_dispatch;
    pool_unlock (self);
    if (run)
        news_call_back (self);
    return CADRE_OK;
}
