//  callers.c - monitors the tcp connections to the broker's ports

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

struct callers {
    hub_t *hub;
    uint64_t look;        //  Number of the last inspection
    int64_t looked_us;    //  Time of the last inspection
    caller_t *table;      //  By descriptor
    size_t capacity;      //  Its size
    callers_view_t view;  //  Input of the judges; we own its array
    size_t view_capacity; //  Size of that array
    size_t overhead;      //  Overhead of a message on the wire
    uint64_t throttled;   //  Connections that the throttle had closed at the last inspection
    bool urgent;          //  A connection is suspect
    bool trim;            //  A connection was closed: return memory to the system
    uint64_t resident;    //  Bytes of the process at the last inspection
    uint64_t rest;        //  Minimum of the unexplained part
    uint32_t *lanes;      //  By port: during the inspection of lanes, index of the first connection
                          //  there, plus 1
    FILE *own;            //  /proc/self/statm
};

callers_t *callers_new (hub_t *hub)
{
    callers_t *self = calloc (1, sizeof *self);
    assert (self);
    self->hub = hub;
    self->overhead = hub->doors ? CURVE_BYTES : CLEAR_BYTES;
    self->rest = UINT64_MAX;
    self->lanes = calloc (PORTS, sizeof *self->lanes);
    assert (self->lanes);
    self->own = fopen ("/proc/self/statm", "re");
    if (self->own)
        setvbuf (self->own, NULL, _IONBF, 0);
    return self;
}

void callers_destroy (callers_t **self_p)
{
    assert (self_p);
    callers_t *self = *self_p;
    if (!self)
        return;
    if (self->own)
        fclose (self->own);
    free (self->lanes);
    free (self->view.callers);
    free (self->table);
    free (self);
    *self_p = NULL;
}

static caller_t *s_caller (callers_t *self, int fd)
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

void callers_heard (callers_t *self, int fd, size_t size_bytes)
{
    if (fd >= 0)
        s_caller (self, fd)->handed_now += size_bytes + self->overhead;
}

//  ---- measuring ----------------------------------------------------------

//  What was delivered since the last inspection had not been delivered at that time. So all bytes
//  that had arrived at that time belong to it, or to what was delivered before. A new start from
//  there keeps errors in the count of bytes on the wire from accumulating.
void callers_measure (caller_t *self, uint64_t brought, uint64_t unread, int64_t now_us)
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

static uint64_t s_resident (const callers_t *self)
{
    unsigned long size, pages;
    if (!self->own || fseek (self->own, 0, SEEK_SET)
        || fscanf (self->own, "%lu %lu", &size, &pages) != 2)
        return 0;
    return pages * (uint64_t) sysconf (_SC_PAGESIZE);
}

//  Is it connected to front, back or sink of one of the broker's addresses, or to a lane?
static bool s_is_ours (const callers_t *self, int fd, caller_t *caller)
{
    struct sockaddr_in6 place = {0}; //  The port of an IPv4 address is at the same offset
    socklen_t size = sizeof place;
    if (getsockname (fd, (struct sockaddr *) (void *) &place, &size)
        || (place.sin6_family != AF_INET && place.sin6_family != AF_INET6))
        return false;
    caller->port = ntohs (place.sin6_port);
    for (size_t i = 0; i < self->hub->addresses_count; i++) {
        const address_t *address = &self->hub->addresses [i];
        unsigned role = caller->port - (unsigned) address->port;
        caller->door = (address_role_t) role;
        if (address->kind == ADDRESS_TCP && role <= ADDRESS_SINK)
            return true;
    }
    caller->door = CALLER_LANE;
    return self->hub->lane_ports [caller->port / 64] >> caller->port % 64 & 1;
}

static void s_look_at_seat (const callers_t *self, caller_t *caller)
{
    const throttle_t *throttle = self->hub->throttle;
    if (!throttle)
        return;
    if (!throttle->is_seated (caller->fd))
        caller->seated_us = 0;
    else if (caller->seated_us == 0)
        caller->seated_us = self->hub->now_us;
    caller->full = throttle->is_full (caller->fd);
}

//  NULL for descriptors that are not connections of ours.
static caller_t *s_look_at (callers_t *self, int fd)
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
    caller_t *caller = s_caller (self, fd);
    if (caller->cookie != cookie)
        *caller = (caller_t){.fd = fd, .cookie = cookie, .handed_now = caller->handed_now};
    if (info.tcpi_state == STATE_LISTEN || !s_is_ours (self, fd, caller))
        return NULL;
    ioctl (fd, FIONREAD, &unread);
    callers_measure (caller, info.tcpi_bytes_received, (uint64_t) unread, self->hub->now_us);
    if (info.tcpi_bytes_acked != caller->acked || (!info.tcpi_unacked && !info.tcpi_notsent_bytes))
        caller->acked_us = self->hub->now_us;
    caller->acked = info.tcpi_bytes_acked;
    s_look_at_seat (self, caller);
    caller->look = self->look;
    caller->let_in = false;
    return caller;
}

static void s_add (callers_t *self, caller_t *caller)
{
    callers_view_t *view = &self->view;
    if (view->count == self->view_capacity) {
        self->view_capacity = 2 * self->view_capacity + 64;
        view->callers = realloc (view->callers, self->view_capacity * sizeof *view->callers);
        assert (view->callers);
    }
    view->callers [view->count++] = caller;
}

static void s_let_in (callers_t *self, int fd)
{
    if (fd >= 0 && (size_t) fd < self->capacity)
        self->table [fd].let_in = true;
}

