/*  auth.h - loads the key folder and runs the authentication gate
 *
 *  main plugs this into a broker that requires keys. It reads the key folder at the start and on
 *  each reload, and passes the keyring to the gate and to the broker. Create it before the broker
 *  and destroy it after. Called by the main thread; reloads are called by the broker's thread.
 */

#ifndef BROKER_AUTH_AUTH_H_INCLUDED
#define BROKER_AUTH_AUTH_H_INCLUDED

#include "broker/auth/authz.h"

typedef struct auth auth_t;

//  Returns NULL and a fault when the folder has no broker key or a file in it is damaged.
auth_t *auth_new (void *context, const char *folder, fault_t *fault);
void auth_destroy (auth_t **self_p);

//  The interface for broker_options_t; borrowed.
authz_t *auth_doors (auth_t *self);

#endif
