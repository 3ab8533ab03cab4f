/*  hold.h - acknowledgements that wait until what they acknowledge is durable
 *
 *  Frames are received in order and become durable in order; only some of them
 *  matter to the store. A plain value, zero at the beginning of a session.
 */

#ifndef BROKER_CORE_HOLD_H_INCLUDED
#define BROKER_CORE_HOLD_H_INCLUDED

#include <stdint.h>

typedef struct hold {
    uint64_t upto;    //  What may be acknowledged while something waits
    uint64_t waiting; //  Frames that wait
} hold_t;

//  The frame of this number waits, from now until hold_release.
static inline void hold_add (hold_t *self, uint64_t sequence)
{
    if (self->waiting++ == 0)
        self->upto = sequence - 1;
}

//  It waits no more; called in the order of hold_add.
static inline void hold_release (hold_t *self, uint64_t sequence)
{
    if (self->waiting == 0)
        return;
    self->waiting--;
    self->upto = sequence;
}

//  What may be acknowledged of what was received.
static inline uint64_t hold_limit (const hold_t *self, uint64_t received)
{
    return self->waiting && self->upto < received ? self->upto : received;
}

#endif
