/*  store_space.h - accounting of the space in a store
 *
 *  A plain value that a store embeds. The store updates what is on disk; the broker, through
 *  store.h, what is reserved and what is live.
 */

#ifndef BROKER_STORE_STORE_SPACE_H_INCLUDED
#define BROKER_STORE_STORE_SPACE_H_INCLUDED

#include "broker/store/store.h"

typedef struct store_space {
    uint64_t quota_bytes;    //  Limit of the total; 0: the file system's
    uint64_t used_bytes;     //  On disk, not dropped
    uint64_t pending_bytes;  //  Appended, not durable
    uint64_t reserved_bytes; //  Reserved for future records
    uint64_t live_bytes;     //  Live bytes, as set by the broker
    uint64_t spare_bytes;    //  On disk and free for new batches
    uint64_t free_bytes;     //  Free in the file system
    uint64_t margin_bytes;   //  Of it, never reserved: what transactions need temporarily
} store_space_t;

//  Reserves, or refuses with a message that names the store.
cadre_error_t store_space_reserve (store_space_t *self, uint64_t bytes, const char *store,
                                   fault_t *fault);
void store_space_claim (store_space_t *self, uint64_t bytes);
void store_space_release (store_space_t *self, uint64_t bytes);

//  A batch was appended, of which fills_bytes use reserved space; and it became durable.
void store_space_append (store_space_t *self, uint64_t size_bytes, uint64_t fills_bytes);
void store_space_settle (store_space_t *self, uint64_t size_bytes);

bool store_space_wants_compaction (const store_space_t *self);

//  Sets the fields of usage that are kept here.
void store_space_tell (const store_space_t *self, store_usage_t *usage);

#endif
