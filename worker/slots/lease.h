/*  lease.h - one task that the broker gave to this worker
 *
 *  A lease is in exactly one list: the queue of slots_t, or the tasks of one handle. It is freed
 *  when it has been answered. One thread.
 */

#ifndef WORKER_SLOTS_LEASE_H_INCLUDED
#define WORKER_SLOTS_LEASE_H_INCLUDED

#include "worker/slots/job_cache.h"

//  What was decided about a running lease.
typedef enum lease_verdict {
    LEASE_GOES_ON,
    LEASE_TIMED_OUT, //  Its timeout has passed: it is being ended
    LEASE_CANCELLED, //  The broker cancelled it: it is being ended
    LEASE_RECLAIMED, //  The drain's deadline has passed: it is being ended and returned to the
                     //  broker
    LEASE_DROPPED    //  The broker gave it to another worker: its result is dropped
} lease_verdict_t;

typedef struct lease {
    struct lease *prev;     //  Its job, which counts it
    struct lease *next;     //  In its list
    cached_job_t *job;      //  What it has in common with others; counted there
    uint64_t serial;        //  The broker's number of the lease
    bool discards;          //  Its further output is discarded
    uint64_t output_window; //  Bytes of output that may be sent, in total
    uint64_t output_sent;   //  Bytes of output sent
    uint64_t output_before; //  Of these, by earlier slots that ran it
    uint32_t index;         //  The task within its job
    uint32_t attempt;       //  From 1
    int64_t
        begin_by_us; //  After this time it is not started but returned to the broker; 0: no limit
    uint32_t ticket; //  In a handle: its ticket
    uint32_t
        strandings; //  Slots that ended without having started it, although it was their first task
    int64_t given_us;        //  In a handle: since when
    lease_verdict_t verdict; //  How its end is treated
    buffer_t payload;        //  One msgpack value; used for large ones
    bool gleaned;     //  Of a map whose slot has ended: the members below hold the finished items
    uint32_t items;   //  Number of finished items at the last look
    buffer_t values;  //  Values of these items
    size_t size;      //  Size of the value behind the lease, 0 if payload is used
    uint8_t bytes []; //  A value that came inside the task record
} lease_t;

//  A lease with a copy of its payload, or with a large payload whose content is taken.
lease_t *lease_new (cached_job_t *job, uint64_t serial, const wire_lane_task_t *task);
lease_t *lease_new_large (cached_job_t *job, uint64_t serial, const wire_lane_task_t *task,
                          buffer_t *payload);
void lease_destroy (lease_t **self_p);

view_t lease_payload (const lease_t *self);

//  How many tasks it counts for: each item of a map is one.
uint64_t lease_tasks (const lease_t *self);

#endif
