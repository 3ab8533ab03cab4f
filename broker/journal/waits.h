/*  waits.h - what is done when a batch of the log is durable
 *
 *  A wait carries the function to call, so the journal knows nothing of those who wait. Waits are
 *  called in the order in which they were added, each once, when their batch is durable; then they
 *  are freed. When the broker ends before that they are freed uncalled. The queue is the journal's:
 *  modules add waits by journal_wait, and fill in what their function will need.
 */

#ifndef BROKER_JOURNAL_WAITS_H_INCLUDED
#define BROKER_JOURNAL_WAITS_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/record/payloads.h"

typedef struct wait wait_t;

//  The batch is durable. The function may take the content of wait's buffers, and may add waits.
typedef void wait_fn (hub_t *hub, wait_t *wait);

//  The members from session on are those of the function, which says what they mean.
struct wait {
    struct wait *next;      //  What comes after it
    uint64_t batch;         //  When this one is durable
    wait_fn *done;          //  What is called then
    payloads_place_t place; //  seq: the store's number of the batch; offset: the function's
    uint64_t session;       //  Of a client or worker
    uint64_t job;           //  Of a job
    uint64_t sequence;      //  Of a frame, or a client's ref
    size_t count;           //  Of tasks
    buffer_t bytes;         //  Payloads, results, or a frame
    buffer_t large;         //  A value that came in parts
};

//  A queue of them; zeroed it is empty.
typedef struct waits {
    wait_t *first;    //  In order
    wait_t *last;     //  …
    wait_t *gathered; //  The first one whose batch is being gathered
} waits_t;

//  Appends a wait for that batch. gathered: the batch is still being gathered, and gets its place
//  later.
wait_t *waits_add (waits_t *self, uint64_t batch, bool gathered, wait_fn *done);

//  The batch that was being gathered has got its number in the store.
void waits_place (waits_t *self, uint64_t seq);

//  Calls and frees all waits for batches up to this one.
void waits_carry_out (waits_t *self, uint64_t durable, hub_t *hub);

//  Frees all, uncalled.
void waits_drop (waits_t *self);

#endif
