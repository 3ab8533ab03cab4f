//  sqlite_writer.c - the thread that commits

#include "broker/store/sqlite_writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <utlist.h>

#include "common/threads.h"

#define COMMIT_BYTES (16u << 20) //  Size at which a transaction takes no more batches

typedef struct batch {
    struct batch *prev, *next; //  In the queue (utlist)
    buffer_t body;             //  Its bytes
    uint64_t seq;              //  Number of the batch
    uint64_t drop_before;      //  What it drops
    uint64_t asked;            //  Slices requested before it
} batch_t;

struct sqlite_writer {
    sqlite_log_t *log;          //  Borrowed; the thread's
    sqlite_reader_t *reader;    //  Borrowed
    int event_fd;               //  Of the store
    pthread_t thread;           //  The committing thread
    pthread_mutex_t mutex;      //  Protects all members below
    pthread_cond_t work;        //  The queue is not empty, or it ends
    batch_t *queue;             //  Appended, not taken by a transaction
    bool ending;                //  The queue gets no more batches
    bool failed;                //  No more commits
    sqlite_progress_t progress; //  For the owner
};

static void s_sqlite_writer_free (batch_t *queue)
{
    batch_t *batch, *next;
    DL_FOREACH_SAFE (queue, batch, next) {
        buffer_free (&batch->body);
        free (batch);
    }
}

//  The batches of the next transaction; NULL when it ends.
static batch_t *s_sqlite_writer_take (sqlite_writer_t *self)
{
    batch_t *taken = NULL;
    size_t bytes = 0;
    pthread_mutex_lock (&self->mutex);
    while (!self->queue && !self->ending)
        pthread_cond_wait (&self->work, &self->mutex);
    while (self->queue && bytes < COMMIT_BYTES) {
        batch_t *batch = self->queue;
        bytes += batch->body.size;
        DL_DELETE (self->queue, batch);
        DL_APPEND (taken, batch);
    }
    pthread_mutex_unlock (&self->mutex);
    return taken;
}

static cadre_error_t s_sqlite_writer_write (sqlite_writer_t *self, const batch_t *batch,
                                            fault_t *fault)
{
    view_t body = {.data = batch->body.data, .size = batch->body.size};
    if (sqlite_log_add (self->log, batch->seq, body, fault))
        return fault->code;
    if (!batch->drop_before)
        return CADRE_OK;
    sqlite_reader_await (self->reader, batch->asked);
    return sqlite_log_drop (self->log, batch->drop_before, fault);
}

static cadre_error_t s_sqlite_writer_commit (sqlite_writer_t *self, const batch_t *batches,
                                             fault_t *fault)
{
    const batch_t *batch;
    if (sqlite_log_begin (self->log, fault))
        return fault->code;
    DL_FOREACH (batches, batch)
        if (s_sqlite_writer_write (self, batch, fault))
            return fault->code;
    return sqlite_log_commit (self->log, fault);
}

static void s_tell_durable (sqlite_writer_t *self, const batch_t *batches)
{
    const batch_t *batch;
    pthread_mutex_lock (&self->mutex);
    DL_FOREACH (batches, batch) {
        self->progress.durable = batch->seq;
        self->progress.durable_bytes += batch->body.size;
    }
    self->progress.figures = *sqlite_log_figures (self->log);
    pthread_mutex_unlock (&self->mutex);
    eventfd_write (self->event_fd, 1);
}

static void s_tell_failed (sqlite_writer_t *self, const fault_t *fault)
{
    pthread_mutex_lock (&self->mutex);
    self->failed = true;
    self->progress.fault = *fault;
    pthread_mutex_unlock (&self->mutex);
    eventfd_write (self->event_fd, 1);
}

static bool s_is_idle (sqlite_writer_t *self)
{
    pthread_mutex_lock (&self->mutex);
    bool idle = !self->queue && !self->ending;
    pthread_mutex_unlock (&self->mutex);
    return idle;
}

//  Continues the upkeep, in parts, while there is no other work.
static cadre_error_t s_tidy (sqlite_writer_t *self, fault_t *fault)
{
    bool more = true, idle = true;
    cadre_error_t error = CADRE_OK;
    while (!error && more && idle) {
        idle = s_is_idle (self);
        error = sqlite_log_tidy (self->log, idle, &more, fault);
    }
    pthread_mutex_lock (&self->mutex);
    self->progress.figures = *sqlite_log_figures (self->log);
    pthread_mutex_unlock (&self->mutex);
    return error;
}

static void *s_sqlite_writer_run (void *argument)
{
    sqlite_writer_t *self = argument;
    fault_t fault = {0};
    cadre_error_t error = s_tidy (self, &fault);
    batch_t *batches;
    while (!error && (batches = s_sqlite_writer_take (self))) {
        error = s_sqlite_writer_commit (self, batches, &fault);
        if (!error)
            s_tell_durable (self, batches);
        s_sqlite_writer_free (batches);
        if (!error)
            error = s_tidy (self, &fault);
    }
    if (error)
        s_tell_failed (self, &fault);
    return NULL;
}

sqlite_writer_t *sqlite_writer_new (sqlite_log_t *log, sqlite_reader_t *reader, int event_fd,
                                    fault_t *fault)
{
    sqlite_writer_t *self = calloc (1, sizeof *self);
    assert (self);
    self->log = log;
    self->reader = reader;
    self->event_fd = event_fd;
    self->progress.figures = *sqlite_log_figures (log);
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->work, NULL);
    if (threads_start (&self->thread, s_sqlite_writer_run, self, fault) == CADRE_OK)
        return self;
    pthread_mutex_destroy (&self->mutex);
    pthread_cond_destroy (&self->work);
    free (self);
    return NULL;
}

void sqlite_writer_finish (sqlite_writer_t *self)
{
    if (self->ending)
        return;
    pthread_mutex_lock (&self->mutex);
    self->ending = true;
    pthread_cond_signal (&self->work);
    pthread_mutex_unlock (&self->mutex);
    pthread_join (self->thread, NULL);
}

void sqlite_writer_destroy (sqlite_writer_t **self_p)
{
    sqlite_writer_t *self = *self_p;
    if (!self)
        return;
    sqlite_writer_finish (self);
    s_sqlite_writer_free (self->queue);
    pthread_cond_destroy (&self->work);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

void sqlite_writer_put (sqlite_writer_t *self, buffer_t *body, uint64_t seq, uint64_t drop_before)
{
    batch_t *batch = calloc (1, sizeof *batch);
    assert (batch);
    batch->body = buffer_take (body);
    batch->seq = seq;
    batch->drop_before = drop_before;
    batch->asked = sqlite_reader_asked (self->reader);
    pthread_mutex_lock (&self->mutex);
    bool failed = self->failed;
    if (!failed) {
        DL_APPEND (self->queue, batch);
        pthread_cond_signal (&self->work);
    }
    pthread_mutex_unlock (&self->mutex);
    if (!failed)
        return;
    buffer_free (&batch->body);
    free (batch);
}

void sqlite_writer_tell (sqlite_writer_t *self, sqlite_progress_t *progress)
{
    pthread_mutex_lock (&self->mutex);
    *progress = self->progress;
    pthread_mutex_unlock (&self->mutex);
}
