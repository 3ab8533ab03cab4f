//  endless.c - connections from which bytes come and never a message

#include "broker/endless.h"

#include <arpa/inet.h>
#include <assert.h>
#include <dirent.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"

#define MIB (1024 * 1024)
#define GROWTH_BYTES (16 * MIB)  //  Of the process, before anybody is looked at
#define SUSPECT_BYTES (4 * MIB)  //  Between two looks; a frame has at most one
#define ENDLESS_BYTES (16 * MIB) //  Without a message, since it is suspected
#define LOOKS 3                  //  In which it was not heard
#define PAUSE_US 250000
#define PAUSE_SUSPECT_US 100000

typedef struct peer {
    uint64_t bytes; //  That the connection had brought at the last look
    uint64_t since; //  The same when it came to be suspected
    unsigned looks; //  Since then; 0: not suspected
    uint64_t seen;  //  Number of the last look at it
} peer_t;

struct endless {
    const hub_t *hub;  //  Whose connections
    uint64_t look;     //  Number of the last look
    peer_t *peers;     //  By descriptor
    size_t count;      //  Of them
    unsigned suspects; //  How many are suspected
    uint64_t resident; //  Bytes of the process when nothing was wrong
    FILE *own;         //  /proc/self/statm
};

endless_t *endless_new (const hub_t *hub)
{
    endless_t *self = calloc (1, sizeof *self);
    assert (self);
    self->hub = hub;
    self->own = fopen ("/proc/self/statm", "re");
    if (self->own)
        setvbuf (self->own, NULL, _IONBF, 0);
    return self;
}

void endless_destroy (endless_t **self_p)
{
    assert (self_p);
    endless_t *self = *self_p;
    if (!self)
        return;
    if (self->own)
        fclose (self->own);
    free (self->peers);
    free (self);
    *self_p = NULL;
}

void endless_heard (endless_t *self, zmq_msg_t *message)
{
    int fd = self->suspects ? zmq_msg_get (message, ZMQ_SRCFD) : -1;
    if (fd < 0 || (size_t) fd >= self->count || !self->peers [fd].looks)
        return;
    self->peers [fd].looks = 0;
    self->suspects--;
}

static uint64_t s_resident (const endless_t *self)
{
    unsigned long size, pages;
    if (!self->own || fseek (self->own, 0, SEEK_SET) || fscanf (self->own, "%lu %lu", &size, &pages) != 2)
        return 0;
    return pages * (uint64_t) sysconf (_SC_PAGESIZE);
}

//  Front, back or sink of one of the broker's addresses?
static bool s_is_ours (const endless_t *self, int fd)
{
    struct sockaddr_in6 place = {0}; //  The port of an IPv4 address is where it is here
    socklen_t size = sizeof place;
    if (getsockname (fd, (struct sockaddr *) (void *) &place, &size)
        || (place.sin6_family != AF_INET && place.sin6_family != AF_INET6))
        return false;
    for (size_t i = 0; i < self->hub->addresses_count; i++) {
        const address_t *address = &self->hub->addresses [i];
        unsigned role = ntohs (place.sin6_port) - (unsigned) address->port;
        if (address->kind == ADDRESS_TCP && role <= ADDRESS_SINK)
            return true;
    }
    return false;
}

//  Bytes that a connection of ours has brought; false for all others.
static bool s_brought (const endless_t *self, int fd, uint64_t *bytes)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (!s_is_ours (self, fd) || getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size)
        || size < offsetof (struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
        return false;
    *bytes = info.tcpi_bytes_received;
    return true;
}

static void s_cut (int fd, uint64_t bytes)
{
    struct sockaddr_in6 place = {0};
    socklen_t size = sizeof place;
    char text [INET6_ADDRSTRLEN] = "?";
    if (getpeername (fd, (struct sockaddr *) (void *) &place, &size) == 0) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *) (const void *) &place;
        bool is_v4 = place.sin6_family == AF_INET;
        inet_ntop (place.sin6_family, is_v4 ? (const void *) &v4->sin_addr : &place.sin6_addr, text,
                   sizeof text);
    }
    log_line (LOG_WARNING, "B033", "a peer at %s is cut off: its message has %llu MiB and does not end", text,
              (unsigned long long) bytes / MIB);
    //  With a reset, or its kernel would go on trying to send the rest
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof (struct linger));
    shutdown (fd, SHUT_RDWR);
}

//  True when it was cut off.
static bool s_judge (int fd, peer_t *peer, uint64_t bytes)
{
    uint64_t before = peer->bytes;
    peer->bytes = bytes;
    if (bytes < before) { //  Another connection
        peer->looks = 0;
        return false;
    }
    if (peer->looks == 0) {
        if (bytes - before < SUSPECT_BYTES)
            return false;
        peer->since = bytes;
    } else if (peer->looks >= LOOKS && bytes - peer->since >= ENDLESS_BYTES) {
        s_cut (fd, bytes - peer->since);
        peer->looks = 0;
        return true;
    }
    peer->looks++;
    return false;
}

static peer_t *s_peer (endless_t *self, int fd)
{
    size_t count = self->count;
    if ((size_t) fd < count)
        return &self->peers [fd];
    self->count = 2 * (size_t) fd + 64;
    self->peers = realloc (self->peers, self->count * sizeof *self->peers);
    assert (self->peers);
    memset (self->peers + count, 0, (self->count - count) * sizeof *self->peers);
    return &self->peers [fd];
}

static unsigned s_look_at_all (endless_t *self, DIR *folder)
{
    unsigned cut = 0;
    uint64_t bytes;
    struct dirent *found;
    self->look++;
    while ((found = readdir (folder))) {
        int fd = *found->d_name == '.' ? -1 : (int) strtol (found->d_name, NULL, 10);
        if (fd < 0 || !s_brought (self, fd, &bytes))
            continue;
        peer_t *peer = s_peer (self, fd);
        peer->seen = self->look;
        cut += s_judge (fd, peer, bytes);
    }
    self->suspects = 0;
    for (size_t i = 0; i < self->count; i++) {
        peer_t *peer = &self->peers [i];
        if (peer->seen != self->look)
            *peer = (peer_t){0}; //  It is gone
        self->suspects += peer->looks > 0;
    }
    return cut;
}

unsigned endless_look (endless_t *self)
{
    uint64_t resident = s_resident (self);
    if (!self->suspects && resident < self->resident + GROWTH_BYTES) {
        if (resident < self->resident || !self->resident)
            self->resident = resident;
        return 0;
    }
    DIR *folder = opendir ("/proc/self/fd");
    if (!folder)
        return 0;
    unsigned cut = s_look_at_all (self, folder);
    closedir (folder);
    if (!self->suspects)
        self->resident = resident;
    return cut;
}

int64_t endless_pause_us (const endless_t *self)
{
    return self->suspects ? PAUSE_SUSPECT_US : PAUSE_US;
}
