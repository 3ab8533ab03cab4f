/*  throttle.h - libzmq reads no more from connections than the broker's memory has room for
 *
 *  intake.h decides; this makes it so. libzmq has no option for it, so cadre-broker has a recv and
 *  an epoll_ctl of its own, which stand before those of the C library wherever libzmq calls them,
 *  as the porch's accept4 does. A connection that may not read now is told EAGAIN, and its
 *  descriptor is not watched for input until it may. One that is cut is told ECONNRESET.
 *
 *  Linked into the program alone: a library must not change what its host's recv does. A broker
 *  without it has no throttle.
 */

#ifndef BROKER_GUARD_THROTTLE_H_INCLUDED
#define BROKER_GUARD_THROTTLE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct throttle_sums {
    uint64_t bytes;   //  That libzmq has read and not handed over
    uint64_t cut;     //  Connections cut for a message of too many frames, ever
    uint64_t waiting; //  Connections that wait for a seat
} throttle_sums_t;

//  What a broker asks of it; see intake.h. Any thread.
typedef struct throttle {
    void (*heard) (int fd, size_t size_bytes);
    void (*drained) (void);
    bool (*is_seated) (int fd);
    bool (*is_full) (int fd);
    throttle_sums_t (*sums) (void);
} throttle_t;

//  Before anything is bound. Until then everything passes.
const throttle_t *throttle_open (uint64_t memory_limit);

//  A connection was accepted: the porch says so.
void throttle_begin (int fd);

#endif
