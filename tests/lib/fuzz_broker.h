/*
 *  fuzz_broker: a broker's state without a network, with one job of four tasks that one worker has
 *  been given.
 *
 *  For fuzzers that play the worker: frames of the sink go to the broker's handlers. One at a time,
 *  one thread.
 */
#ifndef TESTS_LIB_FUZZ_BROKER_H_INCLUDED
#define TESTS_LIB_FUZZ_BROKER_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_BROKER_LEASES 4

typedef struct fuzz_broker fuzz_broker_t;

typedef struct fuzz_lease {
    uint64_t job;    // number of the job
    uint64_t serial; // of the lease
    uint32_t index;  // of the task
} fuzz_lease_t;

//  kind: of the job (WIRE_KIND_...). context: ZeroMQ's. NULL when it has no room for more sockets
//  now.
fuzz_broker_t *fuzz_broker_new (void *context, unsigned kind);
void fuzz_broker_destroy (fuzz_broker_t **self_p);

uint64_t fuzz_broker_session (const fuzz_broker_t *self); // of the worker, 0 when it has ended
fuzz_lease_t fuzz_broker_lease (const fuzz_broker_t *self, size_t number);

//  A frame of the worker's sink. False when it was refused, or ended the session.
bool fuzz_broker_take (fuzz_broker_t *self, const void *frame, size_t size_bytes);

#endif
