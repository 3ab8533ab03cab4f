/*  lane.h - the way by which one worker receives its tasks
 *
 *  A PUSH socket, bound for one session of one worker, with what goes out of
 *  it: numbered frames, batches of tasks, large payloads in parts, and the
 *  window that the worker granted. What was sent is not kept: a lane that breaks ends
 *  the session.
 */

#ifndef BROKER_PEERS_LANE_H_INCLUDED
#define BROKER_PEERS_LANE_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/record/job.h"

typedef struct lane lane_t;

//  Binds a lane on the first address of that kind, for the peer alone (as the gate calls it; not
//  asked for without doors); *next is where the search for a free place begins, and is moved on.
//  NULL and a fault when there is no such address, or (CADRE_ERROR_DESCRIPTORS) no free port was
//  found in a few tries. The hub must outlive it.
lane_t *lane_new (hub_t *hub, address_kind_t kind, const char *peer, uint64_t session,
                  uint32_t *next, fault_t *fault);
void lane_destroy (lane_t **self_p);

//  How many lanes of that kind the broker's range of ports has room for.
size_t lane_places (const hub_t *hub, address_kind_t kind);

//  Descriptors that a worker over tcp takes: its lane's socket, its listener, and three
//  connections.
#define LANE_DESCRIPTORS 5

address_kind_t lane_kind (const lane_t *self);

//  The tcp port, or N of lane-N.
uint64_t lane_number (const lane_t *self);

//  Its socket, for polling; borrowed.
void *lane_socket (lane_t *self);

//  True until LANE_HELLO has found a peer.
bool lane_is_pending (const lane_t *self);

//  Sends what the window lets through. False when the peer is gone: the session must end.
bool lane_flush (lane_t *self);

//  Nothing is sent while there are holds: what was put must not be begun before the disk knows of
//  it. As many lane_let as lane_hold.
void lane_hold (lane_t *self);
void lane_let (lane_t *self);
bool lane_is_held (const lane_t *self);

//  Absolute totals, as the worker grants them.
void lane_grant (lane_t *self, uint64_t tasks, uint64_t bytes);

//  The worker has received all frames up to this one, it says. What it has not bounds what else is
//  sent, beside its grants.
void lane_received (lane_t *self, uint64_t received);

//  What may still be put: tasks, bytes.
uint64_t lane_free_tasks (const lane_t *self);
uint64_t lane_free_bytes (const lane_t *self);

void lane_put_job (lane_t *self, const job_t *job);
void lane_put_job_end (lane_t *self, uint64_t job);

//  Tasks (records lane_task, packed) whose leases are consecutive.
void lane_put_tasks (lane_t *self, uint64_t job, uint64_t serial, const buffer_t *tasks,
                     size_t count);

//  One task whose payload goes in parts; the payload is copied.
void lane_put_large (lane_t *self, uint64_t job, uint64_t serial, const wire_lane_task_t *task);

//  Highest sequence number sent; tasks sent or waiting; anything unsent?
uint64_t lane_sent (const lane_t *self);
uint64_t lane_tasks (const lane_t *self);
bool lane_has_unsent (const lane_t *self);
size_t lane_bytes (const lane_t *self);

#endif
