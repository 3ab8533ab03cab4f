//  throttle.c - keeps libzmq from reading more than the broker's memory allows

#include "broker/guard/throttle.h"

#include <assert.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/guard/arrivals.h"
#include "broker/guard/read_budget.h"
#include "common/clock.h"
#include "common/descriptors.h"

#define LOOK_US 2000 //  Interval of looks at the queues
#define DESCRIPTORS_MOST 1048576u
#define INPUT ((uint32_t) EPOLLIN)

typedef struct watch {
    int epoll;                //  libzmq's epoll for the connection
    struct epoll_event event; //  What libzmq polls for
    bool listens;             //  It is a tcp listener that has accepted connections
} watch_t;

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static read_budget_t *s_budget; //  NULL before throttle_open; never freed
static watch_t *s_watches;      //  By descriptor
static size_t s_descriptors;    //  Size of the table
static arrivals_t s_arrivals;   //  Of tcp connections
static int64_t s_look_us;       //  When the queues are looked at next in a pause
static size_t s_listeners_end;  //  All listeners' descriptors are below

static int s_control (int epoll, int operation, int fd, struct epoll_event *event)
{
    return (int) syscall (SYS_epoll_ctl, epoll, operation, fd, event);
}

//  Polls for what libzmq requested, but for input only when the connection may read.
static int s_throttle_watch (int operation, int fd)
{
    struct epoll_event event = s_watches [fd].event;
    if (s_watches [fd].listens ? s_arrivals.paused : read_budget_is_paused (s_budget, fd))
        event.events &= ~INPUT;
    return s_control (s_watches [fd].epoll, operation, fd, &event);
}

static void s_throttle_resume (void *owner, int fd)
{
    (void) owner;
    s_throttle_watch (EPOLL_CTL_MOD, fd);
}

static void s_heard (int fd, size_t size_bytes, unsigned group)
{
    pthread_mutex_lock (&s_lock);
    read_budget_heard (s_budget, fd, size_bytes, group);
    pthread_mutex_unlock (&s_lock);
}

static void s_throttle_hold (unsigned group, bool hold)
{
    pthread_mutex_lock (&s_lock);
    read_budget_hold (s_budget, group, hold);
    pthread_mutex_unlock (&s_lock);
}

static void s_watch_listeners (void)
{
    for (size_t fd = 0; fd < s_listeners_end; fd++)
        if (s_watches [fd].listens)
            s_throttle_watch (EPOLL_CTL_MOD, (int) fd);
}

//  Connections that wait to be accepted
static unsigned s_queued (int listener)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt (listener, IPPROTO_TCP, TCP_INFO, &info, &size) ? 0 : info.tcpi_unacked;
}

static bool s_ends_pause (int64_t now_us)
{
    for (size_t fd = 0; fd < s_listeners_end; fd++)
        if (s_watches [fd].listens && arrivals_queued (&s_arrivals, s_queued ((int) fd), now_us))
            return true;
    return arrivals_go_on (&s_arrivals, now_us);
}

static void s_turn (void)
{
    pthread_mutex_lock (&s_lock);
    int64_t now_us = s_arrivals.paused ? clock_now (NULL) : 0;
    if (s_arrivals.paused && now_us >= s_look_us) {
        s_look_us = now_us + LOOK_US;
        if (s_ends_pause (now_us))
            s_watch_listeners ();
    }
    pthread_mutex_unlock (&s_lock);
}

static void s_end (int fd)
{
    uint64_t bytes;
    bool failed = read_budget_is_unheard (s_budget, fd, &bytes);
    read_budget_end (s_budget, fd);
    if (failed && arrivals_fail (&s_arrivals, bytes, clock_now (NULL)))
        s_watch_listeners ();
}

static void s_throttle_drained (void)
{
    pthread_mutex_lock (&s_lock);
    read_budget_drained (s_budget);
    pthread_mutex_unlock (&s_lock);
}

static bool s_is_seated (int fd)
{
    pthread_mutex_lock (&s_lock);
    bool is = read_budget_is_seated (s_budget, fd);
    pthread_mutex_unlock (&s_lock);
    return is;
}

static bool s_is_full (int fd)
{
    pthread_mutex_lock (&s_lock);
    bool is = read_budget_is_full (s_budget, fd);
    pthread_mutex_unlock (&s_lock);
    return is;
}

static throttle_sums_t s_sums (void)
{
    pthread_mutex_lock (&s_lock);
    throttle_sums_t sums = {.bytes = read_budget_bytes (s_budget),
                            .cut = read_budget_cut (s_budget),
                            .waiting = read_budget_waiting (s_budget),
                            .failed = s_arrivals.failed};
    pthread_mutex_unlock (&s_lock);
    return sums;
}

