/*  items.h - the items of a map on their way, for cadre_map and cadre_imap
 *
 *  Items travel in chunks, which are the tasks of one job. That is a matter of transport: an item
 *  that has failed is tried again alone, as the options say; those behind one that ended its slot,
 *  and were not begun, go into another chunk; and who owns the items hears of each of them once.
 *
 *      items_open (&items, pool, function, options, &owner)
 *      items_send (&items, first, count)      new items, as long as items_wants
 *      items_step (&items, deadline_us)       until items_left is 0
 *      items_close (&items)
 *
 *  Chunks that are chosen here take about a millisecond and a half, by the time that items were
 *  measured to take: the first ones are small, and they grow from result to result. No chunk is
 *  larger than a quarter of a slot's share.
 *
 *  Times in tries count for items, but a worker that is lost takes its chunk along: that is
 *  repeated by the broker, as a whole. One thread at a time.
 */

#ifndef CLIENT_LIB_ITEMS_H_INCLUDED
#define CLIENT_LIB_ITEMS_H_INCLUDED

#include "client/lib/job.h"
#include "common/tries.h"

//  Who owns the items; owner is handed to each.
typedef struct items_owner {
    //  Appends the arguments of an item: one array. Also for another try.
    cadre_error_t (*pack) (void *owner, buffer_t *payload, size_t item, fault_t *fault);
    //  The values of so many items; the cursor stands before the first, and shall stand behind the
    //  last.
    void (*values) (void *owner, size_t first, size_t count, cursor_t *cursor);
    //  The item has failed for good. Takes the failure.
    void (*failed) (void *owner, size_t item, cadre_value_t *failure);
    bool keeps;  //  It takes all that comes: the window of the pool does not hold it up
    void *owner; //  Borrowed
} items_owner_t;

//  Items of one task.
typedef struct items_chunk {
    size_t first;   //  Its first item
    uint32_t items; //  How many; 0: it has ended
    uint32_t tries; //  That each of them has had, and that failed
} items_chunk_t;

typedef struct items_again {
    int64_t due_us;      //  When it is sent
    items_chunk_t chunk; //  What
} items_again_t;

typedef struct items {
    cadre_t *pool;         //  Borrowed
    cadre_job_t *job;      //  That does it
    const char *function;  //  To be called; borrowed, not read when chunk is given
    items_owner_t owner;   //  As given
    tries_t tries;         //  Of an item
    size_t chunk;          //  Items of a chunk, as the options say; 0: chosen here
    size_t slots;          //  Chosen here: how many there are, about
    size_t grown;          //  Chosen here: no chunk is larger now
    int64_t begun_us;      //  Chosen here: when the first of them was sent; 0: none was
    int64_t item_ns;       //  Mean time that an item takes; -1: not measured
    items_chunk_t *chunks; //  Ring by task of those on their way
    uint32_t room;         //  A power of two
    uint32_t base;         //  The oldest that may be on its way
    size_t flying;         //  Chunks on their way
    size_t left;           //  Items that were sent and have not ended
    items_again_t *again;  //  To be sent once more, in no order
    size_t again_count;    //  How many
    size_t again_room;     //  Allocated
    buffer_t payload;      //  Used again for each chunk
    buffer_t body;         //  Of the items in it
    char notice [256];     //  What the job waits for, until something comes; or ""
    bool noticed;          //  It is new
    fault_t fault;         //  Why it cannot go on
} items_t;

//  Opens the job. chunk: as cadre_map_options_t; total: items that there will be, 0: not known.
//  CADRE_OK, or why not, in fault.
cadre_error_t items_open (items_t *self, cadre_t *pool, const char *function,
                          const cadre_map_options_t *options, size_t chunk, size_t total,
                          const items_owner_t *owner);

//  Cancels what has not ended, and frees all. Idempotent.
void items_close (items_t *self);

//  Should more be sent before the next step? Else the size of chunks is not known yet.
bool items_wants (const items_t *self);

//  When that should be asked again, at the latest, while more is to be sent.
int64_t items_until_us (const items_t *self, int64_t deadline_us);

//  Sends a chunk of at most count items from first on; returns how many. 0: self->fault says why
//  not.
size_t items_send (items_t *self, size_t first, size_t count);

//  Items that were sent and have not ended.
size_t items_left (const items_t *self);

//  Waits for one event, and sends what is due for another try. CADRE_OK, CADRE_ERROR_TIMEOUT, or
//  why it cannot go on, in fault. Negative: no deadline.
cadre_error_t items_step (items_t *self, int64_t deadline_us);

//  CADRE_OK when the options can be used for a map.
cadre_error_t items_check (const cadre_map_options_t *options, const char *function,
                           fault_t *fault);

#endif
