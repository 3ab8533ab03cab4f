/*  connection.h - a DEALER socket, its session, and the threads that wait for it
 *
 *  While no broker answers, the DEALER connects to one address after another (dealer.h), and the
 *  same session sends HELLO there.
 *
 *  One mutex protects everything of a connection: the socket, the session, and the data of its
 *  owner (jobs, futures). Any thread sends while it holds the lock. A waiting thread becomes the
 *  leader when there is none: it polls without the lock, handles incoming frames, and wakes the
 *  others. So a thread that calls in a loop needs no other thread to wake it. The connection's own
 *  thread leads while no other thread waits, sends BEATs, and runs callbacks.
 *
 *  Threads of the library are started with all signals blocked.
 */

#ifndef CLIENT_LIB_SESSION_CONNECTION_H_INCLUDED
#define CLIENT_LIB_SESSION_CONNECTION_H_INCLUDED

#include "client/lib/session/session.h"
#include "common/address.h"
#include "common/keys.h"

typedef struct connection connection_t;

//  Callbacks of the owner; all except run are called with the lock held.
typedef struct connection_handler {
    bool (*frame) (void *owner, uint8_t verb, cursor_t body);
    //  As the session's (session.h).
    void (*gone) (void *owner, const fault_t *why);
    void (*renewed) (void *owner, bool same);
    void (*lost) (void *owner, const fault_t *why);
    //  Puts collected tasks (see connection_touch) into the session.
    void (*gather) (void *owner);
    //  Work is due; called without the lock, on the connection's thread.
    void (*run) (void *owner);
    //  due: is work due? watched: must the connection's thread lead when no other thread waits?
    bool (*due) (void *owner);
    bool (*watched) (void *owner);
    void *owner; //  Borrowed
} connection_handler_t;

//  Starts to connect to the first of the addresses (at most ADDRESS_LIST_MAX) that answers, in a
//  context of its own, or in a borrowed one; on tcp with these keys, which are copied, or NULL for
//  none. NULL and a fault on failure.
connection_t *connection_new (void *context, const address_t *addresses, size_t count,
                              const keys_t *keys, const session_options_t *options,
                              const connection_handler_t *handler, fault_t *fault);

//  Sends GOODBYE, ends the thread, and closes the socket; the lock and the session's fault stay.
//  Not with the lock held. Idempotent.
void connection_close (connection_t *self, const char *reason);
void connection_destroy (connection_t **self_p);

//  The address in use: its index in the list, and its text as given, valid as long as the
//  connection. Any thread, without the lock.
size_t connection_address_index (const connection_t *self);
const char *connection_address (const connection_t *self);

void connection_lock (connection_t *self);
void connection_unlock (connection_t *self);

//  ---- with the lock held ----------------------------------------------------

session_t *connection_session (connection_t *self);

//  Why a host name among the addresses could not be resolved, or CADRE_OK.
const fault_t *connection_unresolved (const connection_t *self);

//  Tasks were collected: they are sent when a thread waits, or within a millisecond.
void connection_touch (connection_t *self);

//  Sends everything collected and put, and handles what has arrived meanwhile.
void connection_flush (connection_t *self);

//  Wakes waiting threads: their condition may have changed by other means than a frame.
void connection_notify (connection_t *self);

typedef bool (connection_done_fn) (void *argument);

//  Waits, without the lock, until done returns true (called with the lock held), or until
//  deadline_us (boot-time clock; negative: no limit). False at the deadline.
bool connection_wait (connection_t *self, int64_t deadline_us, connection_done_fn *done,
                      void *argument);

//  The deadline of a timeout that begins now; -1 for none.
int64_t connection_deadline (int timeout_ms);

#endif
