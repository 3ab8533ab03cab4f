/*  throttle.h - keeps libzmq from reading more than the broker's memory allows
 *
 *  read_budget.h decides; this module enforces the decision. libzmq has no option for it, so
 *  cadre-broker defines its own recv and epoll_ctl, which override those of the C library in
 *  libzmq's calls, like accept4 in accept_guard.c. For a paused connection recv returns EAGAIN and
 *  the descriptor is not polled for input. For a connection that must be closed recv returns
 *  ECONNRESET.
 *
 *  It also pauses listeners for arrivals.h: it must be called once a turn to end such a pause.
 *
 *  Linked into the program only: a library must not change recv in its host program. Without this
 *  module there is no throttle.
 */

#ifndef BROKER_GUARD_THROTTLE_H_INCLUDED
#define BROKER_GUARD_THROTTLE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct throttle_sums {
    uint64_t bytes;   //  Bytes that libzmq has read and not delivered
    uint64_t cut;     //  Connections closed because a message had too many frames, ever
    uint64_t waiting; //  Connections that wait for a seat
    uint64_t failed;  //  Connections that ended without a message, ever
} throttle_sums_t;

//  The functions that the broker calls; see read_budget.h. Any thread.
typedef struct throttle {
    void (*heard) (int fd, size_t size_bytes, unsigned group);
    void (*hold) (unsigned group, bool hold);
    void (*turn) (void);
    void (*drained) (void);
    bool (*is_seated) (int fd);
    bool (*is_full) (int fd);
    throttle_sums_t (*sums) (void);
} throttle_t;

//  Call before any bind. Without it nothing is limited.
const throttle_t *throttle_open (uint64_t memory_limit);

//  A connection was accepted; called by porch.c.
void throttle_begin (int listener, int fd);

#endif
