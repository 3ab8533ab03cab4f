//  tcp_peers.c - monitors the tcp connections to the broker's ports

#include "broker/guard/tcp_peers.h"

#include <arpa/inet.h>
#include <assert.h>
#include <dirent.h>
#include <linux/tcp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/guard/flood_guard.h"
#include "broker/guard/idle_guard.h"
#include "broker/guard/throttle.h"
#include "broker/peers/client.h"
#include "broker/peers/roster.h"
#include "common/descriptors.h"
#include "common/log.h"

#define CLEAR_BYTES 9  //  Overhead of a message on the wire
#define CURVE_BYTES 42 //  The same with CURVE
#define GROWTH_BYTES                                                                               \
    (256 << 10) //  Growth of the process between two checks that triggers an inspection
#define CALLER_BYTES (64 << 10) //  Memory of libzmq for an idle connection
#define CALLERS_SHARE                                                                              \
    4 //  Fraction of the memory for connections; above it, unused ones are closed sooner
#define STATE_LISTEN 10 //  TCP_LISTEN; its header conflicts with that of tcp_info
#define PORTS 65536
#define LOOK_US 1000000 //  Interval of inspections when nothing is wrong
#define LOOK_SHARE 16   //  Inspections get this fraction of the time

struct tcp_peers {
    context_t *ctx;
    uint64_t look;         //  Number of the last inspection
    int64_t looked_us;     //  Time of the last inspection
    int64_t rest_us;       //  No other before: it took so long
    tcp_peer_t *table;     //  By descriptor
    size_t capacity;       //  Its size
    tcp_peers_view_t view; //  Input of the judges; we own its array
    size_t view_capacity;  //  Size of that array
    size_t overhead;       //  Overhead of a message on the wire
    uint64_t throttled;    //  Connections that the throttle had closed at the last inspection
    bool urgent;           //  A connection is suspect
    bool trim;             //  A connection was closed: return memory to the system
    uint64_t resident;     //  Bytes of the process at the last inspection
    uint64_t rest;         //  Minimum of the unexplained part
    uint32_t *lanes; //  By port: during the inspection of lanes, index of the first connection
                     //  there, plus 1
    FILE *own;       //  /proc/self/statm
};

tcp_peers_t *tcp_peers_new (context_t *ctx)
{
    tcp_peers_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ctx = ctx;
    self->overhead = ctx->authz ? CURVE_BYTES : CLEAR_BYTES;
    self->rest = UINT64_MAX;
    self->lanes = calloc (PORTS, sizeof *self->lanes);
    assert (self->lanes);
    self->own = fopen ("/proc/self/statm", "re");
    if (self->own)
        setvbuf (self->own, NULL, _IONBF, 0);
    return self;
}

void tcp_peers_destroy (tcp_peers_t **self_p)
{
    assert (self_p);
    tcp_peers_t *self = *self_p;
    if (!self)
        return;
    if (self->own)
        fclose (self->own);
    free (self->lanes);
    free (self->view.tcp_peers);
    free (self->table);
    free (self);
    *self_p = NULL;
}

static tcp_peer_t *s_caller (tcp_peers_t *self, int fd)
{
    size_t capacity = self->capacity;
    if ((size_t) fd < capacity)
        return &self->table [fd];
    self->capacity = 2 * (size_t) fd + 64;
    self->table = realloc (self->table, self->capacity * sizeof *self->table);
    assert (self->table);
    memset (self->table + capacity, 0, (self->capacity - capacity) * sizeof *self->table);
    return &self->table [fd];
}

void tcp_peers_heard (tcp_peers_t *self, int fd, size_t size_bytes)
{
    if (fd >= 0)
        s_caller (self, fd)->handed_now += size_bytes + self->overhead;
}

//  ---- measuring ----------------------------------------------------------

