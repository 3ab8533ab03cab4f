//  descriptors.c - checks and limits of file descriptors

#include "common/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define POLL_COUNT 256u     //  descriptors per poll call
#define POLL_LIMIT 1048576u //  higher descriptors are not counted
#define KEPT_LEAST 16
#define KEPT_MOST 256

static size_t s_descriptors_number (rlim_t limit)
{
    return limit == RLIM_INFINITY || limit > SIZE_MAX ? SIZE_MAX : (size_t) limit;
}

size_t descriptors_limit (void)
{
    struct rlimit limit;
    return getrlimit (RLIMIT_NOFILE, &limit) ? 0 : s_descriptors_number (limit.rlim_cur);
}

size_t descriptors_kept (void)
{
    size_t kept = descriptors_limit () / 4;
    return kept < KEPT_LEAST ? KEPT_LEAST : kept < KEPT_MOST ? kept : KEPT_MOST;
}

size_t descriptors_raise (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit))
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit (RLIMIT_NOFILE, &limit);
    }
    return descriptors_limit ();
}

void descriptors_raise_for (size_t count)
{
    if (descriptors_free () < count)
        descriptors_raise ();
}

//  The ends of a pipe refuse the other direction, like files opened for one direction.
static void s_hold_by_pipe (int fd)
{
    int ends [2];
    if (pipe (ends))
        return;
    dup2 (fd == STDIN_FILENO ? ends [1] : ends [0], fd);
    for (int i = 0; i < 2; i++)
        if (ends [i] != fd)
            close (ends [i]);
}

//  open returns the lowest free number, so it fills the gaps from 0 upwards.
void descriptors_hold_standard (void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl (fd, F_GETFD) < 0
            && open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            s_hold_by_pipe (fd);
}

int descriptors_null (void)
{
    int fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd >= 0 || errno == EMFILE || errno == ENFILE)
        return fd;
    fd = memfd_create ("null", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0)
        fcntl (fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    return fd;
}

//  Without /proc: poll marks descriptors that are not open.
static size_t s_count_by_poll (void)
{
    struct pollfd items [POLL_COUNT];
    const size_t limit = descriptors_limit () < POLL_LIMIT ? descriptors_limit () : POLL_LIMIT;
    size_t count = 0;
    for (size_t from = 0; from < limit; from += POLL_COUNT) {
        const size_t some = limit - from < POLL_COUNT ? limit - from : POLL_COUNT;
        for (size_t i = 0; i < some; i++)
            items [i] = (struct pollfd){.fd = (int) (from + i)};
        if (poll (items, some, 0) < 0)
            return limit;
        for (size_t i = 0; i < some; i++)
            count += !(items [i].revents & POLLNVAL);
    }
    return count;
}

size_t descriptors_open (void)
{
    DIR *folder = opendir ("/proc/self/fd");
    if (!folder)
        return s_count_by_poll ();
    size_t count = 0;
    for (struct dirent *entry = readdir (folder); entry; entry = readdir (folder))
        count += entry->d_name [0] != '.';
    closedir (folder);
    //  One of them was for the folder
    return count > 0 ? count - 1 : 0;
}

size_t descriptors_free (void)
{
    size_t limit = descriptors_limit ();
    size_t used = descriptors_open ();
    return used < limit ? limit - used : 0;
}

cadre_error_t descriptors_need (size_t count, const char *what, fault_t *fault)
{
    size_t left = descriptors_free ();
    if (count <= left)
        return CADRE_OK;
    return fault_set (
        fault, CADRE_ERROR_DESCRIPTORS,
        "%s needs %zu file descriptors, %zu are free: raise the limit with ulimit -n (now %zu)",
        what, count, left, descriptors_limit ());
}
