//  sockets.c - creates, binds, reads and writes libzmq sockets with safe settings

#include "common/sockets.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "common/descriptors.h"
#include "common/entropy.h"
#include "common/socket_folder.h"
#include "common/threads.h"

#define ROUTE_BYTES 5
#define ROUTE_MARK (UINT64_C (1) << 40)
//  ZMQ_ZERO_COPY_RECV: works in every 4.3, although its macro is a draft
#define CONTEXT_ZERO_COPY_RECV 10
//  ZMQ_ZAP_ENFORCE_DOMAIN: the same. Without it every peer is accepted while there is no handler.
#define SOCKET_ENFORCE_DOMAIN 93
//  Besides the I/O threads: the reaper, and one that other code may start; each has a mailbox and
//  an epoll descriptor.
#define CONTEXT_THREADS 2
#define CONTEXT_DESCRIPTORS 8u
#define THREAD_DESCRIPTORS 2u
#define CONTEXT_BYTES (16u << 20)
#define NO_TYPE (-1)

static cadre_error_t s_error (void)
{
    switch (errno) {
    case EAGAIN: return CADRE_ERROR_TIMEOUT;
    case EHOSTUNREACH: return CADRE_ERROR_NOT_FOUND;
    case ETERM: return CADRE_ERROR_CLOSED;
    default: return CADRE_ERROR_IO;
    }
}

//  Contexts and sockets

//  libzmq aborts when it lacks one of these.
static cadre_error_t s_sockets_need (int io_threads, fault_t *fault)
{
    if (descriptors_need (CONTEXT_DESCRIPTORS + (size_t) io_threads * THREAD_DESCRIPTORS, "ZeroMQ",
                          fault))
        return fault->code;
    if (io_threads + CONTEXT_THREADS > THREADS_MOST)
        return CADRE_OK;
    if (threads_need (io_threads + CONTEXT_THREADS, fault))
        return fault->code;
    void *memory = malloc (CONTEXT_BYTES);
    free (memory);
    return memory
               ? CADRE_OK
               : fault_set (
                   fault, CADRE_ERROR_MEMORY,
                   "no memory for ZeroMQ: raise the limit (ulimit -v, or that of the container)");
}

void *sockets_context_new (int io_threads, int max_sockets, fault_t *fault)
{
    if (io_threads < 1 || max_sockets < 1 || max_sockets > 65535) {
        fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "%d I/O threads and %d sockets are not possible: choose at least 1, and at most 65535 sockets",
            io_threads, max_sockets);
        return NULL;
    }
    if (s_sockets_need (io_threads, fault))
        return NULL;
    void *context = zmq_ctx_new ();
    if (!context) {
        fault_set (fault, CADRE_ERROR_MEMORY, "ZeroMQ cannot start: %s", zmq_strerror (errno));
        return NULL;
    }
    int rc = zmq_ctx_set (context, ZMQ_IO_THREADS, io_threads);
    rc |= zmq_ctx_set (context, ZMQ_MAX_SOCKETS, max_sockets);
    rc |= zmq_ctx_set (context, ZMQ_BLOCKY, 0);
    rc |= zmq_ctx_set (context, CONTEXT_ZERO_COPY_RECV, 0);
    assert (rc == 0);
    //  Starts its threads now, while there are resources: the first request for a socket does that,
    //  even with an invalid type
    void *none = zmq_socket (context, NO_TYPE);
    assert (!none);
    return context;
}

void sockets_context_destroy (void **context_p)
{
    assert (context_p);
    if (!*context_p)
        return;
    while (zmq_ctx_term (*context_p) && errno == EINTR)
        continue;
    *context_p = NULL;
}

static void s_sockets_set (void *socket, int option, int value)
{
    int rc = zmq_setsockopt (socket, option, &value, sizeof value);
    assert (rc == 0);
}

