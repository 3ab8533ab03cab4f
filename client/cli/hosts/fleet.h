/*
 *  fleet: one order to many hosts, so many sessions at a time.
 *
 *  Sessions are started in the order of the list; no more than `parallel` are on their way at once
 *  (one that is RUNNING, verb attach, is not on its way any more). A host that fails is no reason
 *  for the others to stop. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_FLEET_H_INCLUDED
#define CLIENT_CLI_HOSTS_FLEET_H_INCLUDED

#include "client/cli/hosts/remote.h"

#define FLEET_PARALLEL 32u // if nobody says otherwise

typedef struct fleet fleet_t;

//  Told when the state of a session changes.
typedef void (fleet_changed_fn) (void *argument, const remote_t *remote);

//  HOSTS and ORDER are borrowed.
fleet_t *fleet_new (const remote_order_t *order, const hostlist_t *hosts, unsigned parallel,
                    fleet_changed_fn *changed, void *argument);

//  Ends sessions that are still there at once.
void fleet_destroy (fleet_t **self_p);

//  Waits for news for at most TIMEOUT_MS, and takes them in. WAKE is a descriptor to wake up for,
//  or -1. False when all sessions are over.
bool fleet_turn (fleet_t *self, int timeout_ms, int wake);

//  Asks all sessions to end what they started; go on with fleet_turn until it returns false.
void fleet_close (fleet_t *self);

size_t fleet_count (const fleet_t *self);
const remote_t *fleet_at (const fleet_t *self, size_t index);

//  How many are in this state.
size_t fleet_in_state (const fleet_t *self, remote_state_t state);

#endif
