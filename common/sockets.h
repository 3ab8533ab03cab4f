/*
 *  sockets: libzmq sockets with settings that are safe, and the only way in which this project
 *  makes, binds, reads and writes them.
 *
 *  Every socket gets a finite linger, a largest frame, a short handshake limit, no high-water marks
 *  (windows bound what is on its way), IPv6, and TCP keepalive for firewalls that forget idle
 *  connections and for hosts that vanish. Never ZMQ_HEARTBEAT. A ROUTER reports peers that are gone
 *  (ROUTER_MANDATORY), and libc's random () is seeded before it is made. A socket is one thread's
 *  at a time. Errors of send and receive are codes without text: they are normal on hot paths.
 *
 *      CADRE_ERROR_TIMEOUT    it would have blocked (always so with ZMQ_DONTWAIT)
 *      CADRE_ERROR_NOT_FOUND  the ROUTER knows no such peer any more
 *      CADRE_ERROR_CLOSED     the context was ended
 *      CADRE_ERROR_PROTOCOL   the message had a wrong number of frames, or its peer chose its own
 *                             routing id; it was dropped: count it and go on
 *      CADRE_ERROR_IO         anything else; errno says what
 */
#ifndef COMMON_SOCKETS_H_INCLUDED
#define COMMON_SOCKETS_H_INCLUDED

#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

#include "common/fault.h"
#include "common/keys.h"

#define SOCKETS_FRAME_MAX (1024 * 1024 + 64)
#define SOCKETS_LINGER_MS 1000
#define SOCKETS_DOMAIN "cadre"
#define SOCKETS_DOMAIN_LOCAL "local"
#define SOCKETS_HANDSHAKE_MS 5000
#define SOCKETS_IDLE_MS 30000  // an idle connection is asked after this
#define SOCKETS_PROBE_MS 10000 // and again each time this has passed
#define SOCKETS_GONE_MS 90000  // a peer whose host answers nothing is given up
#define SOCKETS_CONNECT_MS 2000
#define SOCKETS_BACKLOG                                                                            \
    4096 // connections that wait to be accepted; the kernel's somaxconn may be less

//  A peer of a ROUTER, as a number that fits a hash table; 0 is nobody. Never print it: who knows
//  the next one can end the process.
typedef uint64_t sockets_route_t;

//  A context whose zmq_ctx_term waits for no linger beyond the sockets' own, and whose received
//  messages pin no arena. At most 65,535 sockets. NULL with a fault if it cannot be had:
//  CADRE_ERROR_MEMORY or _DESCRIPTORS before libzmq would end the process for lack of threads,
//  memory or descriptors. Its threads run when this returns.
void *sockets_context_new (int io_threads, int max_sockets, fault_t *fault);

//  Ends the context; all its sockets must be closed. Accepts a pointer to NULL.
void sockets_context_destroy (void **context_p);

//  A socket of TYPE (ZMQ_ROUTER, …) that reconnects by itself. NULL with a fault if it cannot be
//  had.
void *sockets_new (void *context, int type, fault_t *fault);

//  The same for lanes and sinks, which never reconnect: a reused port would join them to somebody
//  else's session.
void *sockets_new_once (void *context, int type, fault_t *fault);

//  Closes; accepts a pointer to NULL.
void sockets_destroy (void **socket_p);

void sockets_set_linger (void *socket, int linger_ms);

//  So many frames wait for each peer, and no more: beyond them a send without waiting fails with
//  CADRE_ERROR_TIMEOUT. And so many of each peer wait to be read: beyond them its connection is not
//  read on. 0: any number. Before it is bound or connected.
void sockets_set_queue (void *socket, int to_peer, int from_peer);

//  For the binds that follow: only peers that the context's ZAP handler (RFC 27) lets in under
//  DOMAIN are heard; without a handler nobody is. With a SECRET_KEY they must speak CURVE to us,
//  its owner; with NULL the connection is in the clear. One socket may be bound in both ways.
void sockets_guard (void *socket, const char *domain, const char *secret_key);

//  For the connects that follow: speak CURVE with these keys. NULL: in the clear.
void sockets_use_keys (void *socket, const keys_t *keys);

//  For the connects that follow: go through a SOCKS 5 proxy (HOST:PORT), which also looks names up.
//  NULL: directly.
void sockets_use_proxy (void *socket, const char *proxy);

//  Who sent it: what the ZAP handler called the peer of this connection; NULL if no handler was
//  asked. Valid as long as the message.
const char *sockets_peer (zmq_msg_t *message);

//  Bind. For ipc the folder is made (0700) and must be ours alone; a socket file that nobody
//  listens on is replaced, a live one is refused. CADRE_ERROR_ADDRESS_IN_USE, CADRE_ERROR_REFUSED
//  (permissions), CADRE_ERROR_ADDRESS (no such interface, bad name), CADRE_ERROR_IO.
cadre_error_t sockets_bind (void *socket, const char *endpoint, fault_t *fault);

//  Begin to connect; whether somebody is there shows later.
cadre_error_t sockets_connect (void *socket, const char *endpoint, fault_t *fault);

//  Where the socket was bound last, e.g. after "tcp://127.0.0.1:*"; and the port of it (0 if it is
//  not tcp).
const char *sockets_endpoint (void *socket, char *buffer, size_t size);
uint16_t sockets_port (void *socket);

//  Which of ZMQ_POLLIN and ZMQ_POLLOUT are set; 0 if none, or if the context was ended.
int sockets_events (void *socket);

//  The descriptor of ZMQ_FD. It is edge-triggered: read sockets_events again after every send and
//  receive.
int sockets_descriptor (void *socket);

//  Send one frame. On CADRE_OK the message is libzmq's (and empty), else it is still yours. FLAGS
//  is 0 or ZMQ_DONTWAIT.
cadre_error_t sockets_send (void *socket, zmq_msg_t *message, int flags);
cadre_error_t sockets_send_bytes (void *socket, const void *bytes, size_t size, int flags);

//  The same to one peer of a ROUTER.
cadre_error_t sockets_send_to (void *router, sockets_route_t route, zmq_msg_t *message, int flags);
cadre_error_t sockets_send_bytes_to (void *router, sockets_route_t route, const void *bytes,
                                     size_t size, int flags);

//  Receive one frame without waiting, into an initialised MESSAGE (its content is released first).
cadre_error_t sockets_receive (void *socket, zmq_msg_t *message);

//  The same from a ROUTER, with who sent it.
cadre_error_t sockets_receive_from (void *router, sockets_route_t *route, zmq_msg_t *message);

#endif
