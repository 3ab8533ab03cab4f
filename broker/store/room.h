/*  room.h - how much of a store is spoken for
 *
 *  A plain value that a store embeds. The store tells it what is on disk; the
 *  broker, through store.h, what is reserved and what is live.
 */

#ifndef BROKER_STORE_ROOM_H_INCLUDED
#define BROKER_STORE_ROOM_H_INCLUDED

#include "broker/store/store.h"

typedef struct room {
    uint64_t quota_bytes;    //  Limit for all of it; 0: none but the disk
    uint64_t used_bytes;     //  On disk, not dropped
    uint64_t pending_bytes;  //  Appended, not durable
    uint64_t reserved_bytes; //  Promised to records to come
    uint64_t live_bytes;     //  As the broker told
    uint64_t spare_bytes;    //  On disk and free for new batches
    uint64_t free_bytes;     //  Free in the file system
    uint64_t margin_bytes;   //  Of it, never promised: what transactions need on their way
} room_t;

//  Reserves, or refuses with a line that names the store.
cadre_error_t room_reserve (room_t *self, uint64_t bytes, const char *store, fault_t *fault);
void room_claim (room_t *self, uint64_t bytes);
void room_release (room_t *self, uint64_t bytes);

//  A batch was appended that fills so much of what was reserved; and became durable.
void room_append (room_t *self, uint64_t size_bytes, uint64_t fills_bytes);
void room_settle (room_t *self, uint64_t size_bytes);

bool room_wants_compaction (const room_t *self);

//  The fields of usage that stand here.
void room_tell (const room_t *self, store_usage_t *usage);

#endif
