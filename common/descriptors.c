//  descriptors.c - are there enough?

#include "common/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

static size_t s_number (rlim_t limit)
{
    return limit == RLIM_INFINITY || limit > SIZE_MAX ? SIZE_MAX : (size_t) limit;
}

static size_t s_limit (void)
{
    struct rlimit limit;
    return getrlimit (RLIMIT_NOFILE, &limit) ? 0 : s_number (limit.rlim_cur);
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
    return s_limit ();
}

//  open gives the lowest number that is free, so from 0 upwards it fills the gaps.
void descriptors_hold_standard (void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return;
}

size_t descriptors_open (void)
{
    DIR *folder = opendir ("/proc/self/fd");
    //  Without /proc, or without one free descriptor to read it with, assume that none is left
    if (!folder)
        return s_limit ();
    size_t count = 0;
    for (struct dirent *entry = readdir (folder); entry; entry = readdir (folder))
        count += entry->d_name [0] != '.';
    closedir (folder);
    //  One of them was the folder
    return count > 0 ? count - 1 : 0;
}

size_t descriptors_free (void)
{
    size_t limit = s_limit ();
    size_t used = descriptors_open ();
    return used < limit ? limit - used : 0;
}

cadre_error_t descriptors_need (size_t count, const char *what, fault_t *fault)
{
    size_t left = descriptors_free ();
    if (count <= left)
        return CADRE_OK;
    return fault_set (fault, CADRE_ERROR_DESCRIPTORS,
                      "%s needs %zu file descriptors, %zu are free: raise the limit with ulimit -n (now %zu)",
                      what, count, left, s_limit ());
}
