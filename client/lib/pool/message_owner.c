//  message_owner.c - identifies a pool in the messages that threads have of it

#include "client/lib/pool/message_owner.h"

#include <stdatomic.h>
#include <stdlib.h>

struct message_owner {
    atomic_uint references; //  The pool, and one for each message
    atomic_bool gone;       //  The pool was freed
};

message_owner_t *message_owner_new (void)
{
    message_owner_t *self = calloc (1, sizeof *self);
    if (self)
        atomic_init (&self->references, 1);
    return self;
}

message_owner_t *message_owner_hold (message_owner_t *self)
{
    atomic_fetch_add_explicit (&self->references, 1, memory_order_relaxed);
    return self;
}

void message_owner_release (message_owner_t *self)
{
    if (atomic_fetch_sub_explicit (&self->references, 1, memory_order_acq_rel) == 1)
        free (self);
}

void message_owner_destroy (message_owner_t **self_p)
{
    message_owner_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    atomic_store (&self->gone, true);
    message_owner_release (self);
}

bool message_owner_is_gone (const message_owner_t *self)
{
    return atomic_load (&self->gone);
}