//  Firewalls drop connections that are idle for minutes, and lanes and sinks may be idle for hours,
//  so the kernel sends a probe every half minute. It also closes connections to hosts that have
//  disappeared, even with data in flight, and retries connects that get no answer.
static void s_configure_tcp (void *socket)
{
    s_sockets_set (socket, ZMQ_TCP_KEEPALIVE, 1);
    s_sockets_set (socket, ZMQ_TCP_KEEPALIVE_IDLE, SOCKETS_IDLE_MS / 1000);
    s_sockets_set (socket, ZMQ_TCP_KEEPALIVE_INTVL, SOCKETS_PROBE_MS / 1000);
    s_sockets_set (socket, ZMQ_TCP_KEEPALIVE_CNT,
                   (SOCKETS_GONE_MS - SOCKETS_IDLE_MS) / SOCKETS_PROBE_MS);
    s_sockets_set (socket, ZMQ_TCP_MAXRT, SOCKETS_GONE_MS);
    s_sockets_set (socket, ZMQ_CONNECT_TIMEOUT, SOCKETS_CONNECT_MS);
    s_sockets_set (socket, ZMQ_BACKLOG, SOCKETS_BACKLOG);
}

static void s_configure (void *socket, int type)
{
    int64_t largest = SOCKETS_FRAME_MAX;
    int rc = zmq_setsockopt (socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest);
    assert (rc == 0);
    //  A ROUTER that is closed while a peer of ZMTP 1.0 or 2.0 connects aborts the process (libzmq
    //  4.3.4, zmtp_engine.cpp:446). With a ZAP domain such peers are refused; without a handler all
    //  others are accepted.
    rc = zmq_setsockopt (socket, ZMQ_ZAP_DOMAIN, SOCKETS_DOMAIN, strlen (SOCKETS_DOMAIN));
    assert (rc == 0);
    s_sockets_set (socket, ZMQ_LINGER, SOCKETS_LINGER_MS);
    s_sockets_set (socket, ZMQ_HANDSHAKE_IVL, SOCKETS_HANDSHAKE_MS);
    s_sockets_set (socket, ZMQ_SNDHWM, 0);
    s_sockets_set (socket, ZMQ_RCVHWM, 0);
    s_configure_tcp (socket);
    s_sockets_set (socket, ZMQ_IPV6, 1);
    if (type == ZMQ_ROUTER)
        s_sockets_set (socket, ZMQ_ROUTER_MANDATORY, 1);
}

void *sockets_new (void *context, int type, fault_t *fault)
{
    if (type == ZMQ_ROUTER)
        entropy_seed_libc ();
    void *socket = zmq_socket (context, type);
    if (socket) {
        s_configure (socket, type);
        return socket;
    }
    if (errno == EMFILE)
        fault_set (
            fault, CADRE_ERROR_DESCRIPTORS,
            "no further socket can be opened: raise ulimit -n, or use fewer workers and connections");
    else if (errno == ETERM)
        fault_set (fault, CADRE_ERROR_CLOSED, "no socket can be opened: ZeroMQ is shutting down");
    else
        fault_set (fault, CADRE_ERROR_IO, "no socket can be opened: %s", zmq_strerror (errno));
    return NULL;
}

void *sockets_new_once (void *context, int type, fault_t *fault)
{
    void *socket = sockets_new (context, type, fault);
    if (socket)
        s_sockets_set (socket, ZMQ_RECONNECT_IVL, -1);
    return socket;
}

void sockets_destroy (void **socket_p)
{
    assert (socket_p);
    if (!*socket_p)
        return;
    int rc = zmq_close (*socket_p);
    assert (rc == 0);
    *socket_p = NULL;
}

void sockets_set_linger (void *socket, int linger_ms)
{
    s_sockets_set (socket, ZMQ_LINGER, linger_ms);
}

void sockets_set_queue (void *socket, int to_peer, int from_peer)
{
    s_sockets_set (socket, ZMQ_SNDHWM, to_peer);
    s_sockets_set (socket, ZMQ_RCVHWM, from_peer);
}

