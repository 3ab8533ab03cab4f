/*  future.h - a task that was submitted
 *
 *  A future is written by whoever takes in frames, with the pool's lock held, until `done` is set; from then on it
 *  belongs to the application, which reads it without the lock.
 */

#ifndef CLIENT_LIB_FUTURE_H_INCLUDED
#define CLIENT_LIB_FUTURE_H_INCLUDED

#include "client/lib/pool.h"
#include "client/lib/result.h"

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

struct cadre_future {
    cadre_t *pool;                //  Held
    struct implicit *job;         //  lock: the hidden job while it is not done
    uint32_t index;               //  Task within it
    atomic_bool done;             //  The rest is complete
    bool command;                 //  Its value is a map of what it wrote
    bool queued;                  //  lock: it is in the pool's list of those due
    cadre_error_t error;          //  Why there will be no outcome
    result_t result;              //  How it ended
    cadre_value_t *value;         //  Decoded when first asked for
    char *text;                   //  Message where there is no detail
    written_t *written;           //  lock until done: what it wrote, or NULL
    bool watched;                 //  It had a callback
    cadre_done_fn *callback;      //  lock: to be called, or NULL
    void *argument;               //  Of the callback
    cadre_future_t *previous_due; //  lock: the one due before
    cadre_future_t *next_due;     //  lock: the next one due
};

//  A fresh one, not done; and one that has failed already.
cadre_future_t *future_new (cadre_t *pool, bool command);
cadre_future_t *future_failed (cadre_t *pool, const fault_t *why);

//  ---- lock held ----
void future_end (cadre_future_t *self, result_t *result); //  Takes the result
void future_fail (cadre_future_t *self, const fault_t *why);
void future_output (cadre_future_t *self, const wire_output_t *output, bool anew); //  As work_listener_t

//  A value as text of its outcome, for messages: "error (range): 7 is too large".
cadre_error_t future_fault (cadre_future_t *self, fault_t *fault);

//  ---- submit.c, lock held ----
void implicit_forget (struct implicit *job, uint32_t index);
void implicit_cancel (struct implicit *job, uint32_t index);
const char *implicit_notice (const struct implicit *job);
void implicit_seal_all (cadre_t *pool);
void implicit_destroy_all (cadre_t *pool);

#endif
