/*  tcp_peers.h - monitors the tcp connections to the broker's ports, and closes bad ones
 *
 *  libzmq accepts connections, does handshakes and assembles messages without notice, and what it
 *  holds for a peer uses the broker's memory and descriptors. So this module inspects the
 *  connections to the broker's ports several times a second. The kernel reports how many bytes each
 *  one has received. Each message that libzmq delivers names its connection. The difference is what
 *  libzmq holds. Judges (flood_guard.h, idle_guard.h) decide which connections are closed and why.
 *  Peers over ipc are the broker's own user and are not monitored. One thread, the broker's.
 */

#ifndef BROKER_GUARD_TCP_PEERS_H_INCLUDED
#define BROKER_GUARD_TCP_PEERS_H_INCLUDED

#include "broker/core/context.h"

#define TCP_PEERS_PAUSE_US 20000

typedef struct tcp_peers tcp_peers_t;

//  The endpoint of a connection to a worker's lane.
#define TCP_PEER_LANE ADDRESS_EVENTS

typedef struct tcp_peer {
    int fd;              //  Its descriptor
    address_role_t role; //  The endpoint: front, back, sink, or TCP_PEER_LANE
    uint16_t port;       //  The port of the endpoint
    uint64_t
        cookie; //  The kernel's identifier of the connection; 0: the descriptor is not one of ours
    uint64_t look;       //  Number of the last inspection
    int64_t since_us;    //  When it was first seen
    int64_t heard_us;    //  When its last message came, or when it was first seen
    int64_t acked_us;    //  When it last received something, or nothing was sent to it
    uint64_t brought;    //  Bytes that had arrived at the last inspection
    uint64_t acked;      //  Bytes that it had received from us at the last inspection
    uint64_t mark;       //  All bytes up to here belong to delivered messages
    uint64_t handed;     //  Bytes of messages delivered since the mark
    uint64_t handed_now; //  Bytes of messages delivered since the last inspection
    uint64_t held;       //  Bytes that libzmq holds for it
    int64_t seated_us;   //  When it got its seat (read_budget.h); 0: it has no seat
    bool full;           //  Its unread bytes fill its seat
    bool quiet;          //  No message was delivered between the last two inspections
    bool let_in;         //  It has a session; at a lane: it is the first connection
    const char *cut;     //  Why it must be closed; else NULL
} tcp_peer_t;

//  The input of the judges.
typedef struct tcp_peers_view {
    tcp_peer_t **tcp_peers; //  All connections
    size_t count;           //  How many
    int64_t now_us;         //  Current time
    uint64_t memory_limit;  //  Bytes that the broker may hold
    uint64_t strange;       //  Growth of the process that no counter explains
    int64_t lost_us;        //  A peer that is silent for so long is lost
    uint64_t waiting;       //  Connections that wait for a seat
    size_t surplus;         //  Descriptors that must be freed
} tcp_peers_view_t;

tcp_peers_t *tcp_peers_new (context_t *ctx);
void tcp_peers_destroy (tcp_peers_t **self_p);

//  A message of that size came from that descriptor, or from none (-1). Called for each message, so
//  it costs almost nothing.
void tcp_peers_heard (tcp_peers_t *self, int fd, size_t size_bytes);

//  Call every TCP_PEERS_PAUSE_US, after the sockets were read. Checks whether the process has
//  grown, which takes some microseconds. Inspects all connections when it has grown, when a
//  connection is suspect, and once a second. Closes the connections that the judges condemn.
void tcp_peers_look (tcp_peers_t *self);

//  Stores one measurement; for tcp_peers.c and for tests. BROUGHT: bytes that have arrived; UNREAD:
//  those that are still in the kernel.
void tcp_peers_measure (tcp_peer_t *self, uint64_t brought, uint64_t unread, int64_t now_us);

#endif
