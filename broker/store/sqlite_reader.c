//  sqlite_reader.c - the thread that reads slices

#include "broker/store/sqlite_reader.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <utlist.h>

#include "broker/store/row.h"
#include "broker/store/sqlite_error.h"
#include "common/threads.h"

#define KEPT_ROWS 8
#define ROW_SQL "SELECT body FROM log WHERE seq = ?1"

typedef struct request {
    struct request *prev, *next; //  In a list (utlist)
    store_slice_t slice;         //  The result
    uint64_t seq;                //  Number of the batch
    uint64_t offset;             //  In the batch
    size_t size;                 //  Number of bytes
} request_t;

typedef struct kept {
    uint64_t seq;     //  Of the row; 0: none
    uint32_t index;   //  In its batch
    buffer_t content; //  Checked content of the row
} kept_t;

struct sqlite_reader {
    const sqlite_file_t *file; //  Borrowed
    int event_fd;              //  Of the store
    pthread_t thread;          //  The reading thread
    bool started;              //  It runs
    uint64_t asked;            //  Number of requests; used by the owner
    sqlite3 *db;               //  The thread's connection
    sqlite3_stmt *statement;   //  Reads a row
    kept_t kept [KEPT_ROWS];   //  Rows cached by the thread
    unsigned turn;             //  The next one to replace
    pthread_mutex_t mutex;     //  Protects all members below
    pthread_cond_t work;       //  There is a request, or it ends
    pthread_cond_t progress;   //  A request was completed
    request_t *queue;          //  Requests
    request_t *answers;        //  Results
    uint64_t read;             //  Number of results
    bool ending;               //  Skip the remaining requests
};

static cadre_error_t s_sqlite_reader_connect (sqlite_reader_t *self, fault_t *fault)
{
    if (self->statement)
        return CADRE_OK;
    if (!self->db && !(self->db = sqlite_file_reader (self->file, fault)))
        return fault->code;
    int rc = sqlite3_prepare_v3 (self->db, ROW_SQL, -1, SQLITE_PREPARE_PERSISTENT, &self->statement,
                                 NULL);
    return rc ? sqlite_error (self->db, rc, sqlite_file_path (self->file), "read", fault)
              : CADRE_OK;
}

static cadre_error_t s_missing (const request_t *request, fault_t *fault)
{
    return fault_set (
        fault, CADRE_ERROR_NOT_FOUND,
        "the store has no %zu bytes from %llu on in batch %llu: dropped, or not written yet",
        request->size, (unsigned long long) request->offset, (unsigned long long) request->seq);
}

static cadre_error_t s_sqlite_reader_keep (sqlite_reader_t *self, uint64_t seq, view_t body,
                                           fault_t *fault)
{
    row_t row;
    if (!row_read (&row, seq, body))
        return sqlite_error_is_damage (sqlite_file_path (self->file), "a row has a wrong checksum",
                                       fault);
    kept_t *kept = &self->kept [self->turn++ % KEPT_ROWS];
    buffer_clear (&kept->content);
    buffer_append (&kept->content, row.content.data, row.content.size);
    kept->seq = seq;
    kept->index = row.index;
    return CADRE_OK;
}

//  Reads a row into the cache. CADRE_OK also when there is no such row.
static cadre_error_t s_fetch (sqlite_reader_t *self, uint64_t seq, fault_t *fault)
{
    if (s_sqlite_reader_connect (self, fault))
        return fault->code;
    cadre_error_t error = CADRE_OK;
    sqlite3_bind_int64 (self->statement, 1, (sqlite3_int64) seq);
    int rc = sqlite3_step (self->statement);
    if (rc == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob (self->statement, 0);
        view_t body = {.data = bytes, .size = (size_t) sqlite3_column_bytes (self->statement, 0)};
        error = s_sqlite_reader_keep (self, seq, body, fault);
    } else if (rc != SQLITE_DONE) {
        error = sqlite_error (self->db, rc, sqlite_file_path (self->file), "read", fault);
    }
    sqlite3_reset (self->statement);
    return error;
}

static const kept_t *s_sqlite_reader_find (const sqlite_reader_t *self, uint64_t seq)
{
    for (size_t i = 0; i < KEPT_ROWS; i++)
        if (self->kept [i].seq == seq)
            return &self->kept [i];
    return NULL;
}

//  Copies the part of the slice that is in one row.
static cadre_error_t s_read_row (sqlite_reader_t *self, request_t *request, fault_t *fault)
{
    uint64_t at = request->offset + request->slice.body.size;
    uint32_t index = (uint32_t) (at / ROW_CONTENT_BYTES);
    const kept_t *kept = s_sqlite_reader_find (self, request->seq + index);
    if (!kept) {
        if (s_fetch (self, request->seq + index, fault))
            return fault->code;
        kept = s_sqlite_reader_find (self, request->seq + index);
    }
    size_t within = (size_t) (at % ROW_CONTENT_BYTES);
    if (!kept || kept->index != index || within >= kept->content.size)
        return s_missing (request, fault);
    size_t left = request->size - request->slice.body.size, there = kept->content.size - within;
    buffer_append (&request->slice.body, kept->content.data + within, left < there ? left : there);
    return CADRE_OK;
}

