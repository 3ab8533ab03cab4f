/*  peer_backlog.h - bytes sent on a connection that the peer has not received
 *
 *  libzmq accepts every frame for a peer, even when the peer does not read, and does not report how
 *  much it holds. What a peer acknowledges cannot be trusted. On tcp the kernel knows how many
 *  bytes the other side has received, and whether it can receive more. A plain value. Without a tcp
 *  connection, all bytes count as received.
 */

#ifndef BROKER_CORE_PEER_BACKLOG_H_INCLUDED
#define BROKER_CORE_PEER_BACKLOG_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

typedef struct peer_backlog {
    int fd;           //  The connection's descriptor; -1: not tcp
    uint64_t cookie;  //  The kernel's identifier, to detect that the descriptor was reused
    uint64_t bytes;   //  Bytes sent and not known to be received
    uint64_t settled; //  Total bytes received by the peer at the last check
} peer_backlog_t;

//  The connection with descriptor fd, which libzmq still owns. -1: none.
peer_backlog_t peer_backlog_of (int fd);

//  A frame was sent on it.
static inline void peer_backlog_add (peer_backlog_t *self, uint64_t size_bytes)
{
    if (self->fd >= 0)
        self->bytes += size_bytes;
}

//  Are fewer than most_bytes in flight? Queries the kernel only when the count is above that.
bool peer_backlog_has_room (peer_backlog_t *self, uint64_t most_bytes);

//  Closes the connection and frees what is queued for it.
void peer_backlog_cut (const peer_backlog_t *self);

#endif
