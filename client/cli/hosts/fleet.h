/*
 *  fleet.h - runs one order on many hosts, with a limited number of sessions at a time
 *
 *  Sessions are started in the order of the list; at most `parallel` are in progress (a session
 *  that is RUNNING, verb attach, no longer counts). When a host fails the others continue. One
 *  thread.
 */
#ifndef CLIENT_CLI_HOSTS_FLEET_H_INCLUDED
#define CLIENT_CLI_HOSTS_FLEET_H_INCLUDED

#include "client/cli/hosts/remote.h"

#define FLEET_PARALLEL 32u //  default

typedef struct fleet fleet_t;

//  Called when the state of a session changes.
typedef void (fleet_changed_fn) (void *argument, const remote_t *remote);

//  HOSTS and ORDER are borrowed.
fleet_t *fleet_new (const remote_order_t *order, const hostlist_t *hosts, unsigned parallel,
                    fleet_changed_fn *changed, void *argument);

//  Ends the remaining sessions at once.
void fleet_destroy (fleet_t **self_p);

//  Waits at most TIMEOUT_MS for events, and handles them. WAKE: a descriptor that ends the wait, or
//  -1. False when all sessions are over.
bool fleet_turn (fleet_t *self, int timeout_ms, int wake);

//  Asks all sessions to end what they started; call fleet_turn afterwards until it returns false.
void fleet_close (fleet_t *self);

size_t fleet_count (const fleet_t *self);
const remote_t *fleet_at (const fleet_t *self, size_t index);

//  Number of sessions in this state.
size_t fleet_in_state (const fleet_t *self, remote_state_t state);

#endif
