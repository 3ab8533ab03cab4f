/*  waits.h - functions that are called when a batch of the log is durable
 *
 *  A wait stores the function to call, so the journal does not depend on the modules that wait.
 *  Waits are called once each, in the order in which they were added, when their batch is durable;
 *  then they are freed. When the broker ends first, they are freed without a call. The queue
 *  belongs to the journal: modules add waits by journal_wait and set the members that their
 *  function needs.
 */

#ifndef BROKER_JOURNAL_WAITS_H_INCLUDED
#define BROKER_JOURNAL_WAITS_H_INCLUDED

#include "broker/core/context.h"
#include "broker/record/payloads.h"

typedef struct wait wait_t;

//  The batch is durable. The function may take the content of wait's buffers, and may add waits.
typedef void wait_fn (context_t *ctx, wait_t *wait);

//  The members from session on belong to the function, which defines their meaning.
struct wait {
    struct wait *next;            //  The next wait
    uint64_t batch;               //  It waits for this batch
    wait_fn *done;                //  The function to call
    payloads_location_t location; //  seq: the store's number of the batch; offset: the function's
    uint64_t session;             //  Of a client or worker
    uint64_t job;                 //  Of a job
    uint64_t sequence;            //  Of a frame, or a client's ref
    size_t count;                 //  Of tasks
    buffer_t bytes;               //  Payloads, results, or a frame
    buffer_t large;               //  A value that came in parts
};

//  A queue of waits; zero is an empty one.
typedef struct waits {
    wait_t *first;    //  In order
    wait_t *last;     //  …
    wait_t *gathered; //  The first one whose batch is still being filled
} waits_t;

//  Appends a wait for that batch. gathered: the batch is still being filled, and gets its number
//  later.
wait_t *waits_add (waits_t *self, uint64_t batch, bool gathered, wait_fn *done);

//  The batch that was being filled has got its number in the store.
void waits_place (waits_t *self, uint64_t seq);

//  Calls and frees all waits for batches up to this one.
void waits_carry_out (waits_t *self, uint64_t durable, context_t *ctx);

//  Frees all without calling them.
void waits_drop (waits_t *self);

#endif
