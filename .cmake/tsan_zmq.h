//  The thread sanitizer cannot look into libzmq, which hands messages between threads by atomics of
//  its own. This header, put before every file of a sanitizer build, tells it the order that libzmq
//  guarantees: all that a thread wrote before a send is seen by whoever receives later. One place
//  for all sockets orders more than is true, and so hides a race that only an unrelated message
//  orders; it never reports one that is none.

#ifndef TSAN_ZMQ_H_INCLUDED
#define TSAN_ZMQ_H_INCLUDED

#include <zmq.h>

void __tsan_acquire (void *place);
void __tsan_release (void *place);

#define TSAN_ZMQ_PLACE ((void *) zmq_errno)

static inline int tsan_zmq_send (void *socket, const void *bytes, size_t size, int flags)
{
    __tsan_release (TSAN_ZMQ_PLACE);
    return zmq_send (socket, bytes, size, flags);
}

static inline int tsan_zmq_msg_send (zmq_msg_t *message, void *socket, int flags)
{
    __tsan_release (TSAN_ZMQ_PLACE);
    return zmq_msg_send (message, socket, flags);
}

static inline int tsan_zmq_recv (void *socket, void *bytes, size_t size, int flags)
{
    int rc = zmq_recv (socket, bytes, size, flags);
    __tsan_acquire (TSAN_ZMQ_PLACE);
    return rc;
}

static inline int tsan_zmq_msg_recv (zmq_msg_t *message, void *socket, int flags)
{
    int rc = zmq_msg_recv (message, socket, flags);
    __tsan_acquire (TSAN_ZMQ_PLACE);
    return rc;
}

#define zmq_send tsan_zmq_send
#define zmq_msg_send tsan_zmq_msg_send
#define zmq_recv tsan_zmq_recv
#define zmq_msg_recv tsan_zmq_msg_recv

#endif
