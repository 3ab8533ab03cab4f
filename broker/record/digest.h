/*  digest.h - a fingerprint of the payloads of a job's first tasks
 *
 *  Payloads are dropped when their tasks have ended. When a job is submitted again, the digest
 *  shows whether it has the same payloads. It detects mistakes, not attacks: only the holder of a
 *  job can submit under its identity. Digests are stored and are equal on all machines. A plain
 *  value.
 */

#ifndef BROKER_RECORD_DIGEST_H_INCLUDED
#define BROKER_RECORD_DIGEST_H_INCLUDED

#include "common/wire.h"

typedef struct digest {
    uint64_t sum;   //  Hash of all payloads so far, in the order of their tasks
    uint32_t tasks; //  How many
    bool blind;     //  Some payloads are unknown: it matches every digest
} digest_t;

//  Adds the whole payload of the next task.
void digest_add (digest_t *self, view_t payload);

//  Adds a task whose payload is unknown.
void digest_skip (digest_t *self);

//  Could these be the same payloads?
bool digest_same (const digest_t *self, const digest_t *other);

#endif
