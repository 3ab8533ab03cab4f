/*  store.h - the interface of stores: a log of batches on stable storage
 *
 *  Everything that a broker must not forget is a log of batches. The content of a batch is opaque
 *  to the store. A batch is stored completely or not at all, and so is everything before it that
 *  was not dropped. Batches are numbered in increasing order; a number is never reused.
 *
 *  The kind of store (sqlite.h, memory.h) is chosen where it is opened; the interface is the same.
 *  One thread, the broker's, owns a store and makes all calls. Only opening, scan and close wait
 *  for the disk:
 *
 *      store_t *store = sqlite_open ("/var/lib/cadre/store", &options, &fault);
 *      store_scan (store, visit, journal, &fault);          reads all, counts the boot
 *      loop:
 *          uint64_t seq = store_append (store, &batch, NULL);   takes the bytes, returns at once
 *          poll store_fd, then store_turn (store, &fault);      a failure ends the broker
 *          if (store_durable (store) >= seq) ...                only now it may be acknowledged
 *      store_close (&store, &fault);                        makes everything appended durable first
 *
 *  Group commit: batches that arrive during one commit go into the next one; there is no timer.
 *  Batches become durable in the order of their numbers.
 *
 *  A failed commit or fsync is never retried, because the state of the disk is unknown then.
 *  store_turn returns the error, nothing becomes durable afterwards, and the process must end.
 *
 *  Room: store_append never refuses, so new work first reserves (store_reserve) room for its own
 *  records and for those that will end it. The ends are written into that reserved room, however
 *  full the store is. Compaction claims the room of its copies, which is never refused.
 */

#ifndef BROKER_STORE_STORE_H_INCLUDED
#define BROKER_STORE_STORE_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"
#include "common/fault.h"

#define STORE_BATCH_BYTES_MAX                                                                      \
    ((UINT64_C (1) << 30) + (UINT64_C (16) << 20)) //  Enough for the largest payload

//  Done in the same transaction as the batch.
typedef struct store_append {
    uint64_t drop_before; //  All batches before this number are dropped; at most the number of this
                          //  batch. 0: none
    uint64_t fills_bytes; //  How many bytes of this batch use reserved room
} store_append_t;

//  Bytes that were read.
typedef struct store_slice {
    uint64_t tag; //  As given to store_read
    fault_t
        fault; //  CADRE_OK; NOT_FOUND: not durable, dropped, or too short; IO: the store is damaged
    buffer_t body; //  The bytes, on success; the caller of store_next_slice frees them
} store_slice_t;

//  As of the last turn, plus the owner's own calls.
typedef struct store_usage {
    uint64_t file_bytes;     //  Size of the files on disk
    uint64_t used_bytes;     //  Of it, batches that were not dropped
    uint64_t pending_bytes;  //  Appended and not durable yet
    uint64_t reserved_bytes; //  Reserved or claimed, and not filled or released
    uint64_t live_bytes;     //  As set by store_live
    uint64_t quota_bytes;    //  Limit of the total; 0: the file system's
    uint64_t free_bytes;     //  Free in the file system
    uint64_t batches;        //  Durable and not dropped
    uint64_t first;          //  Number of the oldest of them; 0: none
    uint64_t commits;        //  Transactions since the store was opened
    uint64_t written_bytes;  //  Size of the batches that became durable since then
} store_usage_t;

//  Called for each batch; its bytes are valid during the call. An error, with a fault that gives
//  the reason, ends the scan.
typedef cadre_error_t (store_visit_t) (void *context, uint64_t seq, view_t body, fault_t *fault);

typedef struct store store_t;

//  The implementation of a store; the functions below describe each.
typedef struct store_class {
    cadre_error_t (*scan) (store_t *self, store_visit_t *visit, void *context, fault_t *fault);
    uint64_t (*boots) (const store_t *self);
    uint64_t (*append) (store_t *self, buffer_t *body, const store_append_t *with);
    uint64_t (*durable) (const store_t *self);
    int (*fd) (const store_t *self);
    cadre_error_t (*turn) (store_t *self, fault_t *fault);
    void (*read) (store_t *self, uint64_t tag, uint64_t seq, uint64_t offset, size_t size);
    bool (*next_slice) (store_t *self, store_slice_t *slice);
    cadre_error_t (*reserve) (store_t *self, uint64_t bytes, fault_t *fault);
    void (*claim) (store_t *self, uint64_t bytes);
    void (*release) (store_t *self, uint64_t bytes);
    void (*live) (store_t *self, uint64_t bytes);
    void (*usage) (const store_t *self, store_usage_t *usage);
    bool (*wants_compaction) (const store_t *self);
    cadre_error_t (*close) (store_t *self, fault_t *fault);
} store_class_t;