//  Keys

static void s_set_text (void *socket, int option, const char *text)
{
    int rc = zmq_setsockopt (socket, option, text, strlen (text));
    assert (rc == 0);
}

void sockets_guard (void *socket, const char *domain, const char *secret_key)
{
    assert (*domain); //  libzmq does not ask the handler about peers of a socket without a domain,
                      //  and accepts them
    s_set_text (socket, ZMQ_ZAP_DOMAIN, domain);
    s_sockets_set (socket, SOCKET_ENFORCE_DOMAIN, 1);
    s_sockets_set (socket, ZMQ_CURVE_SERVER, secret_key != NULL);
    if (secret_key)
        s_set_text (socket, ZMQ_CURVE_SECRETKEY, secret_key);
}

void sockets_use_keys (void *socket, const keys_t *keys)
{
    s_sockets_set (socket, ZMQ_CURVE_SERVER, 0); //  Unencrypted again
    if (!keys)
        return;
    s_set_text (socket, ZMQ_CURVE_SERVERKEY, keys->server_key);
    s_set_text (socket, ZMQ_CURVE_PUBLICKEY, keys->public_key);
    s_set_text (socket, ZMQ_CURVE_SECRETKEY, keys->secret_key);
}

void sockets_use_proxy (void *socket, const char *proxy)
{
    int rc = zmq_setsockopt (socket, ZMQ_SOCKS_PROXY, proxy, proxy ? strlen (proxy) : 0);
    assert (rc == 0);
}

const char *sockets_peer (zmq_msg_t *message)
{
    return zmq_msg_gets (message, "User-Id");
}

//  Binding and connecting

static const char *s_after (const char *text, const char *prefix)
{
    size_t size = strlen (prefix);
    return strncmp (text, prefix, size) == 0 ? text + size : NULL;
}

//  libzmq binds to IP addresses and interfaces only. A host name is resolved as libzmq does for a
//  connect, so that both use the same address; localhost is always IPv4.
static const char *s_resolved (const char *endpoint, char *buffer, size_t size)
{
    const char *rest = s_after (endpoint, "tcp://");
    const char *colon = rest ? strrchr (rest, ':') : NULL;
    char host [256];
    if (!colon || *rest == '[' || *rest == '*' || (size_t) (colon - rest) >= sizeof host)
        return endpoint;
    snprintf (host, sizeof host, "%.*s", (int) (colon - rest), rest);
    if (strcasecmp (host, "localhost") == 0) {
        snprintf (buffer, size, "tcp://127.0.0.1%s", colon);
        return buffer;
    }
    struct addrinfo hints = {
        .ai_family = AF_INET6, .ai_flags = AI_V4MAPPED, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo (host, NULL, &hints, &found))
        return endpoint;
    const struct in6_addr *v6 =
        &((const struct sockaddr_in6 *) (const void *) found->ai_addr)->sin6_addr;
    char number [INET6_ADDRSTRLEN];
    bool mapped = IN6_IS_ADDR_V4MAPPED (v6);
    if (mapped)
        inet_ntop (AF_INET, &v6->s6_addr [12], number, sizeof number);
    else
        inet_ntop (AF_INET6, v6, number, sizeof number);
    snprintf (buffer, size, mapped ? "tcp://%s%s" : "tcp://[%s]%s", number, colon);
    freeaddrinfo (found);
    return buffer;
}

