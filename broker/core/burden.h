/*  burden.h - what a connection has been given and its peer's machine has not taken
 *
 *  libzmq takes every frame for a peer, whether that reads or not, and does not say what it still
 *  holds; and what a peer acknowledges may be a lie. Over tcp the kernel knows: how much the other
 *  side has taken, and whether more would be. A plain value; elsewhere, or without a connection,
 *  everything is taken to be taken.
 */

#ifndef BROKER_CORE_BURDEN_H_INCLUDED
#define BROKER_CORE_BURDEN_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

typedef struct burden {
    int fd;          //  The connection's; -1: not over tcp
    uint64_t cookie; //  By which the kernel tells it from others that get the same descriptor later
    uint64_t bytes;  //  Given to it, as far as is known not taken
    uint64_t settled; //  Bytes taken, ever, when this was found out last
} burden_t;

//  A connection whose descriptor is fd; it stays libzmq's. -1: there is none.
burden_t burden_of (int fd);

//  A frame was given to it.
static inline void burden_add (burden_t *self, uint64_t size_bytes)
{
    if (self->fd >= 0)
        self->bytes += size_bytes;
}

//  Are less than most_bytes on their way? Asks the kernel when it does not look so.
bool burden_has_room (burden_t *self, uint64_t most_bytes);

//  Cuts the connection off, and frees what is held for it.
void burden_cut (const burden_t *self);

#endif