//  What was delivered since the last inspection had not been delivered at that time. So all bytes
//  that had arrived at that time belong to it, or to what was delivered before. A new start from
//  there keeps errors in the count of bytes on the wire from accumulating.
void tcp_peers_measure (tcp_peer_t *self, uint64_t brought, uint64_t unread, int64_t now_us)
{
    if (self->since_us == 0)
        self->since_us = self->heard_us = self->acked_us = now_us;
    self->quiet = self->handed_now == 0;
    if (!self->quiet) {
        self->heard_us = now_us;
        self->mark = self->brought;
        self->handed = self->handed_now;
    }
    self->handed_now = 0;
    self->brought = brought;
    uint64_t known = self->mark + self->handed + unread;
    self->held = brought > known ? brought - known : 0;
}

static uint64_t s_resident (const tcp_peers_t *self)
{
    unsigned long size, pages;
    if (!self->own || fseek (self->own, 0, SEEK_SET)
        || fscanf (self->own, "%lu %lu", &size, &pages) != 2)
        return 0;
    return pages * (uint64_t) sysconf (_SC_PAGESIZE);
}

//  Is it connected to front, back or sink of one of the broker's addresses, or to a lane?
static bool s_is_ours (const tcp_peers_t *self, int fd, tcp_peer_t *peer)
{
    struct sockaddr_in6 local = {0}; //  The port of an IPv4 address is at the same offset
    socklen_t size = sizeof local;
    if (getsockname (fd, (struct sockaddr *) (void *) &local, &size)
        || (local.sin6_family != AF_INET && local.sin6_family != AF_INET6))
        return false;
    peer->port = ntohs (local.sin6_port);
    for (size_t i = 0; i < self->ctx->addresses_count; i++) {
        const address_t *address = &self->ctx->addresses [i];
        unsigned role = peer->port - (unsigned) address->port;
        peer->role = (address_role_t) role;
        if (address->kind == ADDRESS_TCP && role <= ADDRESS_SINK)
            return true;
    }
    peer->role = TCP_PEER_LANE;
    return self->ctx->lane_ports [peer->port / 64] >> peer->port % 64 & 1;
}

static void s_look_at_seat (const tcp_peers_t *self, tcp_peer_t *peer)
{
    const throttle_t *throttle = self->ctx->throttle;
    if (!throttle)
        return;
    if (!throttle->is_seated (peer->fd))
        peer->seated_us = 0;
    else if (peer->seated_us == 0)
        peer->seated_us = self->ctx->now_us;
    peer->full = throttle->is_full (peer->fd);
}

//  NULL for descriptors that are not connections of ours.
static tcp_peer_t *s_look_at (tcp_peers_t *self, int fd)
{
    struct tcp_info info = {0};
    socklen_t info_size = sizeof info, cookie_size = sizeof (uint64_t);
    uint64_t cookie = 0;
    int unread = 0;
    if (getsockopt (fd, SOL_SOCKET, SO_COOKIE, &cookie, &cookie_size)
        || getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &info_size)
        || info_size
               < offsetof (struct tcp_info, tcpi_notsent_bytes) + sizeof info.tcpi_notsent_bytes)
        return NULL;
    tcp_peer_t *peer = s_caller (self, fd);
    if (peer->cookie != cookie)
        *peer = (tcp_peer_t){.fd = fd, .cookie = cookie, .handed_now = peer->handed_now};
    if (info.tcpi_state == STATE_LISTEN || !s_is_ours (self, fd, peer))
        return NULL;
    ioctl (fd, FIONREAD, &unread);
    tcp_peers_measure (peer, info.tcpi_bytes_received, (uint64_t) unread, self->ctx->now_us);
    if (info.tcpi_bytes_acked != peer->acked || (!info.tcpi_unacked && !info.tcpi_notsent_bytes))
        peer->acked_us = self->ctx->now_us;
    peer->acked = info.tcpi_bytes_acked;
    s_look_at_seat (self, peer);
    peer->look = self->look;
    peer->let_in = false;
    return peer;
}

