/*  callers.h - the tcp connections to the broker's ports: what each has brought, and who is cut off
 *
 *  libzmq accepts connections, shakes hands and gathers messages without a word; what it holds for
 *  a peer is the broker's memory and descriptors all the same. So, several times a second, this
 *  looks at the connections to the broker's own ports: the kernel knows how many bytes each has
 *  brought, the messages that were handed over name the connection that they came by, and the
 *  difference is what libzmq holds. Judges (flood_guard.h, strangers.h) say who is to be cut off
 *  and why. Peers over ipc are the broker's own user. One thread, the broker's.
 */

#ifndef BROKER_GUARD_CALLERS_H_INCLUDED
#define BROKER_GUARD_CALLERS_H_INCLUDED

#include "broker/core/hub.h"

#define CALLERS_PAUSE_US 20000

typedef struct callers callers_t;

//  The door of a connection to a worker's lane.
#define CALLER_LANE ADDRESS_EVENTS

typedef struct caller {
    int fd;              //  Its descriptor
    address_role_t door; //  Where it has come: front, back, sink, or CALLER_LANE
    uint16_t port;       //  The port there
    uint64_t cookie;  //  The kernel's name of the connection; 0: none of ours has this descriptor
    uint64_t look;    //  Number of the last look at it
    int64_t since_us; //  When it was seen first
    int64_t heard_us; //  When it was heard last, or seen first
    int64_t acked_us; //  When it last took something, or had nothing to take
    uint64_t brought; //  Bytes that it had brought at the last look
    uint64_t acked;   //  Bytes of ours that it had taken then
    uint64_t mark;    //  What it had brought by then belongs to messages that were handed over
    uint64_t handed;  //  Bytes of messages that were handed over since the mark
    uint64_t handed_now; //  The same since the last look
    uint64_t held;       //  What libzmq holds of it
    int64_t seated_us;   //  Since when it has a seat (intake.h); 0: it has none
    bool full;           //  What it has unread fills that
    bool quiet;          //  No message was handed over between the last two looks
    bool let_in;         //  A session speaks by it; at a lane: nobody came before it
    const char *cut;     //  It is to be cut off: why; else NULL
} caller_t;

//  What the judges look at.
typedef struct callers_view {
    caller_t **callers;    //  All connections
    size_t count;          //  How many
    int64_t now_us;        //  When
    uint64_t memory_limit; //  Bytes that the broker may hold
    uint64_t strange;      //  Bytes of the process that nothing known explains
    int64_t lost_us;       //  Silence after which a peer is lost
    uint64_t waiting;      //  Connections that wait for a seat
    size_t surplus;        //  Descriptors that must be had back
} callers_view_t;

callers_t *callers_new (hub_t *hub);
void callers_destroy (callers_t **self_p);

//  A message of that size has come by the connection with that descriptor, or by none (-1). Each of
//  them is told, so this costs next to nothing.
void callers_heard (callers_t *self, int fd, size_t size_bytes);

//  Every CALLERS_PAUSE_US, after the sockets were read. Looks whether the process has grown, which
//  takes some microseconds; and at all connections when it has, when somebody is suspected, and
//  once a second. Cuts off whom the judges condemn.
void callers_look (callers_t *self);

//  Takes over one measurement: for callers.c, and for tests. UNREAD: what the kernel still has of
//  what it brought.
void callers_measure (caller_t *self, uint64_t brought, uint64_t unread, int64_t now_us);

#endif