static void s_sqlite_reader_read (sqlite_reader_t *self, request_t *request)
{
    cadre_error_t error = CADRE_OK;
    if (request->seq == 0 || request->size == 0 || request->offset > STORE_BATCH_BYTES_MAX)
        error = s_missing (request, &request->slice.fault);
    while (!error && request->slice.body.size < request->size)
        error = s_read_row (self, request, &request->slice.fault);
    if (error)
        buffer_free (&request->slice.body);
}

static request_t *s_sqlite_reader_take (sqlite_reader_t *self)
{
    pthread_mutex_lock (&self->mutex);
    while (!self->queue && !self->ending)
        pthread_cond_wait (&self->work, &self->mutex);
    request_t *request = self->ending ? NULL : self->queue;
    if (request)
        DL_DELETE (self->queue, request);
    pthread_mutex_unlock (&self->mutex);
    return request;
}

static void s_sqlite_reader_answer (sqlite_reader_t *self, request_t *request)
{
    pthread_mutex_lock (&self->mutex);
    bool news = !self->answers;
    DL_APPEND (self->answers, request);
    self->read++;
    pthread_cond_signal (&self->progress);
    pthread_mutex_unlock (&self->mutex);
    if (news)
        eventfd_write (self->event_fd, 1);
}

static void *s_sqlite_reader_run (void *argument)
{
    sqlite_reader_t *self = argument;
    request_t *request;
    while ((request = s_sqlite_reader_take (self))) {
        s_sqlite_reader_read (self, request);
        s_sqlite_reader_answer (self, request);
    }
    return NULL;
}

sqlite_reader_t *sqlite_reader_new (const sqlite_file_t *file, int event_fd)
{
    sqlite_reader_t *self = calloc (1, sizeof *self);
    assert (self);
    self->file = file;
    self->event_fd = event_fd;
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->work, NULL);
    pthread_cond_init (&self->progress, NULL);
    return self;
}

cadre_error_t sqlite_reader_start (sqlite_reader_t *self, fault_t *fault)
{
    cadre_error_t error = threads_start (&self->thread, s_sqlite_reader_run, self, fault);
    self->started = error == CADRE_OK;
    return error;
}

static void s_sqlite_reader_stop (sqlite_reader_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->ending = true;
    pthread_cond_signal (&self->work);
    pthread_mutex_unlock (&self->mutex);
    pthread_join (self->thread, NULL);
}

static void s_sqlite_reader_free (request_t *list)
{
    request_t *request, *next;
    DL_FOREACH_SAFE (list, request, next) {
        buffer_free (&request->slice.body);
        free (request);
    }
}

void sqlite_reader_destroy (sqlite_reader_t **self_p)
{
    sqlite_reader_t *self = *self_p;
    if (!self)
        return;
    if (self->started)
        s_sqlite_reader_stop (self);
    sqlite3_finalize (self->statement);
    sqlite3_close (self->db);
    for (size_t i = 0; i < KEPT_ROWS; i++)
        buffer_free (&self->kept [i].content);
    s_sqlite_reader_free (self->queue);
    s_sqlite_reader_free (self->answers);
    pthread_cond_destroy (&self->progress);
    pthread_cond_destroy (&self->work);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

void sqlite_reader_ask (sqlite_reader_t *self, uint64_t tag, uint64_t seq, uint64_t offset,
                        size_t size)
{
    request_t *request = calloc (1, sizeof *request);
    assert (request);
    *request = (request_t){.slice.tag = tag, .seq = seq, .offset = offset, .size = size};
    assert (self->started);
    self->asked++;
    pthread_mutex_lock (&self->mutex);
    DL_APPEND (self->queue, request);
    pthread_cond_signal (&self->work);
    pthread_mutex_unlock (&self->mutex);
}

uint64_t sqlite_reader_asked (const sqlite_reader_t *self)
{
    return self->asked;
}

bool sqlite_reader_next (sqlite_reader_t *self, store_slice_t *slice)
{
    pthread_mutex_lock (&self->mutex);
    request_t *request = self->answers;
    if (request)
        DL_DELETE (self->answers, request);
    pthread_mutex_unlock (&self->mutex);
    if (!request)
        return false;
    *slice = request->slice;
    free (request);
    return true;
}

void sqlite_reader_await (sqlite_reader_t *self, uint64_t asked)
{
    pthread_mutex_lock (&self->mutex);
    while (self->read < asked)
        pthread_cond_wait (&self->progress, &self->mutex);
    pthread_mutex_unlock (&self->mutex);
}
