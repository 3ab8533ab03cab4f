//  cpus.c - CPUs and memory that the process may use

#include "common/cpus.h"

#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_LIMIT UINT64_MAX
#define PATH_BYTES 4096
#define CPUS_MAX 65536

//  Reads the limit in one folder of a control group; NO_LIMIT if there is none.
typedef uint64_t limit_fn (const char *folder);

typedef struct group {
    char mount [PATH_BYTES];  //  mount point of the hierarchy
    char base [PATH_BYTES];   //  the mounted group: not "/" inside some containers
    char folder [PATH_BYTES]; //  the group of this process
} group_t;

//  Reads the first line of FOLDER/NAME; false if there is none.
static bool s_cpus_read (const char *folder, const char *name, char *line, size_t size)
{
    char path [PATH_BYTES + 64];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen (path, "re");
    if (!file)
        return false;
    bool read = fgets (line, (int) size, file) != NULL;
    fclose (file);
    return read;
}

//  Is WORD one of the words in LIST, which are separated by commas?
static bool s_listed (const char *list, const char *word)
{
    size_t size = strlen (word);
    for (const char *next = list; *next; next += strcspn (next, ","), next += *next == ',')
        if (strcspn (next, ",\n") == size && strncmp (next, word, size) == 0)
            return true;
    return false;
}

