/*  sink_rig.h - rig: a broker's state without a network, whose one worker has the four tasks of one
 *  job
 *
 *  For fuzzers that play the worker: frames of the sink go to the broker's handlers. One at a time,
 *  one thread.
 */

#ifndef TESTS_LIB_RIGS_SINK_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_SINK_RIG_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SINK_RIG_LEASES 4

typedef struct sink_rig sink_rig_t;

typedef struct sink_rig_lease {
    uint64_t job;    // number of the job
    uint64_t serial; // of the lease
    uint32_t index;  // of the task
} sink_rig_lease_t;

//  kind: of the job (WIRE_KIND_...). context: ZeroMQ's. NULL when it has no room for more sockets
//  now.
sink_rig_t *sink_rig_new (void *context, unsigned kind);
void sink_rig_destroy (sink_rig_t **self_p);

uint64_t sink_rig_session (const sink_rig_t *self); // of the worker, 0 when it has ended
sink_rig_lease_t sink_rig_lease (const sink_rig_t *self, size_t number);

//  A frame of the worker's sink. False when it was refused, or ended the session.
bool sink_rig_take (sink_rig_t *self, const void *frame, size_t size_bytes);

#endif