//  A lane is for one peer. Any other connection there, with the worker's key or before the
//  handshake, only wastes a descriptor.
static void s_look_at_lanes (callers_t *self)
{
    callers_view_t *view = &self->view;
    for (size_t i = 0; i < view->count; i++) {
        const caller_t *caller = view->callers [i];
        uint32_t *first = &self->lanes [caller->port];
        if (caller->door == CALLER_LANE
            && (!*first || caller->since_us < view->callers [*first - 1]->since_us))
            *first = (uint32_t) i + 1;
    }
    for (size_t i = 0; i < view->count; i++)
        if (view->callers [i]->door == CALLER_LANE)
            view->callers [i]->let_in = self->lanes [view->callers [i]->port] == i + 1;
    for (size_t i = 0; i < view->count; i++)
        self->lanes [view->callers [i]->port] = 0;
}

//  Entries move when the table grows, so the view is filled last. Returns the number of
//  descriptors.
static size_t s_look_at_all (callers_t *self, DIR *folder)
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
            s_add (self, &self->table [i]);
    s_look_at_lanes (self);
    for (const client_t *client = self->hub->clients; client; client = client->hh.next)
        s_let_in (self, client->burden.fd);
    for (size_t i = 0; i < roster_places (self->hub->roster); i++)
        if (roster_at (self->hub->roster, i))
            s_let_in (self, roster_at (self->hub->roster, i)->fd);
    return open;
}

//  ---- judging ------------------------------------------------------------

static uint64_t s_less (uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

//  Growth of the process that no counter explains; 0 while it does not grow.
static uint64_t s_strange (callers_t *self, uint64_t resident)
{
    uint64_t unexplained =
        s_less (resident, hub_used_bytes (self->hub) + self->view.count * CALLER_BYTES);
    bool grows = resident > self->resident + GROWTH_BYTES;
    self->resident = resident;
    self->rest = unexplained < self->rest ? unexplained : self->rest;
    return grows ? unexplained - self->rest : 0;
}

static size_t s_surplus (const callers_t *self, size_t open)
{
    size_t kept = 2 * descriptors_kept (), limit = descriptors_limit ();
    size_t by_memory = self->hub->memory_limit / CALLERS_SHARE / CALLER_BYTES;
    size_t surplus = open + kept > limit ? open + kept - limit : 0;
    size_t crowd = self->view.count > by_memory ? self->view.count - by_memory : 0;
    return surplus > crowd ? surplus : crowd;
}

static const char *s_address (int fd, char text [INET6_ADDRSTRLEN])
{
    struct sockaddr_in6 place = {0};
    socklen_t size = sizeof place;
    if (getpeername (fd, (struct sockaddr *) (void *) &place, &size))
        return "?";
    const struct sockaddr_in *v4 = (const struct sockaddr_in *) (const void *) &place;
    bool is_v4 = place.sin6_family == AF_INET;
    const char *name =
        inet_ntop (place.sin6_family, is_v4 ? (const void *) &v4->sin_addr : &place.sin6_addr, text,
                   INET6_ADDRSTRLEN);
    return name ? name : "?";
}

static void s_cut (callers_t *self, caller_t *caller)
{
    char text [INET6_ADDRSTRLEN];
    log_line (LOG_WARNING, "B050", "a peer at %s is cut off: %s (%llu KiB held)",
              s_address (caller->fd, text), caller->cut, (unsigned long long) caller->held >> 10);
    //  With a reset; otherwise the kernel would try to send the rest
    setsockopt (caller->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                sizeof (struct linger));
    shutdown (caller->fd, SHUT_RDWR);
    self->hub->cut_peers++;
    self->hub->refused_frames += caller->held > 0;
    self->trim = true;
    caller->cookie = 0;
}

static uint64_t s_waiting (const callers_t *self)
{
    return self->hub->throttle ? self->hub->throttle->sums ().waiting : 0;
}

static void s_judge (callers_t *self, size_t open, uint64_t resident)
{
    callers_view_t *view = &self->view;
    view->now_us = self->hub->now_us;
    view->memory_limit = self->hub->memory_limit;
    view->lost_us = (int64_t) self->hub->lost_ms * 1000;
    view->strange = s_strange (self, resident);
    view->surplus = s_surplus (self, open);
    view->waiting = s_waiting (self);
    self->urgent = flood_guard_judge (view);
    self->urgent |= strangers_judge (view);
    for (size_t i = 0; i < view->count; i++)
        if (view->callers [i]->cut)
            s_cut (self, view->callers [i]);
}

//  Returns memory that libzmq has freed to the system, so that it does not count as growth.
static void s_trim (callers_t *self)
{
    if (self->trim)
        malloc_trim (0);
    self->trim = false;
}

//  Logs the connections that the throttle has closed since the last inspection.
static void s_note_cuts (callers_t *self)
{
    const throttle_t *throttle = self->hub->throttle;
    uint64_t cut = throttle ? throttle->sums ().cut : 0;
    if (cut == self->throttled)
        return;
    log_line (LOG_WARNING, "B051",
              "peers are cut off: their messages have too many frames, and do not end (%llu)",
              (unsigned long long) (cut - self->throttled));
    self->hub->cut_peers += cut - self->throttled;
    self->hub->refused_frames += cut - self->throttled;
    self->throttled = cut;
    self->trim = true;
}

void callers_look (callers_t *self)
{
    s_note_cuts (self);
    uint64_t resident = s_resident (self);
    if (!self->urgent && s_waiting (self) == 0 && resident < self->resident + GROWTH_BYTES
        && self->hub->now_us - self->looked_us < LOOK_US)
        return;
    self->looked_us = self->hub->now_us;
    DIR *folder = opendir ("/proc/self/fd");
    if (!folder)
        return;
    s_trim (self);
    size_t open = s_look_at_all (self, folder);
    closedir (folder);
    s_judge (self, open, resident);
}