const throttle_t *throttle_open (uint64_t memory_limit)
{
    static const throttle_t self = {.heard = s_heard,
                                    .hold = s_throttle_hold,
                                    .turn = s_turn,
                                    .drained = s_throttle_drained,
                                    .is_seated = s_is_seated,
                                    .is_full = s_is_full,
                                    .sums = s_sums};
    size_t limit = descriptors_limit ();
    s_descriptors = limit < DESCRIPTORS_MOST ? limit : DESCRIPTORS_MOST;
    s_watches = calloc (s_descriptors, sizeof *s_watches);
    assert (s_watches);
    s_budget = read_budget_new (memory_limit, s_descriptors, s_throttle_resume, NULL);
    return &self;
}

static bool s_is_tcp (int fd)
{
    int domain = AF_UNIX;
    socklen_t size = sizeof domain;
    return !getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) && domain != AF_UNIX;
}

static void s_note_listener (int fd)
{
    watch_t *watch = &s_watches [fd];
    if ((size_t) fd >= s_descriptors || watch->listens || !s_is_tcp (fd))
        return;
    watch->listens = true;
    if ((size_t) fd >= s_listeners_end)
        s_listeners_end = (size_t) fd + 1;
}

void throttle_begin (int listener, int fd)
{
    pthread_mutex_lock (&s_lock);
    if (s_budget) {
        s_note_listener (listener);
        if (s_arrivals.level_us > ARRIVALS_BURST_US / 2)
            arrivals_queued (&s_arrivals, s_queued (listener), clock_now (NULL));
        read_budget_begin (s_budget, fd);
    }
    pthread_mutex_unlock (&s_lock);
}

//  ---- functions that override the C library's ---------------------------

//  The end of a paused connection must be noticed: its descriptor would be ready without end.
static bool s_is_gone (int fd)
{
    struct pollfd item = {.fd = fd};
    return poll (&item, 1, 0) == 1 && item.revents & (POLLERR | POLLHUP);
}

static ssize_t s_throttle_read (int fd, void *buffer, size_t size, int flags)
{
    return syscall (SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
}

//  How much may be read; 0 and errno when nothing may.
static size_t s_throttle_room (int fd, bool *look)
{
    pthread_mutex_lock (&s_lock);
    size_t room = read_budget_room (s_budget, fd, look);
    bool cut = read_budget_is_cut (s_budget, fd);
    if (room == 0 && !cut)
        s_throttle_watch (EPOLL_CTL_MOD, fd);
    pthread_mutex_unlock (&s_lock);
    errno = room || (!cut && !s_is_gone (fd)) ? EAGAIN : ECONNRESET;
    return room;
}

static size_t s_throttle_fits (int fd, const void *bytes, size_t size_bytes)
{
    pthread_mutex_lock (&s_lock);
    size_t fits = read_budget_fits (s_budget, fd, bytes, size_bytes);
    if (fits == 0)
        s_throttle_watch (EPOLL_CTL_MOD, fd);
    pthread_mutex_unlock (&s_lock);
    errno = fits || !s_is_gone (fd) ? EAGAIN : ECONNRESET;
    return fits;
}

static bool s_throttle_came (int fd, const void *bytes, size_t size_bytes)
{
    pthread_mutex_lock (&s_lock);
    bool fits = read_budget_came (s_budget, fd, bytes, size_bytes);
    pthread_mutex_unlock (&s_lock);
    errno = ECONNRESET;
    return fits;
}

static ssize_t s_throttle_receive (int fd, void *buffer, size_t size, int flags)
{
    bool look;
    size_t room = s_throttle_room (fd, &look);
    if (room == 0)
        return -1;
    room = room < size ? room : size;
    if (look) {
        ssize_t there = s_throttle_read (fd, buffer, room, flags | MSG_PEEK);
        if (there <= 0)
            return there;
        room = s_throttle_fits (fd, buffer, (size_t) there);
        if (room == 0)
            return -1;
    }
    ssize_t came = s_throttle_read (fd, buffer, room, flags);
    return came <= 0 || s_throttle_came (fd, buffer, (size_t) came) ? came : -1;
}

__attribute__ ((visibility ("default"))) ssize_t recv (int fd, void *buffer, size_t size, int flags)
{
    return s_budget ? s_throttle_receive (fd, buffer, size, flags)
                    : s_throttle_read (fd, buffer, size, flags);
}

static int s_watch_as (int epoll, int operation, int fd, struct epoll_event *event)
{
    watch_t *watch = &s_watches [fd];
    if (operation == EPOLL_CTL_DEL) {
        s_end (fd);
        *watch = (watch_t){0};
        return s_control (epoll, operation, fd, event);
    }
    watch->epoll = epoll;
    watch->event = *event;
    return s_throttle_watch (operation, fd);
}

__attribute__ ((visibility ("default"))) int epoll_ctl (int epoll, int operation, int fd,
                                                        struct epoll_event *event)
{
    pthread_mutex_lock (&s_lock);
    bool ours = s_budget && fd >= 0 && (size_t) fd < s_descriptors;
    int result =
        ours ? s_watch_as (epoll, operation, fd, event) : s_control (epoll, operation, fd, event);
    pthread_mutex_unlock (&s_lock);
    return result;
}
