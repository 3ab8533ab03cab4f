//  pgroup.c - queries a group's leader, or, when that has ended, searches its members in /proc

#include "worker/shared/pgroup.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STAT_BYTES 512

//  Group and session of a process, which follow its name: "pid (name) state parent group session".
static bool s_pgroup_read (const char *pid, int *group, int *session)
{
    char path [64], text [STAT_BYTES];
    snprintf (path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read (fd, text, sizeof text - 1);
    if (fd >= 0)
        close (fd);
    if (size <= 0)
        return false;
    text [size] = 0;
    const char *after = strrchr (text, ')');
    return after && sscanf (after, ") %*c %*d %d %d", group, session) == 2;
}

static bool s_pgroup_search (pid_t wanted, pid_t leader)
{
    DIR *folder = opendir ("/proc");
    const struct dirent *entry;
    bool found = false;
    while (folder && !found && (entry = readdir (folder))) {
        int group, session;
        found = isdigit ((unsigned char) entry->d_name [0])
                && s_pgroup_read (entry->d_name, &group, &session) && group == wanted
                && session == leader;
    }
    if (folder)
        closedir (folder);
    return found;
}

bool pgroup_is_of (pid_t group, pid_t leader)
{
    if (group <= 1 || leader <= 1 || group == leader)
        return false;
    pid_t session = getsid (group);
    return session == leader || (session < 0 && s_pgroup_search (group, leader));
}
