/*  store_rig.h - rig: a store of either kind, and batches that tell whether they are whole
 *
 *  A batch has a number and a size, from which all its bytes follow.
 */

#ifndef TESTS_LIB_RIGS_STORE_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_STORE_RIG_H_INCLUDED

#include "broker/store/memory.h"

#define STORE_RIG_SEEN 512

typedef struct seen {
    uint32_t number; //  As the batch says
    uint64_t seq;    //  As the store says
    size_t size;     //  Bytes
} seen_t;

typedef struct store_rig {
    memory_disk_t *disk;          //  NULL: the store is a SQLite file
    char folder [64];             //  Of the file
    char path [96];               //  The file
    const char *vfs;              //  SQLite's layer of files; NULL: the usual one
    uint64_t quota_bytes;         //  For the next opening
    uint64_t wal_bytes;           //  For the next opening
    store_t *store;               //  NULL while closed
    fault_t fault;                //  The last one
    seen_t seen [STORE_RIG_SEEN]; //  What the last scan saw
    size_t seen_count;            //  How many
} store_rig_t;

//  A disk, or a file in a folder of its own in /tmp; nothing is open yet. store_rig_end closes and
//  removes all.
void store_rig_begin (store_rig_t *self, bool memory);
void store_rig_begin_in (store_rig_t *self, const char *parent); //  A file in a folder there
void store_rig_end (store_rig_t *self);

//  Opens and scans; the error of either.
cadre_error_t store_rig_open (store_rig_t *self);

//  Another store on the same disk or file, not scanned, the caller's; NULL and rig's fault.
store_t *store_rig_bare (store_rig_t *self);
void store_rig_close (store_rig_t *self);

//  Appends a batch and returns its sequence number.
uint64_t store_rig_append (store_rig_t *self, uint32_t number, size_t size,
                           const store_append_t *with);

//  Turns until that batch is durable, or the store failed.
cadre_error_t store_rig_wait (store_rig_t *self, uint64_t seq);

//  Asks for the slice and turns until it is there.
store_slice_t store_rig_read (store_rig_t *self, uint64_t seq, uint64_t offset, size_t size);

//  Opens, appends so many batches of that size, and closes.
void store_rig_fill (store_rig_t *self, uint32_t count, size_t size);

//  A file beside the store's, valid until the next call; its size, -1: there is none; and a file of
//  that content.
const char *store_rig_beside (const store_rig_t *self, const char *suffix);
int64_t store_rig_size (const store_rig_t *self, const char *suffix);
void store_rig_save (const char *path, const void *bytes, size_t size);

//  One byte of a batch.
uint8_t store_rig_byte (uint32_t number, size_t offset);

//  For store_scan; context is the rig.
store_visit_t store_rig_visit;

//  Set-up and tear-down of cmocka tests: a rig over SQLite in *STATE.
int store_rig_set_up (void **state);
int store_rig_tear_down (void **state);

#endif