//  The head of every store. The functions are inline, so that a broker that never opens a store
//  (libcadre's) is not linked with one.
struct store {
    const store_class_t *class; //  Its implementation
};

//  Call once, first. Visits every batch from the oldest on (visit may be NULL), and when all were
//  accepted counts this boot durably. Until then the store is not changed, so a refused store stays
//  as it was. Fails when a batch is damaged or not accepted, or the boot cannot be written.
static inline cadre_error_t store_scan (store_t *self, store_visit_t *visit, void *context,
                                        fault_t *fault)
{
    return self->class->scan (self, visit, context, fault);
}

//  Number of times that this store was opened and scanned, including now: the epoch of leases.
static inline uint64_t store_boots (const store_t *self)
{
    return self->class->boots (self);
}

//  Takes the content of *body, 1 to STORE_BATCH_BYTES_MAX bytes, and returns the batch's number.
//  with may be NULL. After a failure it has no effect.
static inline uint64_t store_append (store_t *self, buffer_t *body, const store_append_t *with)
{
    return self->class->append (self, body, with);
}

//  All batches up to this number are durable; 0: none. Changes only in store_turn.
static inline uint64_t store_durable (const store_t *self)
{
    return self->class->durable (self);
}

//  Readable when store_turn has work.
static inline int store_fd (const store_t *self)
{
    return self->class->fd (self);
}

//  Takes over what became durable, was read, or failed. An error is final, and is returned again by
//  each later call.
static inline cadre_error_t store_turn (store_t *self, fault_t *fault)
{
    return self->class->turn (self, fault);
}

//  Requests bytes of a durable batch; offset counts from its beginning. The result comes from
//  store_next_slice after a later turn, in the order of the requests. A batch that a later append
//  drops can still be read.
static inline void store_read (store_t *self, uint64_t tag, uint64_t seq, uint64_t offset,
                               size_t size)
{
    self->class->read (self, tag, seq, offset, size);
}

//  The next result; false when there is none yet.
static inline bool store_next_slice (store_t *self, store_slice_t *slice)
{
    return self->class->next_slice (self, slice);
}

//  Reserves room for so many bytes of future records, or refuses: CADRE_ERROR_REFUSED and a message
//  that names store, limit and cure.
static inline cadre_error_t store_reserve (store_t *self, uint64_t bytes, fault_t *fault)
{
    return self->class->reserve (self, bytes, fault);
}

//  Reserves without a check: for what was accepted earlier (after a scan), and for the copies of a
//  compaction.
static inline void store_claim (store_t *self, uint64_t bytes)
{
    self->class->claim (self, bytes);
}

//  Returns reserved room that no record will use.
static inline void store_release (store_t *self, uint64_t bytes)
{
    self->class->release (self, bytes);
}

//  How many of the bytes appended are still needed.
static inline void store_live (store_t *self, uint64_t bytes)
{
    self->class->live (self, bytes);
}

static inline void store_usage (const store_t *self, store_usage_t *usage)
{
    self->class->usage (self, usage);
}

//  Should the oldest live jobs be copied to the end? True when more than twice the live bytes plus
//  64 MiB is used, or when the quota is nearly used up and an eighth of it is not live.
static inline bool store_wants_compaction (const store_t *self)
{
    return self->class->wants_compaction (self);
}

//  Waits until everything appended is durable, and closes. Remaining slices are freed. Returns an
//  error, as store_turn does, when not everything became durable. *self_p may be NULL.
static inline cadre_error_t store_close (store_t **self_p, fault_t *fault)
{
    store_t *self = *self_p;
    *self_p = NULL;
    return self ? self->class->close (self, fault) : CADRE_OK;
}

#endif
