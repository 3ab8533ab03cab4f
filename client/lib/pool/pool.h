/*  pool.h - the members of cadre_t
 *
 *  The base of the library: the connection and its lock, references, and the heads of lists that
 *  higher modules keep here (works, due futures, requests). It calls none of these modules; open.c,
 *  at the top, opens and closes pools.
 *
 *  Futures, jobs and iterators hold references to a pool, so they can be read after it was closed.
 *  Members marked "lock" are protected by the connection's lock.
 */

#ifndef CLIENT_LIB_POOL_POOL_H_INCLUDED
#define CLIENT_LIB_POOL_POOL_H_INCLUDED

#include "client/lib/pool/item_times.h"
#include "client/lib/pool/message_owner.h"
#include "client/lib/session/connection.h"
#include "client/lib/session/wakeup.h"
#include "common/fault.h"

#include <cadre.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/types.h>

struct work;
struct implicit;
struct local;
struct request;

struct cadre {
    atomic_uint references;    //  The user's, and one for each future, job and iterator
    pid_t pid;                 //  Process that opened it
    uint8_t *mark;             //  A page that is zero in a forked child, or NULL
    message_owner_t *messages; //  Identifies the pool in messages of threads
    connection_t *connection;  //  To the broker
    struct local *local;       //  Broker and worker of this process, or NULL (open.c)
    size_t own_slots;          //  Slots of that worker, or 0
    bool own_threads;          //  They are threads
    char task_address [ADDRESS_ENDPOINT_BYTES]; //  Address of the embedded broker, for
                                                //  cadre_address; empty without one
    item_times_t habits;                        //  lock: measured run times
    bool by_dispatch;                           //  Callbacks run in cadre_dispatch
    bool closed;                                //  lock: nothing more can be submitted
    bool closing;                 //  lock: results are accepted regardless of the window
    uint64_t last_ref;            //  lock: number of the newest work
    struct work *works;           //  lock: by ref
    struct work *last_work;       //  lock: the one found last
    struct work *gathered;        //  lock: works with an unsent batch
    bool over;                    //  lock: one of the works is over, but not final
    struct implicit *implicits;   //  lock: open jobs of cadre_submit, most recently used first
    size_t implicit_count;        //  lock: how many
    struct request *requests;     //  lock: requests without a reply
    uint64_t last_request;        //  lock: number of the newest one
    cadre_future_t *due;          //  lock: ended, with callbacks to call
    size_t callbacks;             //  lock: callbacks not called yet
    uint64_t last_order;          //  lock: futures that are done
    struct callbacks_call *calls; //  lock: callbacks that are running
    struct bulk **spent;          //  lock: payloads that are needed no more
    size_t spent_count;           //  lock: how many
    size_t spent_capacity;        //  lock: allocated
    wakeup_t wakeup;              //  lock: cadre_descriptor
};

//  ---- references ----

//  A pool without a connection, with one reference. NULL: no memory.
cadre_t *pool_new (void);
cadre_t *pool_hold (cadre_t *self);
void pool_release (cadre_t **self_p); //  The last one frees the pool, which must be closed

//  True when the caller is a forked child of the process that opened the pool.
bool pool_forked (const cadre_t *self);

void pool_lock (cadre_t *self);
void pool_unlock (cadre_t *self);
session_t *pool_session (cadre_t *self); //  lock

//  ---- messages: one per thread and pool ----

//  Stores the message for cadre_message and returns its code. Any thread, with or without a lock.
cadre_error_t message_say (cadre_t *self, const fault_t *fault);
cadre_error_t message_say_text (cadre_t *self, cadre_error_t code, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
void message_say_open (const fault_t *fault);

//  ---- lock held ----

//  CADRE_OK when tasks can be submitted; else the error.
cadre_error_t pool_ready (cadre_t *self, fault_t *fault);

//  Waits until the broker's window is open, also over a restart of the broker.
//  CADRE_ERROR_UNAVAILABLE when reconnecting was given up, CADRE_ERROR_CLOSED.
cadre_error_t pool_admit (cadre_t *self, fault_t *fault);

//  Takes a reference to a payload that is needed no more. Freeing a large one takes milliseconds,
//  so the connection's thread does that without the lock, by pool_free_spent.
void pool_spend (cadre_t *self, struct bulk *payload);

//  Makes cadre_descriptor readable.
void pool_news (cadre_t *self);

//  Without the lock.
void pool_free_spent (cadre_t *self);

//  The broker's address, for people. Any thread, without the lock.
const char *pool_address (const cadre_t *self);

//  Writes the reason of a delay to text: a silent broker, or the given notice; "" when unknown.
void pool_explain (cadre_t *self, const char *notice, char *text, size_t size);

#endif
