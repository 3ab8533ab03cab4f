//  memory.c - a store in memory, for tests of the modules above the store

#include "broker/store/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

#include "broker/store/store_space.h"

#define FREE_BYTES (UINT64_C (1) << 40)
#define NAME "the store in memory"

typedef struct batch {
    struct batch *prev, *next; //  In a list (utlist)
    uint64_t seq;              //  Its number
    uint64_t drop_before;      //  What it drops
    buffer_t body;             //  Its bytes
} batch_t;

typedef struct answer {
    struct answer *prev, *next; //  In a list (utlist)
    store_slice_t slice;        //  What was read
} answer_t;

struct memory_disk {
    batch_t *batches;     //  Durable and not dropped, in order
    uint64_t count;       //  Their number
    uint64_t used_bytes;  //  Their size
    uint64_t boots;       //  Number of boots
    uint64_t next;        //  Number of the next batch that becomes durable
    size_t let;           //  So many batches may become durable; SIZE_MAX: all
    bool lose;            //  The open store loses data that is not durable when it is closed
    size_t fail;          //  This batch fails; 0: none
    struct memory *store; //  The open store
};

typedef struct memory {
    store_t base;           //  Base for store.h
    memory_disk_t *disk;    //  Borrowed
    int event_fd;           //  Readable when a turn has work
    bool scanned;           //  It may be written
    fault_t fault;          //  Error of a commit
    batch_t *queue;         //  Appended, not durable
    answer_t *asked;        //  Read, not taken by a turn
    answer_t *answers;      //  For next_slice
    uint64_t next;          //  Number of the next batch
    uint64_t durable;       //  As of the last turn
    uint64_t commits;       //  Since it was opened
    uint64_t settled_bytes; //  Became durable, not taken by a turn
    uint64_t written_bytes; //  Became durable since it was opened
    store_space_t room;     //  Accounting of space
} memory_t;

memory_disk_t *memory_disk_new (void)
{
    memory_disk_t *self = calloc (1, sizeof *self);
    assert (self);
    self->next = 1;
    self->let = SIZE_MAX;
    return self;
}

static void s_free_batch (batch_t **list, batch_t *batch)
{
    DL_DELETE (*list, batch);
    buffer_free (&batch->body);
    free (batch);
}

void memory_disk_destroy (memory_disk_t **self_p)
{
    memory_disk_t *self = *self_p;
    if (!self)
        return;
    assert (!self->store);
    while (self->batches)
        s_free_batch (&self->batches, self->batches);
    free (self);
    *self_p = NULL;
}

static void s_memory_drop (memory_disk_t *self, uint64_t before)
{
    while (self->batches && self->batches->seq < before) {
        self->used_bytes -= self->batches->body.size;
        self->count--;
        s_free_batch (&self->batches, self->batches);
    }
}

static void s_memory_keep (memory_t *self, batch_t *batch)
{
    memory_disk_t *disk = self->disk;
    DL_DELETE (self->queue, batch);
    DL_APPEND (disk->batches, batch);
    disk->count++;
    disk->used_bytes += batch->body.size;
    disk->next = batch->seq + 1;
    s_memory_drop (disk, batch->drop_before);
    self->commits++;
    self->settled_bytes += batch->body.size;
    self->written_bytes += batch->body.size;
}

//  Makes batches durable, as far as allowed.
static void s_memory_commit (memory_t *self)
{
    memory_disk_t *disk = self->disk;
    while (self->queue && disk->let && !self->fault.code) {
        disk->let -= disk->let == SIZE_MAX ? 0 : 1;
        if (disk->fail && --disk->fail == 0)
            fault_set (&self->fault, CADRE_ERROR_IO,
                       NAME
                       " cannot be written: its disk was told to fail: start the broker again");
        else
            s_memory_keep (self, self->queue);
    }
    eventfd_write (self->event_fd, 1);
}

void memory_disk_hold (memory_disk_t *self)
{
    self->let = 0;
}

void memory_disk_let (memory_disk_t *self, size_t count)
{
    self->let = count;
    if (self->store)
        s_memory_commit (self->store);
}

void memory_disk_fail (memory_disk_t *self, size_t count)
{
    self->fail = count;
}

static cadre_error_t s_memory_scan (store_t *store, store_visit_t *visit, void *context,
                                    fault_t *fault)
{
    memory_t *self = (memory_t *) store;
    const batch_t *batch;
    assert (!self->scanned);
    DL_FOREACH (self->disk->batches, batch) {
        view_t body = {.data = batch->body.data, .size = batch->body.size};
        cadre_error_t error = visit ? visit (context, batch->seq, body, fault) : CADRE_OK;
        if (error)
            return error;
    }
    self->disk->boots++;
    self->scanned = true;
    return CADRE_OK;
}

static uint64_t s_boots (const store_t *self)
{
    return ((const memory_t *) self)->disk->boots;
}

static uint64_t s_memory_append (store_t *store, buffer_t *body, const store_append_t *with)
{
    memory_t *self = (memory_t *) store;
    assert (self->scanned && body->size > 0 && body->size <= STORE_BATCH_BYTES_MAX);
    assert (!with || with->drop_before <= self->next);
    batch_t *batch = calloc (1, sizeof *batch);
    assert (batch);
    batch->seq = self->next++;
    batch->drop_before = with ? with->drop_before : 0;
    batch->body = buffer_take (body);
    uint64_t seq = batch->seq;
    store_space_append (&self->room, batch->body.size, with ? with->fills_bytes : 0);
    DL_APPEND (self->queue, batch);
    s_memory_commit (self);
    return seq;
}

