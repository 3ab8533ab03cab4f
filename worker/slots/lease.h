/*  lease.h - one task that the broker gave to this worker
 *
 *  A lease belongs to exactly one list: the queue of slots_t, or the tasks of
 *  one seat. It is freed when it has been answered. One thread.
 */

#ifndef WORKER_SLOTS_LEASE_H_INCLUDED
#define WORKER_SLOTS_LEASE_H_INCLUDED

#include "worker/slots/jobs.h"

//  What was decided about a lease that is being run.
typedef enum lease_verdict {
    LEASE_GOES_ON,
    LEASE_TIMED_OUT, //  Its time is over: it is being ended
    LEASE_CANCELLED, //  The broker cancelled it: it is being ended
    LEASE_RECLAIMED, //  A drain has run out of time: it is being ended and goes back to the broker
    LEASE_DROPPED    //  The broker has given it to another worker: its end interests nobody
} lease_verdict_t;

typedef struct lease {
    struct lease *prev;     //  In its list
    struct lease *next;     //  In its list
    job_t *job;             //  What it has in common with others; counted there
    uint64_t serial;        //  The broker's number of the lease
    bool discards;          //  What it writes is not sent any more
    uint64_t output_window; //  Bytes of output that may be sent, in total
    uint64_t output_sent;   //  Bytes of output sent
    uint64_t output_before; //  Of these, by slots before the one that has it now
    uint32_t index;         //  The task within its job
    uint32_t attempt;       //  From 1
    int64_t
        begin_by_us; //  Later than this it is not begun, but goes back to the broker; 0: no limit
    uint32_t ticket; //  While in a seat: its number there
    uint32_t strandings;     //  Slots that were given it first, and ended without having begun it
    int64_t given_us;        //  While in a seat: since when
    lease_verdict_t verdict; //  How its end is to be understood
    buffer_t payload;        //  One msgpack value; used when large
    bool gleaned;            //  Of a map, whose slot has ended: what follows is what it had done
    uint32_t items;          //  Items that were done, when that was looked at last
    buffer_t values;         //  Theirs
    size_t size;             //  Bytes of the value that lies behind the lease, 0 if payload is used
    uint8_t bytes [];        //  A value that came inside its item
} lease_t;

//  A lease with a copy of its payload, or with a large one that is taken over.
lease_t *lease_new (job_t *job, uint64_t serial, const wire_lane_task_t *task);
lease_t *lease_new_large (job_t *job, uint64_t serial, const wire_lane_task_t *task,
                          buffer_t *payload);
void lease_destroy (lease_t **self_p);

view_t lease_payload (const lease_t *self);

#endif
