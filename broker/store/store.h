/*  store.h - a log of batches on stable storage: the whole interface
 *
 *  What a broker must not forget is a log of batches. A batch is bytes that only
 *  the journal understands; it is either there as a whole or not at all, and so
 *  is everything before it that was not dropped. Batches are numbered by a
 *  sequence that only grows; a number is never used again.
 *
 *  Which store it is (sqlite.h, memory.h) is chosen where it is opened; from
 *  there on all look alike. One thread, the broker's, owns a store and makes
 *  all calls. None of them waits for the disk but opening, scan and close:
 *
 *      store_t *store = sqlite_open ("/var/lib/cadre/store", &options, &fault);
 *      store_scan (store, visit, journal, &fault);          reads all, counts the boot
 *      loop:
 *          uint64_t seq = store_append (store, &batch, NULL);   takes the bytes, returns at once
 *          poll store_fd, then store_turn (store, &fault);      a failure ends the broker
 *          if (store_durable (store) >= seq) ...                now, and not before, others may
 *                                                               hear of it
 *      store_close (&store, &fault);                        what was appended becomes durable first
 *
 *  Group commit: what gathers while one commit runs goes into the next one; no
 *  timer is involved. Batches become durable in the order of their numbers.
 *
 *  A commit or fsync that failed is never tried again, since nobody knows what
 *  the disk then holds: store_turn says so, from then on nothing becomes
 *  durable, and all that is left to do is to end the process.
 *
 *  Room: what is appended is never refused, so new work asks first
 *  (store_reserve) for the room of its own records and of those that will end
 *  it. Ends are then written into room that is already theirs, however full the
 *  store has become. Compaction claims its copies, without asking.
 */

#ifndef BROKER_STORE_STORE_H_INCLUDED
#define BROKER_STORE_STORE_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"
#include "common/fault.h"

#define STORE_BATCH_BYTES_MAX                                                                      \
    ((UINT64_C (1) << 30) + (UINT64_C (16) << 20)) //  Holds the largest payload

//  What happens together with a batch.
typedef struct store_append {
    uint64_t drop_before; //  The number of a batch, at most this one: all before it go in its
                          //  transaction. 0: none
    uint64_t fills_bytes; //  So much of the reserved room is what this batch takes up
} store_append_t;

//  Bytes that were read back.
typedef struct store_slice {
    uint64_t tag; //  As given to store_read
    fault_t
        fault; //  CADRE_OK; NOT_FOUND: not durable, dropped, or too short; IO: the store is damaged
    buffer_t body; //  The bytes, if all is well; whoever took the slice frees them
} store_slice_t;

//  As of the last turn, but for what the owner itself does.
typedef struct store_usage {
    uint64_t file_bytes;     //  What the files take up on disk
    uint64_t used_bytes;     //  Of it, what holds batches that were not dropped
    uint64_t pending_bytes;  //  Appended and not durable yet
    uint64_t reserved_bytes; //  Reserved or claimed, and not filled or released
    uint64_t live_bytes;     //  As told by store_live
    uint64_t quota_bytes;    //  The limit of all of these; 0: what the file system has
    uint64_t free_bytes;     //  Free in the file system
    uint64_t batches;        //  Durable and not dropped
    uint64_t first;          //  The number of the oldest of them; 0: there is none
    uint64_t commits;        //  Transactions since the store was opened
    uint64_t written_bytes;  //  Of the batches that became durable since then
} store_usage_t;

//  Hears of one batch; its bytes are valid during the call. An error, with a fault that says what
//  is wrong with it, ends the scan.
typedef cadre_error_t (store_visit_t) (void *context, uint64_t seq, view_t body, fault_t *fault);

typedef struct store store_t;

//  What a store is made of; the functions below tell what each does.
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

//  The head of every store. The functions are inline, so that a broker that never opens one
//  (libcadre's) is linked with none.
struct store {
    const store_class_t *class; //  Which kind it is
};

//  Once, before anything else. Visits every batch from the oldest on (visit may be NULL), and when
//  all were accepted counts this boot, durably. Until then the store is as it was found: a refused
//  one is left untouched. Fails when a batch is damaged, was not accepted, or the boot cannot be
//  written.
static inline cadre_error_t store_scan (store_t *self, store_visit_t *visit, void *context,
                                        fault_t *fault)
{
    return self->class->scan (self, visit, context, fault);
}

//  How often this store was opened and scanned, this time included: the epoch of leases.
static inline uint64_t store_boots (const store_t *self)
{
    return self->class->boots (self);
}

//  Takes the content of *body, 1 to STORE_BATCH_BYTES_MAX bytes, and returns the batch's number.
//  with may be NULL. After a failure nothing comes of it.
static inline uint64_t store_append (store_t *self, buffer_t *body, const store_append_t *with)
{
    return self->class->append (self, body, with);
}

//  Every batch with this number or a lower one is durable; 0: none is. Changes only in store_turn.
static inline uint64_t store_durable (const store_t *self)
{
    return self->class->durable (self);
}

//  Readable when there is something to take over in store_turn.
static inline int store_fd (const store_t *self)
{
    return self->class->fd (self);
}

//  Takes over what became durable, was read, or failed. An error is final, and comes again with
//  each later turn.
static inline cadre_error_t store_turn (store_t *self, fault_t *fault)
{
    return self->class->turn (self, fault);
}

//  Asks for bytes of a durable batch; offset counts from its beginning. Answered, in the order of
//  asking, by store_next_slice after a later turn. A batch that is dropped by an append made later
//  is still read.
static inline void store_read (store_t *self, uint64_t tag, uint64_t seq, uint64_t offset,
                               size_t size)
{
    self->class->read (self, tag, seq, offset, size);
}

//  The next answer; false when there is none yet.
static inline bool store_next_slice (store_t *self, store_slice_t *slice)
{
    return self->class->next_slice (self, slice);
}

//  Reserves room for so many bytes of records to come, or refuses: CADRE_ERROR_REFUSED and a line
//  that names store, limit and cure.
static inline cadre_error_t store_reserve (store_t *self, uint64_t bytes, fault_t *fault)
{
    return self->class->reserve (self, bytes, fault);
}

//  Reserves without asking: for what was accepted before (after a scan), and for the copies of a
//  compaction.
static inline void store_claim (store_t *self, uint64_t bytes)
{
    self->class->claim (self, bytes);
}

//  Gives back room that no record will fill.
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

//  Is it time to copy the oldest live jobs forward? When more than twice what is live plus 64 MiB
//  is used, or when the quota is nearly used up and an eighth of it is not live.
static inline bool store_wants_compaction (const store_t *self)
{
    return self->class->wants_compaction (self);
}

//  Waits until what was appended is durable, and closes. Slices that nobody took are freed. An
//  error, as from store_turn, when not all became durable. *self_p may be NULL.
static inline cadre_error_t store_close (store_t **self_p, fault_t *fault)
{
    store_t *self = *self_p;
    *self_p = NULL;
    return self ? self->class->close (self, fault) : CADRE_OK;
}

#endif
