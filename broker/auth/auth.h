/*  auth.h - the keys of a folder, and the gate that judges by them
 *
 *  What main plugs into a broker whose doors are locked: it reads the folder
 *  of keys, now and when told to, and gives the ring to the gate and to the broker. Make
 *  it before the broker and destroy it after. Main's thread, and the broker's for reloads.
 */

#ifndef BROKER_AUTH_AUTH_H_INCLUDED
#define BROKER_AUTH_AUTH_H_INCLUDED

#include "broker/auth/authz.h"

typedef struct auth auth_t;

//  NULL and a fault when the folder holds no broker's key, or a file in it is damaged.
auth_t *auth_new (void *context, const char *folder, fault_t *fault);
void auth_destroy (auth_t **self_p);

//  For broker_options_t; borrowed.
authz_t *auth_doors (auth_t *self);

#endif
