//  porch.c - connections are accepted only while there are descriptors for those who are inside

#include "broker/porch.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/guard/throttle.h"
#include "common/descriptors.h"

static uint16_t s_ports [ADDRESS_LIST_MAX]; //  First ones of blocks; written before threads begin
static size_t s_count;                      //  How many
static atomic_bool s_is_open;               //  They are set
static atomic_uint_least64_t s_away;        //  Turned away

void porch_open (const address_t *addresses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (addresses [i].kind == ADDRESS_TCP)
            s_ports [s_count++] = addresses [i].port;
    atomic_store (&s_is_open, true);
}

uint64_t porch_turned_away (void)
{
    return atomic_load (&s_away);
}

//  Front, back or sink on tcp?
static bool s_is_for_everybody (int listener)
{
    struct sockaddr_in6 place = {0}; //  The port of an IPv4 address is where it is here
    socklen_t size = sizeof place;
    if (getsockname (listener, (struct sockaddr *) (void *) &place, &size)
        || (place.sin6_family != AF_INET && place.sin6_family != AF_INET6))
        return false;
    for (size_t i = 0; i < s_count; i++)
        if ((unsigned) (ntohs (place.sin6_port) - s_ports [i]) <= ADDRESS_SINK)
            return true;
    return false;
}

//  The system gives the lowest number that is free: this one says how many are taken.
static bool s_is_one_too_many (int listener, int fd)
{
    size_t limit = descriptors_limit (), kept = descriptors_kept ();
    if ((size_t) fd + kept < limit)
        return false;
    return (size_t) fd + kept / 2 >= limit || s_is_for_everybody (listener);
}

//  Stands before the C library's.
__attribute__ ((visibility ("default"))) int accept4 (int listener, struct sockaddr *address,
                                                      socklen_t *size, int flags)
{
    int fd = (int) syscall (SYS_accept4, listener, address, size, flags);
    if (fd < 0)
        return fd;
    if (!atomic_load (&s_is_open) || !s_is_one_too_many (listener, fd)) {
        throttle_begin (fd);
        return fd;
    }
    atomic_fetch_add (&s_away, 1);
    //  With a reset: what waits to be closed takes room in the kernel
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof (struct linger));
    close (fd);
    errno = ECONNABORTED;
    return -1;
}
