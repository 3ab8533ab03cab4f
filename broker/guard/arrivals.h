/*  arrivals.h - limits the time that failing connections take
 *
 *  A connection costs libzmq's I/O thread about 0.1 ms before its peer has a key, and a handshake
 *  more. A peer that connects again and again, with a wrong key, garbage or nothing, can take most
 *  of that thread. This module adds up the time of connections that ended before they delivered a
 *  message, in a leaky bucket: they get an eighth of the time, and ARRIVALS_BURST_US at once. When
 *  they have used that up, no connection is accepted for a moment: new ones wait in the kernel.
 *
 *  Against many peers at once that does not help: the kernel's queue would fill, and keep out the
 *  others. So there is no pause while more than ARRIVALS_QUEUE connections wait there, and for
 *  ARRIVALS_CROWD_US after that.
 *
 *  A plain value, zero at the beginning. The time comes from the caller.
 */

#ifndef BROKER_GUARD_ARRIVALS_H_INCLUDED
#define BROKER_GUARD_ARRIVALS_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define ARRIVALS_SHARE 8          //  Failing connections get this fraction of the time
#define ARRIVALS_BURST_US 100000  //  Time that they may take at once
#define ARRIVALS_QUANTUM_US 1000  //  A pause ends when they may take so much
#define ARRIVALS_CONNECT_US 100   //  Cost of a connection
#define ARRIVALS_SHAKE_US 200     //  Further cost of a handshake
#define ARRIVALS_QUEUE 16u        //  Connections that a pause may keep waiting
#define ARRIVALS_CROWD_US 500000  //  There is no pause for so long after more have waited
#define ARRIVALS_SHAKE_BYTES 250u //  A connection that has sent so much has begun one

typedef struct arrivals {
    int64_t level_us;  //  Of the bucket, at leaked_us
    int64_t leaked_us; //  When that was
    int64_t crowd_us;  //  Until then there is no pause
    uint64_t failed;   //  Connections that failed, ever
    bool paused;       //  Nothing is accepted now
} arrivals_t;

//  So many connections were in a listener's queue. True when that ends a pause.
bool arrivals_queued (arrivals_t *self, unsigned count, int64_t now_us);

//  A connection has failed that had sent so many bytes. True when a pause begins.
bool arrivals_fail (arrivals_t *self, uint64_t bytes, int64_t now_us);

//  True when a pause ends. Call it often during a pause.
bool arrivals_go_on (arrivals_t *self, int64_t now_us);

#endif
