/*  promise.h - the side of a future that the library writes
 *
 *  A cadre_future_t is the record of one task. Here it is made, filled with what the task writes,
 *  and ended; future.c has the calls of cadre.h, which wait for it and read it. It is written by
 *  whoever takes in frames, with the pool's lock held, until `done` is set; from then on it belongs
 *  to the application, which reads it without the lock.
 */

#ifndef CLIENT_LIB_POOL_PROMISE_H_INCLUDED
#define CLIENT_LIB_POOL_PROMISE_H_INCLUDED

#include "client/lib/pool/pool.h"
#include "client/lib/session/result.h"

struct implicit;

//  What a task wrote, while it ran.
typedef struct written {
    buffer_t output;         //  Standard output of a command
    buffer_t errors;         //  Its standard error
    buffer_t partials;       //  Values that a function emitted, each a whole msgpack value
    size_t taken;            //  Bytes of partials that were handed out
    uint64_t emitted;        //  Bytes of partials that came, in all
    uint64_t again;          //  Of them bytes that a new run emits again
    uint64_t attempt;        //  The try that wrote the output
    _Atomic double progress; //  From 0 to 1
} written_t;

//  A callback that was not called.
typedef struct watcher {
    cadre_done_fn *callback; //  To be called
    void *argument;          //  Of the callback
    struct watcher *next;    //  Given later
} watcher_t;

//  Counts the ends of futures that a thread waits for.
typedef struct tally {
    size_t ended;  //  Those that are done
    size_t failed; //  Of them those that are not ok
} tally_t;

struct cadre_future {
    cadre_t *pool;        //  Held
    struct implicit *job; //  lock: the hidden job while it is not done
    uint32_t index;       //  Task within it
    atomic_bool done;     //  The rest is complete
    bool command;         //  Its value is a map of what it wrote
    bool queued;          //  lock: it is in the pool's list of those due
    cadre_error_t error;  //  Why there will be no outcome
    result_t result;      //  How it ended
    cadre_value_t *value; //  Decoded when first asked for
    char *text;           //  Message where there is no detail
    written_t *written;   //  lock until done: what it wrote, or NULL
    uint64_t order;       //  Among the futures of the pool that are done, from 1
    tally_t *tally;       //  lock: of who waits for it beside others, or NULL
    bool watched;         //  It had a callback
    watcher_t *watchers;  //  lock: callbacks to be called, in the order in which they were given
    cadre_future_t *previous_due; //  lock: the one due before
    cadre_future_t *next_due;     //  lock: the next one due
};

//  A fresh one, not done, that holds the pool. NULL: no memory. command: its value is what it
//  wrote.
cadre_future_t *promise_new (cadre_t *pool, bool command);

//  Frees it. Nothing else may know it any more. Without the lock.
void promise_destroy (cadre_future_t **self_p);

//  ---- lock held ----

//  The task has ended; takes the result. Or there will be no outcome.
void promise_end (cadre_future_t *self, result_t *result);
void promise_fail (cadre_future_t *self, const fault_t *why);

//  The task wrote. anew: as work_listener_t.
void promise_output (cadre_future_t *self, const wire_output_t *output, bool anew);

//  It is done and has callbacks: the pool's list of those due gets it.
void promise_due (cadre_future_t *self);

//  Without the lock: the rest may be read; and if so, did it end well?
bool promise_is_done (const cadre_future_t *self);
bool promise_is_ok (const cadre_future_t *self);

#endif
