//  accept_guard.c - accepts connections only while descriptors remain for existing peers

#include "broker/accept_guard.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/guard/throttle.h"
#include "common/descriptors.h"

static uint16_t s_ports [ADDRESS_LIST_MAX]; //  First ports of blocks; written before threads start
static size_t s_count;                      //  Number of ports
static atomic_bool s_is_open;               //  The ports are set
static atomic_uint_least64_t s_away;        //  Connections closed

void accept_guard_open (const address_t *addresses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (addresses [i].kind == ADDRESS_TCP)
            s_ports [s_count++] = addresses [i].port;
    atomic_store (&s_is_open, true);
}

uint64_t accept_guard_turned_away (void)
{
    return atomic_load (&s_away);
}

//  Is it front, back or sink on tcp?
static bool s_is_for_everybody (int listener)
{
    struct sockaddr_in6 address = {0}; //  The port of an IPv4 address is at the same offset
    socklen_t size = sizeof address;
    if (getsockname (listener, (struct sockaddr *) (void *) &address, &size)
        || (address.sin6_family != AF_INET && address.sin6_family != AF_INET6))
        return false;
    for (size_t i = 0; i < s_count; i++)
        if ((unsigned) (ntohs (address.sin6_port) - s_ports [i]) <= ADDRESS_SINK)
            return true;
    return false;
}

//  The system assigns the lowest free number, so this one shows how many are in use.
static bool s_is_one_too_many (int listener, int fd)
{
    size_t limit = descriptors_limit (), kept = descriptors_kept ();
    if ((size_t) fd + kept < limit)
        return false;
    return (size_t) fd + kept / 2 >= limit || s_is_for_everybody (listener);
}

//  Has the peer gone already? libzmq would make a session for it and end that again.
static bool s_is_gone (int fd)
{
    char byte;
    return syscall (SYS_recvfrom, fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) == 0;
}

//  Overrides the C library's function.
__attribute__ ((visibility ("default"))) int accept4 (int listener, struct sockaddr *address,
                                                      socklen_t *size, int flags)
{
    int fd = (int) syscall (SYS_accept4, listener, address, size, flags);
    if (fd < 0)
        return fd;
    if (s_is_gone (fd)) { //  Only one: libzmq's listeners block when no connection waits
        close (fd);
        errno = ECONNABORTED;
        return -1;
    }
    if (!atomic_load (&s_is_open) || !s_is_one_too_many (listener, fd)) {
        throttle_begin (listener, fd);
        return fd;
    }
    atomic_fetch_add (&s_away, 1);
    //  With a reset; otherwise closing connections use kernel memory
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof (struct linger));
    close (fd);
    errno = ECONNABORTED;
    return -1;
}