//  Calls TAKE with each line of ROOT/NAME until it returns true.
static bool s_each_line (const char *root, const char *name,
                         bool (*take) (char *, const char *, group_t *), const char *controller,
                         group_t *group)
{
    char path [PATH_BYTES];
    snprintf (path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen (path, "re");
    char *line = NULL;
    size_t size = 0;
    bool taken = false;
    while (file && !taken && getline (&line, &size, file) > 0)
        taken = take (line, controller, group);
    free (line);
    if (file)
        fclose (file);
    return taken;
}

//  36 31 0:33 /root /mount opts - cgroup source rw,memory
static bool s_take_mount (char *line, const char *controller, group_t *group)
{
    char type [64], options [512];
    const char *rest = strstr (line, " - ");
    if (!rest || sscanf (rest + 3, "%63s %*s %511s", type, options) != 2)
        return false;
    if (strcmp (type, controller ? "cgroup" : "cgroup2") != 0
        || (controller && !s_listed (options, controller)))
        return false;
    return sscanf (line, "%*s %*s %*s %4095s %4095s", group->base, group->mount) == 2;
}

//  4:memory:/path, or 0::/path for version 2
static bool s_take_path (char *line, const char *controller, group_t *group)
{
    char *list = strchr (line, ':');
    char *path = list ? strchr (list + 1, ':') : NULL;
    if (!path)
        return false;
    *path++ = 0;
    if (controller ? !s_listed (list + 1, controller) : list [1] != 0)
        return false;
    snprintf (group->folder, sizeof group->folder, "%.*s", (int) strcspn (path, "\n"), path);
    return true;
}

//  The path of the group below the mount: "" at the mount itself, which is also the best guess when
//  the path is outside of it.
static const char *s_below (const group_t *group)
{
    size_t size = strcmp (group->base, "/") == 0 ? 0 : strlen (group->base);
    const char *below = group->folder + size;
    bool inside = strncmp (group->folder, group->base, size) == 0 && (*below == '/' || *below == 0);
    return inside && strncmp (below, "/..", 3) != 0 && strcmp (below, "/") != 0 ? below : "";
}

//  The minimum of the limits of our group and its parents. CONTROLLER is NULL for version 2.
static uint64_t s_smallest (const char *root, const char *controller, limit_fn *limit)
{
    group_t group;
    if (!s_each_line (root, "proc/self/mountinfo", s_take_mount, controller, &group)
        || !s_each_line (root, "proc/self/cgroup", s_take_path, controller, &group))
        return NO_LIMIT;
    char folder [3 * PATH_BYTES];
    int top = snprintf (folder, sizeof folder, "%s%s", root, group.mount);
    snprintf (folder + top, sizeof folder - (size_t) top, "%s", s_below (&group));
    uint64_t smallest = NO_LIMIT;
    for (;;) {
        uint64_t found = limit (folder);
        smallest = found < smallest ? found : smallest;
        char *slash = strrchr (folder + top, '/');
        if (!slash)
            return smallest;
        *slash = 0;
    }
}

static uint64_t s_rounded_up (int64_t quota, int64_t period)
{
    if (quota <= 0 || period <= 0)
        return NO_LIMIT;
    return (uint64_t) (quota / period + (quota % period != 0));
}

static uint64_t s_cpus_v1 (const char *folder)
{
    char quota [64], period [64];
    if (!s_cpus_read (folder, "cpu.cfs_quota_us", quota, sizeof quota)
        || !s_cpus_read (folder, "cpu.cfs_period_us", period, sizeof period))
        return NO_LIMIT;
    return s_rounded_up (strtoll (quota, NULL, 10), strtoll (period, NULL, 10));
}

static uint64_t s_cpus_v2 (const char *folder)
{
    char line [64];
    int64_t quota = 0, period = 100000;
    if (!s_cpus_read (folder, "cpu.max", line, sizeof line)
        || sscanf (line, "%" SCNd64 " %" SCNd64, &quota, &period) < 1)
        return NO_LIMIT;
    return s_rounded_up (quota, period);
}

static uint64_t s_cpus_bytes (const char *folder, const char *name)
{
    char line [64], *end;
    if (!s_cpus_read (folder, name, line, sizeof line))
        return NO_LIMIT;
    uint64_t bytes = strtoull (line, &end, 10);
    return end == line ? NO_LIMIT : bytes;
}

static uint64_t s_memory_v1 (const char *folder)
{
    return s_cpus_bytes (folder, "memory.limit_in_bytes");
}

static uint64_t s_memory_v2 (const char *folder)
{
    return s_cpus_bytes (folder, "memory.max");
}

static uint64_t s_either (const char *root, const char *controller, limit_fn *v1, limit_fn *v2)
{
    uint64_t old = s_smallest (root, controller, v1);
    uint64_t new = s_smallest (root, NULL, v2);
    return old < new ? old : new;
}

int cpus_quota (const char *root)
{
    uint64_t cpus = s_either (root ? root : "", "cpu", s_cpus_v1, s_cpus_v2);
    if (cpus == NO_LIMIT)
        return 0;
    return cpus < CPUS_MAX ? (int) cpus : CPUS_MAX;
}

//  Enlarges the mask until it holds all CPUs of the kernel.
static int s_affinity (void)
{
    for (int known = 1024; known <= CPUS_MAX; known *= 2) {
        cpu_set_t *mask = CPU_ALLOC ((size_t) known);
        size_t size = CPU_ALLOC_SIZE ((size_t) known);
        if (!mask)
            break;
        int count = sched_getaffinity (0, size, mask) == 0 ? CPU_COUNT_S (size, mask) : 0;
        CPU_FREE (mask);
        if (count > 0)
            return count;
    }
    long online = sysconf (_SC_NPROCESSORS_ONLN);
    return online > 0 && online <= CPUS_MAX ? (int) online : 1;
}

int cpus_usable (const char *root)
{
    int cpus = s_affinity ();
    int quota = cpus_quota (root);
    return quota > 0 && quota < cpus ? quota : cpus;
}

static uint64_t s_physical (const char *root)
{
    char path [PATH_BYTES], line [128];
    uint64_t kilobytes;
    snprintf (path, sizeof path, "%s/proc", root);
    if (!s_cpus_read (path, "meminfo", line, sizeof line)
        || sscanf (line, "MemTotal: %" SCNu64, &kilobytes) != 1)
        return NO_LIMIT;
    return kilobytes * 1024;
}

uint64_t cpus_memory_bytes (const char *root)
{
    root = root ? root : "";
    uint64_t physical = s_physical (root);
    uint64_t limit = s_either (root, "memory", s_memory_v1, s_memory_v2);
    uint64_t smaller = physical < limit ? physical : limit;
    return smaller == NO_LIMIT ? 0 : smaller;
}