static cadre_error_t s_bind_failed (const char *endpoint, fault_t *fault)
{
    const char *port = strrchr (endpoint, ':') + 1;
    bool tcp = s_after (endpoint, "tcp://") != NULL;
    switch (errno) {
    case EADDRINUSE:
        if (!tcp)
            return fault_set (fault, CADRE_ERROR_ADDRESS_IN_USE,
                              "%s is in use: choose another name with --listen", endpoint);
        return fault_set (
            fault, CADRE_ERROR_ADDRESS_IN_USE,
            "port %s is in use (%s): stop the program that uses it, or choose another with --listen",
            port, endpoint);
    case EACCES:
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            tcp ? "%s may not be used by this user: choose a port above 1023 with --listen"
                : "%s may not be used by this user: choose another place with --listen",
            endpoint);
    case ENODEV:
    case EADDRNOTAVAIL:
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "no interface of this machine has the address in %s: use one of its own, or tcp://*:%s",
            endpoint, port);
    case EINVAL:
    case ENOTSUP:
    case EPROTONOSUPPORT:
    case ENAMETOOLONG:
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'%.200s' is not an address to listen at: write tcp://HOST:PORT, ipc:///FOLDER or "
            "inproc://NAME",
            endpoint);
    case EMFILE:
    case ENFILE:
        return fault_set (fault, CADRE_ERROR_DESCRIPTORS,
                          "%s: no descriptor is free: raise ulimit -n", endpoint);
    default:
        return fault_set (fault, CADRE_ERROR_IO, "cannot listen at %s: %s", endpoint,
                          zmq_strerror (errno));
    }
}

cadre_error_t sockets_bind (void *socket, const char *endpoint, fault_t *fault)
{
    char buffer [512];
    int lock = -1;
    const char *path = s_after (endpoint, "ipc://");
    if (path) {
        cadre_error_t error = socket_folder_prepare (path, &lock, fault);
        if (error)
            return error;
    }
    if (!strchr (endpoint, ':'))
        return fault_set (fault, CADRE_ERROR_ADDRESS,
                          "'%.200s' is not an address to listen at: write tcp://HOST:PORT",
                          endpoint);
    const char *resolved = s_resolved (endpoint, buffer, sizeof buffer);
    const char *host = s_after (resolved, "tcp://");
    //  With IPv6 enabled, an IPv4 address would be bound, and reported, as an IPv6 one
    s_sockets_set (socket, ZMQ_IPV6, !host || *host == '[' || *host == '*');
    int rc = zmq_bind (socket, resolved);
    cadre_error_t error = rc ? s_bind_failed (endpoint, fault) : CADRE_OK;
    socket_folder_release (&lock);
    return error;
}

cadre_error_t sockets_connect (void *socket, const char *endpoint, fault_t *fault)
{
    const char *path = s_after (endpoint, "ipc://");
    cadre_error_t error = path ? socket_folder_check (path, fault) : CADRE_OK;
    if (error)
        return error;
    //  localhost may be ::1 in /etc/hosts, and a broker may be at 127.0.0.1
    bool v4 = s_after (endpoint, "tcp://localhost:") != NULL;
    s_sockets_set (socket, ZMQ_IPV6, !v4);
    if (zmq_connect (socket, endpoint) == 0)
        return CADRE_OK;
    if (errno == EINVAL || errno == ENOTSUP || errno == EPROTONOSUPPORT)
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'%.200s' is not an address to connect to: write tcp://HOST:PORT, ipc:///FOLDER or inproc://NAME",
            endpoint);
    return fault_set (fault, errno == ETERM ? CADRE_ERROR_CLOSED : CADRE_ERROR_IO,
                      "cannot connect to %.200s: %s", endpoint, zmq_strerror (errno));
}

const char *sockets_endpoint (void *socket, char *buffer, size_t size)
{
    size_t used = size;
    if (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, buffer, &used))
        buffer [0] = 0;
    return buffer;
}

uint16_t sockets_port (void *socket)
{
    char endpoint [512];
    const char *rest = s_after (sockets_endpoint (socket, endpoint, sizeof endpoint), "tcp://");
    const char *colon = rest ? strrchr (rest, ':') : NULL;
    return colon ? (uint16_t) strtoul (colon + 1, NULL, 10) : 0;
}

static int s_get (void *socket, int option, int otherwise)
{
    int value = otherwise;
    size_t size = sizeof value;
    return zmq_getsockopt (socket, option, &value, &size) ? otherwise : value;
}

