/*  lane.h - the channel through which one worker receives its tasks
 *
 *  A PUSH socket, bound for one session of one worker, and what is sent on it: numbered frames,
 *  batches of tasks, large payloads in parts, within the window that the worker granted. Sent
 *  frames are not kept: when a lane breaks, the session ends.
 */

#ifndef BROKER_PEERS_LANE_H_INCLUDED
#define BROKER_PEERS_LANE_H_INCLUDED

#include "broker/core/context.h"
#include "broker/record/job.h"

typedef struct lane lane_t;

//  Binds a lane on the first address of that kind, for one peer (its User-Id; ignored without
//  keys). *next is where the search for a free port begins, and is advanced. NULL and a fault when
//  there is no such address, or (CADRE_ERROR_DESCRIPTORS) no free port was found in a few tries.
//  The context must outlive it.
lane_t *lane_new (context_t *ctx, address_kind_t kind, const char *peer, uint64_t session,
                  uint32_t *next, fault_t *fault);
void lane_destroy (lane_t **self_p);

//  Number of lanes of that kind for which the broker's range of ports has room.
size_t lane_capacity (const context_t *ctx, address_kind_t kind);

//  Descriptors per tcp worker: the lane's socket, its listener, and three connections.
#define LANE_DESCRIPTORS 5

address_kind_t lane_kind (const lane_t *self);

//  The tcp port, or N of lane-N.
uint64_t lane_number (const lane_t *self);

//  Its socket, for polling; borrowed.
void *lane_socket (lane_t *self);

//  True until LANE_HELLO has reached a peer.
bool lane_is_pending (const lane_t *self);

//  Sends what the window allows. False when the peer is gone: the session must end.
bool lane_flush (lane_t *self);

//  While holds exist nothing is sent: queued tasks must not begin before their leases are on the
//  disk. Each lane_hold needs one lane_let.
void lane_hold (lane_t *self);
void lane_let (lane_t *self);
bool lane_is_held (const lane_t *self);

//  The worker's grants, as absolute totals.
void lane_grant (lane_t *self, uint64_t tasks, uint64_t bytes);

//  The worker reports that it has received all frames up to this one. Frames in flight are limited,
//  beside its grants.
void lane_received (lane_t *self, uint64_t received);

//  How much may still be queued: tasks, bytes.
uint64_t lane_free_tasks (const lane_t *self);
uint64_t lane_free_bytes (const lane_t *self);

void lane_put_job (lane_t *self, const job_t *job);
void lane_put_job_end (lane_t *self, uint64_t job);

//  Tasks (packed lane_task records) whose leases are consecutive.
void lane_put_tasks (lane_t *self, uint64_t job, uint64_t serial, const buffer_t *tasks,
                     size_t count);

//  One task whose payload goes in parts; the payload is copied.
void lane_put_large (lane_t *self, uint64_t job, uint64_t serial, const wire_lane_task_t *task,
                     const buffer_t *payload);

//  The worker can open files of this process: payloads in files are sent by name.
void lane_share (lane_t *self);

//  Highest sequence number sent; tasks sent or queued; is anything unsent?
uint64_t lane_sent (const lane_t *self);
uint64_t lane_tasks (const lane_t *self);
bool lane_has_unsent (const lane_t *self);
size_t lane_bytes (const lane_t *self);

#endif
