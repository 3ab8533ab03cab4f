/*  message_owner.h - identifies a pool in the messages that threads have of it
 *
 *  It outlives its pool while a thread has a message of the pool. Any thread, without a lock.
 */

#ifndef CLIENT_LIB_POOL_MESSAGE_OWNER_H_INCLUDED
#define CLIENT_LIB_POOL_MESSAGE_OWNER_H_INCLUDED

#include <stdbool.h>

typedef struct message_owner message_owner_t;

//  With one reference, the pool's. NULL: no memory.
message_owner_t *message_owner_new (void);

//  The pool was freed: releases its reference.
void message_owner_destroy (message_owner_t **self_p);

message_owner_t *message_owner_hold (message_owner_t *self);
void message_owner_release (message_owner_t *self);

//  True when the pool was freed.
bool message_owner_is_gone (const message_owner_t *self);

#endif
