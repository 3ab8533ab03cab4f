//  sqlite.c - the store in a local SQLite file, the default

#include "broker/store/sqlite.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "broker/store/row.h"
#include "broker/store/sqlite_writer.h"
#include "broker/store/store_space.h"

#define WAL_BYTES (UINT64_C (4) << 20)
#define MARGIN_BYTES (UINT64_C (32) << 20) //  The write-ahead log needs space before the file does

typedef struct sqlite {
    store_t base;               //  Base for store.h
    sqlite_file_t *file;        //  Locked
    sqlite_log_t *log;          //  Used by the owner until the scan is done
    sqlite_reader_t *reader;    //  Reads slices
    sqlite_writer_t *writer;    //  Commits; NULL before the scan
    int event_fd;               //  Reader and writer write to it
    uint64_t next;              //  Number of the next batch
    store_space_t room;         //  Accounting of space
    sqlite_progress_t progress; //  As of the last turn
} sqlite_t;

static const sqlite_t *s_const (const store_t *self)
{
    return (const sqlite_t *) self;
}

static void s_take_figures (sqlite_t *self)
{
    self->room.used_bytes = self->progress.figures.used_bytes;
    self->room.spare_bytes = self->progress.figures.spare_bytes;
    self->room.free_bytes = self->progress.figures.free_bytes;
}

static cadre_error_t s_sqlite_scan (store_t *store, store_visit_t *visit, void *context,
                                    fault_t *fault)
{
    sqlite_t *self = (sqlite_t *) store;
    assert (!self->writer);
    cadre_error_t error = sqlite_scan (self->log, visit, context, fault);
    if (error)
        return error;
    self->progress.figures = *sqlite_log_figures (self->log);
    self->next = self->progress.figures.next;
    self->progress.durable = self->next - 1;
    s_take_figures (self);
    if (sqlite_reader_start (self->reader, fault))
        return fault->code;
    self->writer = sqlite_writer_new (self->log, self->reader, self->event_fd, fault);
    return self->writer ? CADRE_OK : fault->code;
}

static uint64_t s_boots (const store_t *self)
{
    return sqlite_log_boots (s_const (self)->log);
}

static uint64_t s_sqlite_append (store_t *store, buffer_t *body, const store_append_t *with)
{
    static const store_append_t nothing = {0};
    sqlite_t *self = (sqlite_t *) store;
    uint64_t seq = self->next;
    with = with ? with : &nothing;
    assert (self->writer && body->size > 0 && body->size <= STORE_BATCH_BYTES_MAX);
    assert (with->drop_before <= seq);
    self->next += row_count (body->size);
    store_space_append (&self->room, body->size, with->fills_bytes);
    sqlite_writer_put (self->writer, body, seq, with->drop_before);
    return seq;
}

static uint64_t s_durable (const store_t *self)
{
    return s_const (self)->progress.durable;
}

static int s_fd (const store_t *self)
{
    return s_const (self)->event_fd;
}

static cadre_error_t s_sqlite_turn (store_t *store, fault_t *fault)
{
    sqlite_t *self = (sqlite_t *) store;
    eventfd_t count;
    uint64_t before = self->progress.durable_bytes;
    assert (self->writer);
    eventfd_read (self->event_fd, &count);
    sqlite_writer_tell (self->writer, &self->progress);
    store_space_settle (&self->room, self->progress.durable_bytes - before);
    s_take_figures (self);
    if (self->progress.fault.code)
        fault_set (fault, self->progress.fault.code, "%s", self->progress.fault.text);
    return self->progress.fault.code;
}

static void s_sqlite_read (store_t *self, uint64_t tag, uint64_t seq, uint64_t offset, size_t size)
{
    sqlite_reader_ask (((sqlite_t *) self)->reader, tag, seq, offset, size);
}

static bool s_next_slice (store_t *self, store_slice_t *slice)
{
    return sqlite_reader_next (((sqlite_t *) self)->reader, slice);
}

static cadre_error_t s_sqlite_reserve (store_t *store, uint64_t bytes, fault_t *fault)
{
    sqlite_t *self = (sqlite_t *) store;
    return store_space_reserve (&self->room, bytes, sqlite_file_path (self->file), fault);
}

static void s_sqlite_claim (store_t *self, uint64_t bytes)
{
    store_space_claim (&((sqlite_t *) self)->room, bytes);
}

static void s_sqlite_release (store_t *self, uint64_t bytes)
{
    store_space_release (&((sqlite_t *) self)->room, bytes);
}

static void s_live (store_t *self, uint64_t bytes)
{
    ((sqlite_t *) self)->room.live_bytes = bytes;
}

static void s_usage (const store_t *store, store_usage_t *usage)
{
    const sqlite_t *self = s_const (store);
    const sqlite_figures_t *figures = &self->progress.figures;
    store_space_tell (&self->room, usage);
    usage->file_bytes = figures->file_bytes;
    usage->batches = figures->next_batch - figures->first_batch;
    usage->first = figures->first;
    usage->commits = figures->commits;
    usage->written_bytes = self->progress.durable_bytes;
}

static bool s_wants_compaction (const store_t *self)
{
    return store_space_wants_compaction (&s_const (self)->room);
}

//  After a failure nothing more is written.
static cadre_error_t s_sqlite_close (store_t *store, fault_t *fault)
{
    sqlite_t *self = (sqlite_t *) store;
    cadre_error_t error = CADRE_OK;
    if (self->writer) {
        sqlite_writer_finish (self->writer);
        error = s_sqlite_turn (store, fault);
    }
    sqlite_writer_destroy (&self->writer);
    sqlite_reader_destroy (&self->reader);
    sqlite_log_destroy (&self->log);
    if (error)
        sqlite_file_freeze (self->file);
    sqlite_file_close (&self->file);
    if (self->event_fd >= 0)
        close (self->event_fd);
    free (self);
    return error;
}

static const store_class_t s_class = {
    .scan = s_sqlite_scan,
    .boots = s_boots,
    .append = s_sqlite_append,
    .durable = s_durable,
    .fd = s_fd,
    .turn = s_sqlite_turn,
    .read = s_sqlite_read,
    .next_slice = s_next_slice,
    .reserve = s_sqlite_reserve,
    .claim = s_sqlite_claim,
    .release = s_sqlite_release,
    .live = s_live,
    .usage = s_usage,
    .wants_compaction = s_wants_compaction,
    .close = s_sqlite_close,
};

store_t *sqlite_open (const char *path, const sqlite_options_t *options, fault_t *fault)
{
    static const sqlite_options_t usual = {0};
    options = options ? options : &usual;
    sqlite_t *self = calloc (1, sizeof *self);
    assert (self);
    self->base.class = &s_class;
    self->room.quota_bytes = options->quota_bytes;
    self->room.margin_bytes = MARGIN_BYTES;
    self->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    store_t *store = &self->base;
    if (self->event_fd < 0)
        fault_set (fault, CADRE_ERROR_DESCRIPTORS,
                   "the store %s cannot be opened: no descriptor is left", path);
    else if ((self->file = sqlite_file_open (path, options->vfs, fault)))
        self->log =
            sqlite_log_new (self->file, options->wal_bytes ? options->wal_bytes : WAL_BYTES, fault);
    if (!self->log)
        store_close (&store, NULL);
    else
        self->reader = sqlite_reader_new (self->file, self->event_fd);
    return store;
}