static void s_tcp_peers_add (tcp_peers_t *self, tcp_peer_t *peer)
{
    tcp_peers_view_t *view = &self->view;
    if (view->count == self->view_capacity) {
        self->view_capacity = 2 * self->view_capacity + 64;
        view->tcp_peers = realloc (view->tcp_peers, self->view_capacity * sizeof *view->tcp_peers);
        assert (view->tcp_peers);
    }
    view->tcp_peers [view->count++] = peer;
}

static void s_let_in (tcp_peers_t *self, int fd)
{
    if (fd >= 0 && (size_t) fd < self->capacity)
        self->table [fd].let_in = true;
}

//  A lane is for one peer. Any other connection there, with the worker's key or before the
//  handshake, only wastes a descriptor.
static void s_look_at_lanes (tcp_peers_t *self)
{
    tcp_peers_view_t *view = &self->view;
    for (size_t i = 0; i < view->count; i++) {
        const tcp_peer_t *peer = view->tcp_peers [i];
        uint32_t *first = &self->lanes [peer->port];
        if (peer->role == TCP_PEER_LANE
            && (!*first || peer->since_us < view->tcp_peers [*first - 1]->since_us))
            *first = (uint32_t) i + 1;
    }
    for (size_t i = 0; i < view->count; i++)
        if (view->tcp_peers [i]->role == TCP_PEER_LANE)
            view->tcp_peers [i]->let_in = self->lanes [view->tcp_peers [i]->port] == i + 1;
    for (size_t i = 0; i < view->count; i++)
        self->lanes [view->tcp_peers [i]->port] = 0;
}

//  Entries move when the table grows, so the view is filled last. Returns the number of
//  descriptors.
static size_t s_look_at_all (tcp_peers_t *self, DIR *folder)
{
    size_t open = 0;
    struct dirent *found;
    self->look++;
    self->view.count = 0;
    while ((found = readdir (folder)))
        if (*found->d_name != '.') {
            s_look_at (self, (int) strtol (found->d_name, NULL, 10));
            open++;
        }
    for (size_t i = 0; i < self->capacity; i++)
        if (self->table [i].look == self->look)
            s_tcp_peers_add (self, &self->table [i]);
    s_look_at_lanes (self);
    for (const client_t *client = self->ctx->clients; client; client = client->hh.next)
        s_let_in (self, client->backlog.fd);
    for (size_t i = 0; i < roster_entries (self->ctx->roster); i++)
        if (roster_at (self->ctx->roster, i))
            s_let_in (self, roster_at (self->ctx->roster, i)->fd);
    return open;
}

//  ---- judging ------------------------------------------------------------

