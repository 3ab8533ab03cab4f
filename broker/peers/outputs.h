/*  outputs.h - how much output of each lease was received and is granted
 *
 *  One small record for each lease that has written output, until the lease ends.
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
    uint32_t worker;         //  Index of the worker that holds it
    bool starved;            //  A grant is due as soon as its client reads
    bool discarded;          //  Further output is discarded
    uint64_t received_bytes; //  Output so far
    uint64_t granted_bytes;  //  Output granted in total
    UT_hash_handle hh;       //  In outputs, by serial
} wrote_t;

outputs_t *outputs_new (void);
void outputs_destroy (outputs_t **self_p);

//  Limits the number of records.
void outputs_limit (outputs_t *self, size_t most);
size_t outputs_count (const outputs_t *self);

//  The record of a lease, created when missing. NULL when the limit is reached.
wrote_t *outputs_get (outputs_t *self, uint64_t serial);
wrote_t *outputs_first (outputs_t *self); //  Iterate with hh.next

void outputs_drop (outputs_t *self, uint64_t serial);
void outputs_drop_worker (outputs_t *self, uint32_t worker);

#endif
