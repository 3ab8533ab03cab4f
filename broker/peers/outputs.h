/*  outputs.h - how much output of each lease has come, and may come
 *
 *  One small record for each lease that has written anything, until it ends.
 */

#ifndef BROKER_PEERS_OUTPUTS_H_INCLUDED
#define BROKER_PEERS_OUTPUTS_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "common/hash.h"

typedef struct outputs outputs_t;

typedef struct wrote {
    uint64_t serial;         //  The lease
    uint64_t job;            //  Number of its job
    uint32_t agent;          //  Place of who holds it
    bool starved;            //  A grant is due as soon as its client reads
    bool discarded;          //  No more of it is wanted
    uint64_t received_bytes; //  Output so far
    uint64_t granted_bytes;  //  Output that may come in total
    UT_hash_handle hh;       //  In outputs, by serial
} wrote_t;

outputs_t *outputs_new (void);
void outputs_destroy (outputs_t **self_p);

//  So many leases at most.
void outputs_limit (outputs_t *self, size_t most);
size_t outputs_count (const outputs_t *self);

//  The record of a lease; made when it is not there. NULL when there are so many that one more has
//  no room.
wrote_t *outputs_get (outputs_t *self, uint64_t serial);
wrote_t *outputs_first (outputs_t *self); //  The rest through hh.next

void outputs_drop (outputs_t *self, uint64_t serial);
void outputs_drop_agent (outputs_t *self, uint32_t agent);

#endif