static uint64_t s_durable (const store_t *self)
{
    return ((const memory_t *) self)->durable;
}

static int s_fd (const store_t *self)
{
    return ((const memory_t *) self)->event_fd;
}

static cadre_error_t s_memory_turn (store_t *store, fault_t *fault)
{
    memory_t *self = (memory_t *) store;
    eventfd_t count;
    eventfd_read (self->event_fd, &count);
    self->durable = self->disk->next - 1;
    self->room.used_bytes = self->disk->used_bytes;
    store_space_settle (&self->room, self->settled_bytes);
    self->settled_bytes = 0;
    DL_CONCAT (self->answers, self->asked);
    self->asked = NULL;
    if (self->fault.code)
        fault_set (fault, self->fault.code, "%s", self->fault.text);
    return self->fault.code;
}

static const batch_t *s_memory_find (const memory_disk_t *self, uint64_t seq)
{
    const batch_t *batch;
    DL_FOREACH (self->batches, batch)
        if (batch->seq == seq)
            return batch;
    return NULL;
}

static void s_memory_read (store_t *store, uint64_t tag, uint64_t seq, uint64_t offset, size_t size)
{
    memory_t *self = (memory_t *) store;
    const batch_t *batch = s_memory_find (self->disk, seq);
    answer_t *answer = calloc (1, sizeof *answer);
    assert (answer);
    answer->slice.tag = tag;
    if (!batch || size == 0 || offset > batch->body.size || size > batch->body.size - offset)
        fault_set (&answer->slice.fault, CADRE_ERROR_NOT_FOUND, NAME " has no such bytes");
    else
        buffer_append (&answer->slice.body, batch->body.data + offset, size);
    DL_APPEND (self->asked, answer);
    eventfd_write (self->event_fd, 1);
}

static bool s_next_slice (store_t *store, store_slice_t *slice)
{
    memory_t *self = (memory_t *) store;
    answer_t *answer = self->answers;
    if (!answer)
        return false;
    DL_DELETE (self->answers, answer);
    *slice = answer->slice;
    free (answer);
    return true;
}

static cadre_error_t s_memory_reserve (store_t *self, uint64_t bytes, fault_t *fault)
{
    return store_space_reserve (&((memory_t *) self)->room, bytes, NAME, fault);
}

static void s_memory_claim (store_t *self, uint64_t bytes)
{
    store_space_claim (&((memory_t *) self)->room, bytes);
}

static void s_memory_release (store_t *self, uint64_t bytes)
{
    store_space_release (&((memory_t *) self)->room, bytes);
}

static void s_live (store_t *self, uint64_t bytes)
{
    ((memory_t *) self)->room.live_bytes = bytes;
}

static void s_usage (const store_t *store, store_usage_t *usage)
{
    const memory_t *self = (const memory_t *) store;
    store_space_tell (&self->room, usage);
    usage->file_bytes = self->disk->used_bytes;
    usage->batches = self->disk->count;
    usage->first = self->disk->batches ? self->disk->batches->seq : 0;
    usage->commits = self->commits;
    usage->written_bytes = self->written_bytes;
}

static bool s_wants_compaction (const store_t *self)
{
    return store_space_wants_compaction (&((const memory_t *) self)->room);
}

static void s_free_answers (answer_t *list)
{
    answer_t *answer, *next;
    DL_FOREACH_SAFE (list, answer, next) {
        buffer_free (&answer->slice.body);
        free (answer);
    }
}

static void s_destroy (memory_t *self)
{
    while (self->queue)
        s_free_batch (&self->queue, self->queue);
    s_free_answers (self->asked);
    s_free_answers (self->answers);
    self->disk->store = NULL;
    self->disk->lose = false;
    close (self->event_fd);
    free (self);
}

//  Closing does not wait for a disk that holds back batches: it releases them.
static cadre_error_t s_memory_close (store_t *store, fault_t *fault)
{
    memory_t *self = (memory_t *) store;
    if (self->disk->lose) {
        s_destroy (self);
        return CADRE_OK;
    }
    self->disk->let = SIZE_MAX;
    s_memory_commit (self);
    cadre_error_t error = s_memory_turn (store, fault);
    s_destroy (self);
    return error;
}

void memory_disk_lose (memory_disk_t *self)
{
    self->lose = true;
}

static const store_class_t s_class = {
    .scan = s_memory_scan,
    .boots = s_boots,
    .append = s_memory_append,
    .durable = s_durable,
    .fd = s_fd,
    .turn = s_memory_turn,
    .read = s_memory_read,
    .next_slice = s_next_slice,
    .reserve = s_memory_reserve,
    .claim = s_memory_claim,
    .release = s_memory_release,
    .live = s_live,
    .usage = s_usage,
    .wants_compaction = s_wants_compaction,
    .close = s_memory_close,
};

store_t *memory_open (memory_disk_t *disk, uint64_t quota_bytes, fault_t *fault)
{
    if (disk->store) {
        fault_set (fault, CADRE_ERROR_ADDRESS_IN_USE,
                   NAME " is in use by another broker: stop that one, or name another store");
        return NULL;
    }
    memory_t *self = calloc (1, sizeof *self);
    assert (self);
    self->base.class = &s_class;
    self->disk = disk;
    self->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert (self->event_fd >= 0);
    self->next = disk->next;
    self->durable = disk->next - 1;
    self->room = (store_space_t){
        .quota_bytes = quota_bytes, .used_bytes = disk->used_bytes, .free_bytes = FREE_BYTES};
    disk->store = self;
    return &self->base;
}
