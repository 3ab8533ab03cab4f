/*
 *  sockets.h - creates, binds, reads and writes libzmq sockets with safe settings; no other module
 *  does that
 *
 *  Every socket gets a finite linger, a maximum frame size, a short handshake timeout, no
 *  high-water marks (windows limit the data in flight), IPv6, and TCP keepalive for firewalls that
 *  drop idle connections and for hosts that disappear. Never ZMQ_HEARTBEAT. A ROUTER reports peers
 *  that are gone (ROUTER_MANDATORY), and libc's random () is seeded before it is created. A socket
 *  is used by one thread at a time. Errors of send and receive are codes without text, because they
 *  are normal on hot paths.
 *
 *      CADRE_ERROR_TIMEOUT    it would have blocked (always so with ZMQ_DONTWAIT)
 *      CADRE_ERROR_NOT_FOUND  the ROUTER no longer has this peer
 *      CADRE_ERROR_CLOSED     the context was terminated
 *      CADRE_ERROR_PROTOCOL   the message had a wrong number of frames, or its peer chose its own
 *                             routing ID; it was dropped: count it and continue
 *      CADRE_ERROR_IO         anything else; see errno
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
#define SOCKETS_IDLE_MS 30000  //  an idle connection is probed after this
#define SOCKETS_PROBE_MS 10000 //  and again each time this has passed
#define SOCKETS_GONE_MS 90000  //  a peer whose host does not answer is dropped
#define SOCKETS_CONNECT_MS 2000
#define SOCKETS_BACKLOG                                                                            \
    4096 //  connections that wait to be accepted; the kernel's somaxconn may be less

//  A peer of a ROUTER, as a number that fits a hash table; 0 is none. Never print it: a peer that
//  knows the next one can crash the process.
typedef uint64_t sockets_route_t;

//  A context whose zmq_ctx_term waits for no linger beyond the sockets' own, and whose received
//  messages keep no arena allocated. At most 65,535 sockets. On failure NULL with a fault:
//  CADRE_ERROR_MEMORY or _DESCRIPTORS, where libzmq would abort for lack of threads, memory or
//  descriptors. Its threads run when this returns.
void *sockets_context_new (int io_threads, int max_sockets, fault_t *fault);

//  Terminates the context; all its sockets must be closed. Accepts a pointer to NULL.
void sockets_context_destroy (void **context_p);

//  A socket of TYPE (ZMQ_ROUTER, …) that reconnects by itself. NULL with a fault on failure.
void *sockets_new (void *context, int type, fault_t *fault);

//  The same for lanes and sinks, which never reconnect: a reused port would connect them to another
//  session.
void *sockets_new_once (void *context, int type, fault_t *fault);

//  Closes; accepts a pointer to NULL.
void sockets_destroy (void **socket_p);

void sockets_set_linger (void *socket, int linger_ms);

//  Limits the frames queued for each peer: beyond that, a send without waiting fails with
//  CADRE_ERROR_TIMEOUT. And limits the frames of each peer that wait to be read: beyond that, its
//  connection is not read. 0: no limit. Call before bind or connect.
void sockets_set_queue (void *socket, int to_peer, int from_peer);

//  For later binds: accepts only peers that the context's ZAP handler (RFC 27) accepts for DOMAIN;
//  without a handler none. With a SECRET_KEY, which is the server's, they must use CURVE; with NULL
//  connections are unencrypted. One socket may be bound in both ways.
void sockets_guard (void *socket, const char *domain, const char *secret_key);

//  For later connects: use CURVE with these keys. NULL: unencrypted.
void sockets_use_keys (void *socket, const keys_t *keys);

//  For later connects: use a SOCKS 5 proxy (HOST:PORT), which also resolves host names. NULL: none.
void sockets_use_proxy (void *socket, const char *proxy);

//  The sender's User-Id from the ZAP handler; NULL if there was no handler. Valid as long as the
//  message.
const char *sockets_peer (zmq_msg_t *message);

//  Binds. For ipc the folder is created (0700) and must be writable only by us; a dead socket file
//  is replaced, one in use is refused. CADRE_ERROR_ADDRESS_IN_USE, CADRE_ERROR_REFUSED
//  (permissions), CADRE_ERROR_ADDRESS (no such interface, invalid name), CADRE_ERROR_IO.
cadre_error_t sockets_bind (void *socket, const char *endpoint, fault_t *fault);

//  Starts to connect; success or failure shows later.
cadre_error_t sockets_connect (void *socket, const char *endpoint, fault_t *fault);

//  The last bound endpoint, e.g. after "tcp://127.0.0.1:*"; and its port (0 if it is not tcp).
const char *sockets_endpoint (void *socket, char *buffer, size_t size);
uint16_t sockets_port (void *socket);

//  Which of ZMQ_POLLIN and ZMQ_POLLOUT are set; 0 if none, or if the context was terminated.
int sockets_events (void *socket);

//  The descriptor of ZMQ_FD. It is edge-triggered: read sockets_events again after every send and
//  receive.
int sockets_descriptor (void *socket);

//  Sends one frame. On CADRE_OK libzmq owns the message (which is empty then), otherwise the caller
//  still does. FLAGS is 0 or ZMQ_DONTWAIT.
cadre_error_t sockets_send (void *socket, zmq_msg_t *message, int flags);
cadre_error_t sockets_send_bytes (void *socket, const void *bytes, size_t size, int flags);

//  The same to one peer of a ROUTER.
cadre_error_t sockets_send_to (void *router, sockets_route_t route, zmq_msg_t *message, int flags);
cadre_error_t sockets_send_bytes_to (void *router, sockets_route_t route, const void *bytes,
                                     size_t size, int flags);

//  Receives one frame without waiting, into an initialised MESSAGE (its content is released first).
cadre_error_t sockets_receive (void *socket, zmq_msg_t *message);

//  The same from a ROUTER, with the sender.
cadre_error_t sockets_receive_from (void *router, sockets_route_t *route, zmq_msg_t *message);

#endif
