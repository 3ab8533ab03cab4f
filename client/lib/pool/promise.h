/*  promise.h - creates and completes futures
 *
 *  A cadre_future_t is the record of one task. This module creates it, adds the task's output, and
 *  completes it; future.c has the calls of cadre.h that wait for it and read it. The code that
 *  handles frames writes it, with the pool's lock held, until `done` is set. From then on the
 *  application owns it and reads it without the lock.
 */

#ifndef CLIENT_LIB_POOL_PROMISE_H_INCLUDED
#define CLIENT_LIB_POOL_PROMISE_H_INCLUDED

#include "client/lib/pool/pool.h"
#include "client/lib/session/result.h"

struct implicit;

//  The output of a task while it runs.
typedef struct written {
    buffer_t output;         //  Standard output of a command
    buffer_t errors;         //  Its standard error
    buffer_t partials;       //  Values emitted by a function, each a whole msgpack value
    size_t taken;            //  Bytes of partials that were returned to the application
    uint64_t emitted;        //  Bytes of partials received in total
    uint64_t again;          //  Of them, bytes that a new run emits again
    uint64_t attempt;        //  The try that wrote the output
    _Atomic double progress; //  From 0 to 1
} written_t;

//  A callback that was not called yet.
typedef struct watcher {
    cadre_done_fn *callback; //  To be called
    void *argument;          //  Of the callback
    struct watcher *next;    //  The next one
} watcher_t;

//  Counts completed futures for a waiting thread.
typedef struct tally {
    size_t ended;  //  Completed futures
    size_t failed; //  Of them, those that failed
} tally_t;

struct cadre_future {
    cadre_t *pool;                //  Held
    struct implicit *job;         //  lock: its hidden job while it is not done
    uint32_t index;               //  Task within it
    atomic_bool done;             //  The result is complete
    bool command;                 //  A command: its value is a map of its output
    bool queued;                  //  lock: it is in the pool's list of due futures
    cadre_error_t error;          //  Why there is no outcome
    result_t result;              //  The outcome
    cadre_value_t *value;         //  Decoded on the first request
    char *text;                   //  Message when there is no detail
    written_t *written;           //  lock until done: output, or NULL
    uint64_t order;               //  Completion order among the pool's futures, from 1
    tally_t *tally;               //  lock: of a thread that waits for several futures, or NULL
    bool watched;                 //  It has or had a callback
    watcher_t *watchers;          //  lock: callbacks to call, in the order in which they were added
    cadre_future_t *previous_due; //  lock: the previous due future
    cadre_future_t *next_due;     //  lock: the next due future
};

//  Creates a future that holds the pool. NULL: no memory. command: its value is the command's
//  output.
cadre_future_t *promise_new (cadre_t *pool, bool command);

//  Frees it; there must be no other reference. Without the lock.
void promise_destroy (cadre_future_t **self_p);

//  ---- lock held ----

//  Completes it with a result, which is taken; or without an outcome.
void promise_end (cadre_future_t *self, result_t *result);
void promise_fail (cadre_future_t *self, const fault_t *why);

//  Adds output of the task. anew: as work_listener_t.
void promise_output (cadre_future_t *self, const wire_output_t *output, bool anew);

//  It is done and has callbacks: adds it to the pool's list of due futures.
void promise_due (cadre_future_t *self);

//  Without the lock: is it complete? If so, did it succeed?
bool promise_is_done (const cadre_future_t *self);
bool promise_is_ok (const cadre_future_t *self);

#endif
