//  oom.c - reads oom_kill from memory.oom_control (version 1) or memory.events (version 2)

#include "worker/slots/oom.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define VOLUNTEER 500 //  Counts as half of all memory, in addition to the real size

static bool s_read_count (const char *path, uint64_t *count)
{
    char line [256];
    bool found = false;
    FILE *file = fopen (path, "re");
    if (!file)
        return false;
    while (!found && fgets (line, sizeof (line), file))
        found = sscanf (line, "oom_kill %" SCNu64, count) == 1;
    fclose (file);
    return found;
}

//  Tries the control group of a line of /proc/self/cgroup: "4:memory:/path" or "0::/path".
static bool s_oom_try (const char *root, char *line, uint64_t *count)
{
    char path [PATH_BYTES];
    line [strcspn (line, "\n")] = 0;
    char *controllers = strchr (line, ':');
    char *group = controllers ? strchr (controllers + 1, ':') : NULL;
    if (!group)
        return false;
    *group++ = 0;
    bool first = strcmp (controllers + 1, "memory") == 0;
    if (!first && controllers [1] != 0)
        return false;
    const char *folder = first ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
    const char *name = first ? "memory.oom_control" : "memory.events";
    snprintf (path, sizeof (path), "%s%s%s/%s", root, folder, group, name);
    if (s_read_count (path, count))
        return true;
    snprintf (path, sizeof (path), "%s%s/%s", root, folder,
              name); //  A container sees its own group as the root
    return s_read_count (path, count);
}

uint64_t oom_kills (const char *root)
{
    char path [PATH_BYTES], line [PATH_BYTES / 2];
    uint64_t count = 0;
    snprintf (path, sizeof (path), "%s/proc/self/cgroup", root ? root : "");
    FILE *file = fopen (path, "re");
    if (!file)
        return 0;
    while (fgets (line, sizeof (line), file))
        if (s_oom_try (root ? root : "", line, &count))
            break;
    fclose (file);
    return count;
}

void oom_start (oom_t *self, const char *root)
{
    *self = (oom_t){.root = root, .kills = oom_kills (root)};
}

bool oom_struck (oom_t *self, int64_t started_us, int64_t now_us)
{
    uint64_t kills = oom_kills (self->root);
    if (kills > self->kills)
        self->rose_us = now_us;
    self->kills = kills;
    return self->rose_us > 0 && self->rose_us >= started_us;
}

void oom_volunteer (void)
{
    char text [16] = "";
    int file = open ("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    if (file < 0)
        return;
    if (read (file, text, sizeof (text) - 1) > 0 && strtol (text, NULL, 10) < VOLUNTEER) {
        int size = snprintf (text, sizeof (text), "%d", VOLUNTEER);
        ssize_t written = write (file, text, (size_t) size);
        (void) written; //  On failure the kernel chooses by size only
    }
    close (file);
}
