/*  connection.h - one DEALER, its session, and the threads that wait for it
 *
 *  While no broker answers, the DEALER is one to another address again and again (dealer.h), and
 *  the same session says HELLO there.
 *
 *  One mutex protects all that belongs to a connection: the socket, the session, and what its owner
 *  keeps (jobs, futures). Any thread sends under the lock. Who waits and finds nobody reading
 *  becomes the leader: it polls without the lock, takes in what has come, and wakes the others; so
 *  a thread that calls in a loop is woken by nobody else. The connection's own thread leads while
 *  nobody waits, sends beats, and runs what is due (callbacks).
 *
 *  Threads of the library are started with all signals blocked.
 */

#ifndef CLIENT_LIB_SESSION_CONNECTION_H_INCLUDED
#define CLIENT_LIB_SESSION_CONNECTION_H_INCLUDED

#include "client/lib/session/session.h"
#include "common/address.h"
#include "common/keys.h"

typedef struct connection connection_t;

//  What the connection calls; all but run with the lock held.
typedef struct connection_handler {
    bool (*frame) (void *owner, uint8_t verb, cursor_t body);
    //  As the session's (session.h).
    void (*gone) (void *owner, const fault_t *why);
    void (*renewed) (void *owner, bool same);
    void (*lost) (void *owner, const fault_t *why);
    //  Puts what was gathered (see connection_touch) into the session.
    void (*gather) (void *owner);
    //  Without the lock, on the connection's thread: something is due.
    void (*run) (void *owner);
    //  Is something due? And does somebody count on the connection's thread, so that it should lead
    //  when nobody waits?
    bool (*due) (void *owner);
    bool (*watched) (void *owner);
    void *owner; //  Borrowed
} connection_handler_t;

//  Begins to connect to the first of the addresses (at most ADDRESS_LIST_MAX) that answers, in a
//  context of its own, or in one that is borrowed; on tcp with these keys, which are copied, or
//  NULL for none. NULL and a fault.
connection_t *connection_new (void *context, const address_t *addresses, size_t count,
                              const keys_t *keys, const session_options_t *options,
                              const connection_handler_t *handler, fault_t *fault);

//  Says goodbye, ends the thread, and closes the socket; the lock and the session's fault stay. Not
//  with the lock held. Idempotent.
void connection_close (connection_t *self, const char *reason);
void connection_destroy (connection_t **self_p);

//  The address in use: its place in the list, and as it was given; the text stays valid as long as
//  the connection. Any thread, no lock.
size_t connection_place (const connection_t *self);
const char *connection_address (const connection_t *self);

void connection_lock (connection_t *self);
void connection_unlock (connection_t *self);

//  ---- with the lock held ----------------------------------------------------

session_t *connection_session (connection_t *self);

//  Why a name among the addresses stands for nothing, or CADRE_OK.
const fault_t *connection_unresolved (const connection_t *self);

//  Something was gathered: it goes out when somebody waits, or within a millisecond.
void connection_touch (connection_t *self);

//  Sends what was gathered and put, and takes in what has come meanwhile.
void connection_flush (connection_t *self);

//  Wakes who waits: what they wait for may have changed by other means than a frame.
void connection_notify (connection_t *self);

typedef bool (connection_done_fn) (void *argument);

//  Waits, releasing the lock meanwhile, until done says true (asked with the lock held), or until
//  deadline_us (on the boot-time clock; negative: for ever). True, or false for the deadline.
bool connection_wait (connection_t *self, int64_t deadline_us, connection_done_fn *done,
                      void *argument);

//  When a timeout that begins now will be over; -1 for none.
int64_t connection_deadline (int timeout_ms);

#endif
