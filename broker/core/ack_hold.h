/*  ack_hold.h - delays acknowledgements until the acknowledged frames are durable
 *
 *  Frames are received in order and become durable in order; only some of them are stored. A plain
 *  value, zero at the beginning of a session.
 */

#ifndef BROKER_CORE_ACK_HOLD_H_INCLUDED
#define BROKER_CORE_ACK_HOLD_H_INCLUDED

#include <stdint.h>

typedef struct ack_hold {
    uint64_t upto;    //  Frames up to this number may be acknowledged while some wait
    uint64_t waiting; //  Number of frames that wait
} ack_hold_t;

//  The frame with this number waits until ack_hold_release.
static inline void ack_hold_add (ack_hold_t *self, uint64_t sequence)
{
    if (self->waiting++ == 0)
        self->upto = sequence - 1;
}

//  The frame no longer waits; called in the order of ack_hold_add.
static inline void ack_hold_release (ack_hold_t *self, uint64_t sequence)
{
    if (self->waiting == 0)
        return;
    self->waiting--;
    self->upto = sequence;
}

//  The highest frame that may be acknowledged, of those received.
static inline uint64_t ack_hold_limit (const ack_hold_t *self, uint64_t received)
{
    return self->waiting && self->upto < received ? self->upto : received;
}

#endif