int sockets_events (void *socket)
{
    return s_get (socket, ZMQ_EVENTS, 0);
}

int sockets_descriptor (void *socket)
{
    return s_get (socket, ZMQ_FD, -1);
}

//  Sending and receiving

static cadre_error_t s_sockets_send (void *socket, zmq_msg_t *message, int flags)
{
    while (zmq_msg_send (message, socket, flags) < 0)
        if (errno != EINTR)
            return s_error ();
    return CADRE_OK;
}

cadre_error_t sockets_send (void *socket, zmq_msg_t *message, int flags)
{
    return s_sockets_send (socket, message, flags & ZMQ_DONTWAIT);
}

static cadre_error_t s_send_bytes (void *socket, const void *bytes, size_t size, int flags)
{
    while (zmq_send (socket, bytes, size, flags) < 0)
        if (errno != EINTR)
            return s_error ();
    return CADRE_OK;
}

cadre_error_t sockets_send_bytes (void *socket, const void *bytes, size_t size, int flags)
{
    return s_send_bytes (socket, bytes, size, flags & ZMQ_DONTWAIT);
}

//  A ROUTER reports for this frame whether the peer is known; the next frame is then accepted
//  without blocking.
static cadre_error_t s_send_route (void *router, sockets_route_t route, int flags)
{
    uint8_t id [ROUTE_BYTES];
    if (route == 0)
        return CADRE_ERROR_NOT_FOUND;
    for (size_t i = 0; i < ROUTE_BYTES; i++)
        id [i] = (uint8_t) (route >> (8 * i));
    return s_send_bytes (router, id, sizeof id, (flags & ZMQ_DONTWAIT) | ZMQ_SNDMORE);
}

cadre_error_t sockets_send_to (void *router, sockets_route_t route, zmq_msg_t *message, int flags)
{
    cadre_error_t error = s_send_route (router, route, flags);
    return error ? error : sockets_send (router, message, flags);
}

cadre_error_t sockets_send_bytes_to (void *router, sockets_route_t route, const void *bytes,
                                     size_t size, int flags)
{
    cadre_error_t error = s_send_route (router, route, flags);
    return error ? error : sockets_send_bytes (router, bytes, size, flags);
}

static cadre_error_t s_sockets_receive (void *socket, zmq_msg_t *message)
{
    while (zmq_msg_recv (message, socket, ZMQ_DONTWAIT) < 0)
        if (errno != EINTR)
            return s_error ();
    return CADRE_OK;
}

//  Drops the remaining frames of a message that has too many; holds one frame at a time.
static cadre_error_t s_sockets_drop (void *socket, zmq_msg_t *message)
{
    while (zmq_msg_more (message) && s_sockets_receive (socket, message) == CADRE_OK)
        continue;
    zmq_msg_close (message);
    zmq_msg_init (message);
    return CADRE_ERROR_PROTOCOL;
}

cadre_error_t sockets_receive (void *socket, zmq_msg_t *message)
{
    cadre_error_t error = s_sockets_receive (socket, message);
    if (error)
        return error;
    return zmq_msg_more (message) ? s_sockets_drop (socket, message) : CADRE_OK;
}

cadre_error_t sockets_receive_from (void *router, sockets_route_t *route, zmq_msg_t *message)
{
    cadre_error_t error = s_sockets_receive (router, message);
    if (error)
        return error;
    if (zmq_msg_size (message) != ROUTE_BYTES || !zmq_msg_more (message))
        return s_sockets_drop (router, message);
    const uint8_t *id = zmq_msg_data (message);
    sockets_route_t from = ROUTE_MARK;
    for (size_t i = 0; i < ROUTE_BYTES; i++)
        from |= (sockets_route_t) id [i] << (8 * i);
    error = sockets_receive (router, message);
    if (!error)
        *route = from;
    return error;
}
