/*  roster.h - the workers, as the broker sees them
 *
 *  Finds workers (worker_record.h) by session, UUID, route and number, and decides which of them
 *  can run a job.
 */

#ifndef BROKER_PEERS_ROSTER_H_INCLUDED
#define BROKER_PEERS_ROSTER_H_INCLUDED

#include "broker/auth/authz.h"
#include "broker/peers/catalog.h"
#include "broker/peers/demand.h"
#include "broker/peers/worker_record.h"
#include "broker/record/job.h"

#define ROSTER_SLOTS_MAX 65536u

typedef struct roster roster_t;

roster_t *roster_new (void);
void roster_destroy (roster_t **self_p);

//  Adds a new worker; its uuid must be unknown.
worker_record_t *roster_add (roster_t *self, const uint8_t uuid [WIRE_UUID_BYTES]);

//  Removes a worker that holds no lease.
void roster_remove (roster_t *self, worker_record_t **worker_p);

//  roster_limit: limits the memory of what workers describe about themselves; without it there is
//  no limit. roster_bytes: the memory that all workers use.
void roster_limit (roster_t *self, context_t *ctx);
uint64_t roster_bytes (const roster_t *self);

//  Is there room for this description, which replaces that of worker (NULL: none)?
bool roster_has_room (const roster_t *self, const worker_record_t *worker,
                      const wire_worker_hello_t *hello);

//  Stores what it offers, as far as its key permits. False when a list is invalid.
bool roster_describe (roster_t *self, worker_record_t *worker, const wire_worker_hello_t *hello,
                      const rights_t *rights);

//  Starts or ends the worker's session.
void roster_begin_session (roster_t *self, worker_record_t *worker, lane_t **lane_p,
                           uint64_t session);
void roster_end_session (roster_t *self, worker_record_t *worker);

//  The worker now uses this route. A worker that used it before must have been removed or moved.
void roster_move (roster_t *self, worker_record_t *worker, sockets_route_t route);

worker_record_t *roster_by_route (roster_t *self, sockets_route_t route);
worker_record_t *roster_by_session (roster_t *self, uint64_t session);
worker_record_t *roster_by_uuid (roster_t *self, const uint8_t uuid [WIRE_UUID_BYTES]);
worker_record_t *roster_by_number (roster_t *self, uint64_t number);

//  Indexes run from 0; some are empty (NULL).
size_t roster_entries (const roster_t *self);
worker_record_t *roster_at (const roster_t *self, size_t index);
size_t roster_count (const roster_t *self);

//  Changes whenever a worker is added or removed, or its offer changes. roster_changed: this
//  worker's offer changed.
uint64_t roster_version (const roster_t *self);
void roster_changed (roster_t *self, const worker_record_t *worker);

//  The demand of the job, shared with jobs of equal demand. Call roster_undemand before the job is
//  freed.
demand_t *roster_demand (roster_t *self, const job_t *job);
void roster_undemand (roster_t *self, demand_t **demand_p);

//  Finds the workers that fit the demand now: bits in demand->fits, their number in
//  demand->fitting.
void roster_judge (roster_t *self, demand_t *demand);

//  Could this worker ever run tasks of the job?
bool roster_fits (roster_t *self, worker_record_t *worker, job_t *job);

//  Could any registered worker?
bool roster_any_fits (roster_t *self, job_t *job);

//  Has every worker described itself? False while a restarted broker waits for workers that its log
//  names.
bool roster_is_described (const roster_t *self);

//  Is the function offered now, or was it offered since the broker began?
bool roster_knew (const roster_t *self, const char *function);

//  Up to max similar names, separated by commas; empty if there are none.
void roster_nearest (const roster_t *self, const char *function, size_t max, char *buffer,
                     size_t size);

//  The functions offered now, each once; borrowed.
catalog_t *roster_catalog (const roster_t *self);

#endif