static uint64_t s_less (uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

//  Growth of the process that no counter explains; 0 while it does not grow.
static uint64_t s_strange (tcp_peers_t *self, uint64_t resident)
{
    uint64_t unexplained =
        s_less (resident, context_used_bytes (self->ctx) + self->view.count * CALLER_BYTES);
    bool grows = resident > self->resident + GROWTH_BYTES;
    self->resident = resident;
    self->rest = unexplained < self->rest ? unexplained : self->rest;
    return grows ? unexplained - self->rest : 0;
}

static size_t s_surplus (const tcp_peers_t *self, size_t open)
{
    size_t kept = 2 * descriptors_kept (), limit = descriptors_limit ();
    size_t by_memory = self->ctx->memory_limit / CALLERS_SHARE / CALLER_BYTES;
    size_t surplus = open + kept > limit ? open + kept - limit : 0;
    size_t crowd = self->view.count > by_memory ? self->view.count - by_memory : 0;
    return surplus > crowd ? surplus : crowd;
}

static const char *s_tcp_peers_address (int fd, char text [INET6_ADDRSTRLEN])
{
    struct sockaddr_in6 address = {0};
    socklen_t size = sizeof address;
    if (getpeername (fd, (struct sockaddr *) (void *) &address, &size))
        return "?";
    const struct sockaddr_in *v4 = (const struct sockaddr_in *) (const void *) &address;
    bool is_v4 = address.sin6_family == AF_INET;
    const char *name =
        inet_ntop (address.sin6_family, is_v4 ? (const void *) &v4->sin_addr : &address.sin6_addr,
                   text, INET6_ADDRSTRLEN);
    return name ? name : "?";
}

static void s_tcp_peers_cut (tcp_peers_t *self, tcp_peer_t *peer)
{
    char text [INET6_ADDRSTRLEN];
    log_line (LOG_WARNING, "B050", "a peer at %s is disconnected: %s (%llu KiB held)",
              s_tcp_peers_address (peer->fd, text), peer->cut,
              (unsigned long long) peer->held >> 10);
    //  With a reset; otherwise the kernel would try to send the rest
    setsockopt (peer->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                sizeof (struct linger));
    shutdown (peer->fd, SHUT_RDWR);
    self->ctx->cut_peers++;
    self->ctx->refused_frames += peer->held > 0;
    self->trim = true;
    peer->cookie = 0;
}

static uint64_t s_tcp_peers_waiting (const tcp_peers_t *self)
{
    return self->ctx->throttle ? self->ctx->throttle->sums ().waiting : 0;
}

static void s_tcp_peers_judge (tcp_peers_t *self, size_t open, uint64_t resident)
{
    tcp_peers_view_t *view = &self->view;
    view->now_us = self->ctx->now_us;
    view->memory_limit = self->ctx->memory_limit;
    view->lost_us = (int64_t) self->ctx->lost_ms * 1000;
    view->strange = s_strange (self, resident);
    view->surplus = s_surplus (self, open);
    view->waiting = s_tcp_peers_waiting (self);
    self->urgent = flood_guard_judge (view);
    self->urgent |= idle_guard_judge (view);
    for (size_t i = 0; i < view->count; i++)
        if (view->tcp_peers [i]->cut)
            s_tcp_peers_cut (self, view->tcp_peers [i]);
}

//  Returns memory that libzmq has freed to the system, so that it does not count as growth.
static void s_trim (tcp_peers_t *self)
{
    if (self->trim)
        malloc_trim (0);
    self->trim = false;
}

//  Logs the connections that the throttle has closed since the last inspection.
static void s_note_cuts (tcp_peers_t *self)
{
    const throttle_t *throttle = self->ctx->throttle;
    uint64_t cut = throttle ? throttle->sums ().cut : 0;
    if (cut == self->throttled)
        return;
    log_line (LOG_WARNING, "B051",
              "peers are disconnected: their messages have too many frames, and do not end (%llu)",
              (unsigned long long) (cut - self->throttled));
    self->ctx->cut_peers += cut - self->throttled;
    self->ctx->refused_frames += cut - self->throttled;
    self->throttled = cut;
    self->trim = true;
}

static bool s_is_due (const tcp_peers_t *self, uint64_t resident)
{
    if (self->ctx->now_us < self->rest_us)
        return false;
    return self->urgent || s_tcp_peers_waiting (self) > 0
           || resident >= self->resident + GROWTH_BYTES
           || self->ctx->now_us - self->looked_us >= LOOK_US;
}

void tcp_peers_look (tcp_peers_t *self)
{
    s_note_cuts (self);
    uint64_t resident = s_resident (self);
    if (!s_is_due (self, resident))
        return;
    int64_t begin_us = clock_now (self->ctx->clock);
    self->looked_us = self->ctx->now_us;
    DIR *folder = opendir ("/proc/self/fd");
    if (!folder)
        return;
    s_trim (self);
    size_t open = s_look_at_all (self, folder);
    closedir (folder);
    s_tcp_peers_judge (self, open, resident);
    self->rest_us = self->ctx->now_us + LOOK_SHARE * (clock_now (self->ctx->clock) - begin_us);
}
