//  throttle.c - keeps libzmq from reading more than the broker's memory allows

#include "broker/guard/throttle.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/guard/read_budget.h"
#include "common/descriptors.h"

#define DESCRIPTORS_MOST 1048576u
#define INPUT ((uint32_t) EPOLLIN)

typedef struct watch {
    int epoll;                //  libzmq's epoll for the connection
    struct epoll_event event; //  What libzmq polls for
} watch_t;

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static intake_t *s_intake;   //  NULL before throttle_open; never freed
static watch_t *s_watches;   //  By descriptor
static size_t s_descriptors; //  Size of the table

static int s_control (int epoll, int operation, int fd, struct epoll_event *event)
{
    return (int) syscall (SYS_epoll_ctl, epoll, operation, fd, event);
}

//  Polls for what libzmq requested, but for input only when the connection may read.
static int s_watch (int operation, int fd)
{
    struct epoll_event event = s_watches [fd].event;
    if (intake_is_paused (s_intake, fd))
        event.events &= ~INPUT;
    return s_control (s_watches [fd].epoll, operation, fd, &event);
}

static void s_resume (void *owner, int fd)
{
    (void) owner;
    s_watch (EPOLL_CTL_MOD, fd);
}

static void s_heard (int fd, size_t size_bytes, unsigned group)
{
    pthread_mutex_lock (&s_lock);
    intake_heard (s_intake, fd, size_bytes, group);
    pthread_mutex_unlock (&s_lock);
}

static void s_hold (unsigned group, bool hold)
{
    pthread_mutex_lock (&s_lock);
    intake_hold (s_intake, group, hold);
    pthread_mutex_unlock (&s_lock);
}

static void s_drained (void)
{
    pthread_mutex_lock (&s_lock);
    intake_drained (s_intake);
    pthread_mutex_unlock (&s_lock);
}

static bool s_is_seated (int fd)
{
    pthread_mutex_lock (&s_lock);
    bool is = intake_is_seated (s_intake, fd);
    pthread_mutex_unlock (&s_lock);
    return is;
}

static bool s_is_full (int fd)
{
    pthread_mutex_lock (&s_lock);
    bool is = intake_is_full (s_intake, fd);
    pthread_mutex_unlock (&s_lock);
    return is;
}

static throttle_sums_t s_sums (void)
{
    pthread_mutex_lock (&s_lock);
    throttle_sums_t sums = {.bytes = intake_bytes (s_intake),
                            .cut = intake_cut (s_intake),
                            .waiting = intake_waiting (s_intake)};
    pthread_mutex_unlock (&s_lock);
    return sums;
}

const throttle_t *throttle_open (uint64_t memory_limit)
{
    static const throttle_t self = {.heard = s_heard,
                                    .hold = s_hold,
                                    .drained = s_drained,
                                    .is_seated = s_is_seated,
                                    .is_full = s_is_full,
                                    .sums = s_sums};
    size_t limit = descriptors_limit ();
    s_descriptors = limit < DESCRIPTORS_MOST ? limit : DESCRIPTORS_MOST;
    s_watches = calloc (s_descriptors, sizeof *s_watches);
    assert (s_watches);
    s_intake = intake_new (memory_limit, s_descriptors, s_resume, NULL);
    return &self;
}

void throttle_begin (int fd)
{
    pthread_mutex_lock (&s_lock);
    if (s_intake)
        intake_begin (s_intake, fd);
    pthread_mutex_unlock (&s_lock);
}

//  ---- functions that override the C library's ---------------------------

//  The end of a paused connection must be noticed: its descriptor would be ready without end.
static bool s_is_gone (int fd)
{
    struct pollfd item = {.fd = fd};
    return poll (&item, 1, 0) == 1 && item.revents & (POLLERR | POLLHUP);
}

static ssize_t s_read (int fd, void *buffer, size_t size, int flags)
{
    return syscall (SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
}

//  How much may be read; 0 and errno when nothing may.
static size_t s_room (int fd, bool *look)
{
    pthread_mutex_lock (&s_lock);
    size_t room = intake_room (s_intake, fd, look);
    bool cut = intake_is_cut (s_intake, fd);
    if (room == 0 && !cut)
        s_watch (EPOLL_CTL_MOD, fd);
    pthread_mutex_unlock (&s_lock);
    errno = room || (!cut && !s_is_gone (fd)) ? EAGAIN : ECONNRESET;
    return room;
}

static size_t s_fits (int fd, const void *bytes, size_t size_bytes)
{
    pthread_mutex_lock (&s_lock);
    size_t fits = intake_fits (s_intake, fd, bytes, size_bytes);
    if (fits == 0)
        s_watch (EPOLL_CTL_MOD, fd);
    pthread_mutex_unlock (&s_lock);
    errno = fits || !s_is_gone (fd) ? EAGAIN : ECONNRESET;
    return fits;
}

static bool s_came (int fd, const void *bytes, size_t size_bytes)
{
    pthread_mutex_lock (&s_lock);
    bool fits = intake_came (s_intake, fd, bytes, size_bytes);
    pthread_mutex_unlock (&s_lock);
    errno = ECONNRESET;
    return fits;
}

static ssize_t s_receive (int fd, void *buffer, size_t size, int flags)
{
    bool look;
    size_t room = s_room (fd, &look);
    if (room == 0)
        return -1;
    room = room < size ? room : size;
    if (look) {
        ssize_t there = s_read (fd, buffer, room, flags | MSG_PEEK);
        if (there <= 0)
            return there;
        room = s_fits (fd, buffer, (size_t) there);
        if (room == 0)
            return -1;
    }
    ssize_t came = s_read (fd, buffer, room, flags);
    return came <= 0 || s_came (fd, buffer, (size_t) came) ? came : -1;
}

__attribute__ ((visibility ("default"))) ssize_t recv (int fd, void *buffer, size_t size, int flags)
{
    return s_intake ? s_receive (fd, buffer, size, flags) : s_read (fd, buffer, size, flags);
}

__attribute__ ((visibility ("default"))) int epoll_ctl (int epoll, int operation, int fd,
                                                        struct epoll_event *event)
{
    int result;
    pthread_mutex_lock (&s_lock);
    if (!s_intake || !intake_knows (s_intake, fd))
        result = s_control (epoll, operation, fd, event);
    else if (operation == EPOLL_CTL_DEL) {
        result = s_control (epoll, operation, fd, event);
        intake_end (s_intake, fd);
    } else {
        s_watches [fd] = (watch_t){.epoll = epoll, .event = *event};
        result = s_watch (operation, fd);
    }
    pthread_mutex_unlock (&s_lock);
    return result;
}
