//  pool.c - the members of cadre_t

#include "client/lib/pool/pool.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/bulk.h"
#include "common/clock.h"

#define MARK_BYTES 4096u
#define SPENT_MIN 8u

//  ---- references and locks -----------------------------------------------------------

//  A page that the kernel zeroes in a forked child: reading it needs no system call, unlike getpid.
static uint8_t *s_mark_new (void)
{
    uint8_t *mark =
        mmap (NULL, MARK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mark == MAP_FAILED)
        return NULL;
    if (madvise (mark, MARK_BYTES, MADV_WIPEONFORK)) {
        munmap (mark, MARK_BYTES);
        return NULL;
    }
    *mark = 1;
    return mark;
}

cadre_t *pool_new (void)
{
    cadre_t *self = calloc (1, sizeof *self);
    message_owner_t *messages = message_owner_new ();
    if (!self || !messages) {
        message_owner_destroy (&messages);
        free (self);
        return NULL;
    }
    atomic_init (&self->references, 1);
    self->pid = getpid ();
    self->mark = s_mark_new ();
    self->messages = messages;
    wakeup_init (&self->wakeup);
    return self;
}

bool pool_forked (const cadre_t *self)
{
    return self->mark ? *(const volatile uint8_t *) self->mark == 0 : self->pid != getpid ();
}

cadre_t *pool_hold (cadre_t *self)
{
    atomic_fetch_add_explicit (&self->references, 1, memory_order_relaxed);
    return self;
}

void pool_spend (cadre_t *self, bulk_t *payload)
{
    if (self->spent_count == self->spent_capacity) {
        self->spent_capacity = self->spent_capacity ? self->spent_capacity * 2 : SPENT_MIN;
        self->spent = realloc (self->spent, self->spent_capacity * sizeof (bulk_t *));
        assert (self->spent);
    }
    self->spent [self->spent_count++] = payload;
}

static void s_release_all (bulk_t **payloads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bulk_release (&payloads [i]);
    free (payloads);
}

void pool_free_spent (cadre_t *self)
{
    pool_lock (self);
    bulk_t **payloads = self->spent;
    size_t count = self->spent_count;
    self->spent = NULL;
    self->spent_count = self->spent_capacity = 0;
    pool_unlock (self);
    s_release_all (payloads, count);
}

void pool_release (cadre_t **self_p)
{
    cadre_t *self = *self_p;
    *self_p = NULL;
    if (!self || atomic_fetch_sub_explicit (&self->references, 1, memory_order_acq_rel) > 1)
        return;
    //  Close has removed all works that belong to no job
    assert (!self->works);
    connection_destroy (&self->connection);
    wakeup_close (&self->wakeup);
    message_owner_destroy (&self->messages);
    s_release_all (self->spent, self->spent_count);
    if (self->mark)
        munmap (self->mark, MARK_BYTES);
    free (self);
}

void pool_lock (cadre_t *self)
{
    connection_lock (self->connection);
}

void pool_unlock (cadre_t *self)
{
    connection_unlock (self->connection);
}

session_t *pool_session (cadre_t *self)
{
    return connection_session (self->connection);
}

//  ---- state -----------------------------------------------------------------------------------

const char *pool_address (const cadre_t *self)
{
    return self->task_address [0] ? self->task_address : connection_address (self->connection);
}

static cadre_error_t s_no_answer (cadre_t *self, fault_t *fault)
{
    return fault_set (fault, CADRE_ERROR_UNAVAILABLE,
                      "the broker at %s does not answer: is it running?", pool_address (self));
}

cadre_error_t pool_ready (cadre_t *self, fault_t *fault)
{
    session_t *session = pool_session (self);
    if (self->closed)
        return fault_set (fault, CADRE_ERROR_CLOSED, "the pool was closed: open another one");
    if (session_state (session) == SESSION_ENDED) {
        *fault = *session_fault (session);
        return fault->code;
    }
    return session_put_given_up (session) ? s_no_answer (self, fault) : CADRE_OK;
}

//  The window is open, or will never be.
static bool s_admitted (void *argument)
{
    cadre_t *self = argument;
    session_t *session = pool_session (self);
    return self->closed || session_state (session) == SESSION_ENDED
           || session_put_given_up (session) || !session_put_blocked (session);
}

cadre_error_t pool_admit (cadre_t *self, fault_t *fault)
{
    if (pool_ready (self, fault))
        return fault->code;
    if (!session_put_blocked (pool_session (self)))
        return CADRE_OK;
    connection_wait (self->connection, -1, s_admitted, self);
    return pool_ready (self, fault);
}

void pool_news (cadre_t *self)
{
    wakeup_raise (&self->wakeup);
}

bool cadre_connected (cadre_t *self)
{
    if (!self || pool_forked (self))
        return false;
    pool_lock (self);
    bool hears = session_hears (pool_session (self), clock_now (NULL));
    pool_unlock (self);
    return hears;
}

void pool_explain (cadre_t *self, const char *notice, char *text, size_t size)
{
    if (session_silent (pool_session (self)))
        snprintf (text, size, "the broker at %s does not answer: is it running?",
                  pool_address (self));
    else if (session_put_is_full (pool_session (self)))
        snprintf (text, size, "unread results of jobs fill the pool's window: read them first");
    else
        snprintf (text, size, "%s", notice);
}
