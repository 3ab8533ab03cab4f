/*  items.h - sends the items of a map, for cadre_map and cadre_imap
 *
 *  Items are sent in chunks, which are the tasks of one job. This is hidden from the owner of the
 *  items: a failed item is retried alone, as the options say; items that were not started because
 *  an earlier one ended the slot are sent in another chunk; and the owner gets each item's result
 *  once.
 *
 *      items_open (&items, pool, function, options, &owner)
 *      items_send (&items, first, count)      new items, as long as items_wants
 *      items_step (&items, deadline_us)       until items_left is 0
 *      items_close (&items)
 *
 *  Chunks of automatic size take about 1.5 ms, according to measured times of items: the first ones
 *  are small, and they grow with the results. No chunk is larger than a quarter of a slot's share.
 *
 *  Limits in tries apply to items. But a lost worker takes its whole chunk with it, which the
 *  broker repeats. One thread at a time.
 */

#ifndef CLIENT_LIB_ITEMS_H_INCLUDED
#define CLIENT_LIB_ITEMS_H_INCLUDED

#include "client/lib/job.h"
#include "common/retry_policy.h"

//  Callbacks of the owner; owner is passed to each.
typedef struct items_owner {
    //  Appends the arguments of an item: one array. Called again for another try.
    cadre_error_t (*pack) (void *owner, buffer_t *payload, size_t item, fault_t *fault);
    //  The values of so many items; the cursor is before the first, and must be after the last on
    //  return.
    void (*values) (void *owner, size_t first, size_t count, cursor_t *cursor);
    //  The item has failed finally. Takes the failure.
    void (*failed) (void *owner, size_t item, cadre_value_t *failure);
    bool keeps;  //  It keeps all results: the pool's window does not apply
    void *owner; //  Borrowed
} items_owner_t;

//  Items in one task.
typedef struct items_chunk {
    size_t first;   //  Its first item
    uint32_t items; //  How many; 0: it has ended
    uint32_t tries; //  Failed tries of each of them so far
} items_chunk_t;

typedef struct items_again {
    int64_t due_us;      //  When to send it
    items_chunk_t chunk; //  The items
} items_again_t;

typedef struct items {
    cadre_t *pool;         //  Borrowed
    cadre_job_t *job;      //  The job of the chunks
    const char *function;  //  Function to call; borrowed, not read when chunk is given
    items_owner_t owner;   //  As given
    retry_policy_t tries;  //  Limits per item
    size_t chunk;          //  Items per chunk, as the options say; 0: automatic
    size_t slots;          //  Automatic: approximate number of slots
    size_t grown;          //  Automatic: largest chunk so far allowed
    int64_t begun_us;      //  Automatic: when the first chunk was sent; 0: not yet
    int64_t item_ns;       //  Mean time of an item; -1: not measured
    items_chunk_t *chunks; //  Ring of chunks in flight, by task
    uint32_t room;         //  A power of two
    uint32_t base;         //  The oldest chunk that may be in flight
    size_t flying;         //  Chunks in flight
    size_t left;           //  Items that were sent and have not ended
    items_again_t *again;  //  Chunks to send again, in no order
    size_t again_count;    //  How many
    size_t again_room;     //  Allocated
    buffer_t payload;      //  Reused for each chunk
    buffer_t body;         //  Its items
    char notice [256];     //  Why the job waits, until an event comes; or ""
    bool noticed;          //  It is new
    fault_t fault;         //  Why it cannot go on
} items_t;

//  Opens the job. chunk: as cadre_map_options_t; total: number of items, 0: unknown. Returns
//  CADRE_OK, or an error with self->fault set.
cadre_error_t items_open (items_t *self, cadre_t *pool, const char *function,
                          const cadre_map_options_t *options, size_t chunk, size_t total,
                          const items_owner_t *owner);

//  Cancels unfinished items, and frees all. Idempotent.
void items_close (items_t *self);

//  Should more be sent before the next step? If not, the size of chunks is not known yet.
bool items_wants (const items_t *self);

//  The latest time to call items_wants again, while there are items to send.
int64_t items_until_us (const items_t *self, int64_t deadline_us);

//  Sends a chunk of at most count items from first on; returns how many. 0: an error, with
//  self->fault set.
size_t items_send (items_t *self, size_t first, size_t count);

//  Items that were sent and have not ended.
size_t items_left (const items_t *self);

//  Waits for one event, and sends chunks that are due for another try. Returns CADRE_OK,
//  CADRE_ERROR_TIMEOUT, or an error with self->fault set. Negative: no deadline.
cadre_error_t items_step (items_t *self, int64_t deadline_us);

//  CADRE_OK when the options are valid for a map.
cadre_error_t items_check (const cadre_map_options_t *options, const char *function,
                           fault_t *fault);

#endif
