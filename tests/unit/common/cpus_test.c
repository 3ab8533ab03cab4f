//  cpus_test.c - quotas and limits of control groups, from trees of files in the forms that hosts
//  and containers show

#include "common/cpus.h"

#include <errno.h>
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define V1_MOUNTS                                                                                  \
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"                                   \
    "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"                 \
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu\n"                \
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
#define V2_MOUNT "24 23 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"

static char s_root [64];

//  Writes a file below the root, and the folders on the way.
static void s_file (const char *path, const char *text)
{
    char full [512];
    int length = snprintf (full, sizeof full, "%s/%s", s_root, path);
    assert_true (length > 0 && (size_t) length < sizeof full);
    for (char *slash = strchr (full + 1, '/'); slash; slash = strchr (slash + 1, '/')) {
        *slash = 0;
        assert_true (mkdir (full, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen (full, "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
}

static int s_remove (const char *path, const struct stat *facts, int type, struct FTW *place)
{
    (void) facts, (void) type, (void) place;
    return remove (path);
}

static int s_setup (void **state)
{
    (void) state;
    snprintf (s_root, sizeof s_root, "/tmp/cadre-cpus-XXXXXX");
    return mkdtemp (s_root) ? 0 : -1;
}

static int s_teardown (void **state)
{
    (void) state;
    return nftw (s_root, s_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_nothing_to_read (void **state)
{
    (void) state;
    assert_int_equal (cpus_quota (s_root), 0);
    assert_true (cpus_usable (s_root) >= 1);
    assert_true (cpus_memory_bytes (s_root) == 0);
}

static void test_this_machine (void **state)
{
    (void) state;
    int cpus = cpus_usable (NULL);
    assert_true (cpus >= 1 && cpus <= sysconf (_SC_NPROCESSORS_CONF));
    assert_true (cpus_memory_bytes (NULL) > 1024 * 1024);
}

static void test_affinity (void **state)
{
    (void) state;
    cpu_set_t before, one;
    assert_int_equal (sched_getaffinity (0, sizeof before, &before), 0);
    CPU_ZERO (&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT (&one) == 0; cpu++)
        if (CPU_ISSET (cpu, &before))
            CPU_SET (cpu, &one);
    assert_int_equal (sched_setaffinity (0, sizeof one, &one), 0);
    assert_int_equal (cpus_usable (s_root), 1);
    assert_int_equal (sched_setaffinity (0, sizeof before, &before), 0);
    assert_int_equal (cpus_usable (s_root), CPU_COUNT (&before));
}

static void test_v2_quota_is_rounded_up (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        int quota;
    } rows [] = {{"max 100000\n", 0},
                 {"150000 100000\n", 2},
                 {"200000 100000\n", 2},
                 {"1000 100000\n", 1},
                 {"250000\n", 3},
                 {"rubbish\n", 0},
                 {"", 0},
                 {"100000 0\n", 0}};
    s_file ("proc/self/mountinfo", V2_MOUNT);
    s_file ("proc/self/cgroup", "0::/a\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        s_file ("sys/fs/cgroup/a/cpu.max", rows [i].text);
        assert_int_equal (cpus_quota (s_root), rows [i].quota);
    }
    s_file ("sys/fs/cgroup/a/cpu.max", "1000 100000\n");
    assert_int_equal (cpus_usable (s_root), 1);
}

static void test_v2_smallest_on_the_way_up (void **state)
{
    (void) state;
    s_file ("proc/self/mountinfo", V2_MOUNT);
    s_file ("proc/self/cgroup", "0::/user.slice/job/step\n");
    s_file ("proc/meminfo", "MemTotal:        8000000 kB\nMemFree: 1 kB\n");
    s_file ("sys/fs/cgroup/user.slice/job/step/cpu.max", "max 100000\n");
    s_file ("sys/fs/cgroup/user.slice/job/cpu.max", "300000 100000\n");
    s_file ("sys/fs/cgroup/user.slice/cpu.max", "800000 100000\n");
    s_file ("sys/fs/cgroup/user.slice/job/step/memory.max", "max\n");
    assert_int_equal (cpus_quota (s_root), 3);
    assert_true (cpus_memory_bytes (s_root) == UINT64_C (8000000) * 1024);
    s_file ("sys/fs/cgroup/user.slice/memory.max", "1073741824\n");
    assert_true (cpus_memory_bytes (s_root) == 1073741824);
}

static void test_v1 (void **state)
{
    (void) state;
    s_file ("proc/self/mountinfo", V1_MOUNTS);
    s_file ("proc/self/cgroup", "4:memory:/m/n\n3:cpuset:/\n2:cpuacct:/wrong\n1:cpu:/c\n0::/\n");
    s_file ("proc/meminfo", "MemTotal: 4096 kB\n");
    s_file ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    s_file ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    s_file ("sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "120000\n");
    assert_int_equal (cpus_quota (s_root), 0);
    s_file ("sys/fs/cgroup/cpu/c/cpu.cfs_period_us", "50000\n");
    assert_int_equal (cpus_quota (s_root), 3);
    s_file ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    assert_true (cpus_memory_bytes (s_root) == 4096 * 1024);
    s_file ("sys/fs/cgroup/memory/m/memory.limit_in_bytes", "1048576\n");
    assert_true (cpus_memory_bytes (s_root) == 1048576);
}

static void test_v1_controllers_that_share_a_mount (void **state)
{
    (void) state;
    s_file ("proc/self/mountinfo",
            "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
    s_file ("proc/self/cgroup", "1:cpu,cpuacct:/c\n");
    s_file ("sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us", "400000\n");
    s_file ("sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n");
    assert_int_equal (cpus_quota (s_root), 4);
}

//  A container without a namespace for control groups sees its own group as the mount, and the
//  host's path
static void test_container_with_the_paths_of_the_host (void **state)
{
    (void) state;
    s_file ("proc/self/mountinfo",
            "24 23 0:22 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    s_file ("sys/fs/cgroup/cpu.max", "500000 100000\n");
    s_file ("sys/fs/cgroup/inner/cpu.max", "200000 100000\n");
    static const struct {
        const char *path;
        int quota;
    } rows [] = {{"0::/docker/abc\n", 5},
                 {"0::/docker/abc/inner\n", 2},
                 {"0::/docker/abcdef/inner\n", 5},
                 {"0::/\n", 5},
                 {"0::/elsewhere\n", 5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        s_file ("proc/self/cgroup", rows [i].path);
        assert_int_equal (cpus_quota (s_root), rows [i].quota);
    }
}

static void test_path_that_leaves_the_namespace (void **state)
{
    (void) state;
    s_file ("proc/self/mountinfo", V2_MOUNT);
    s_file ("proc/self/cgroup", "0::/../../other\n");
    s_file ("sys/fs/cgroup/cpu.max", "500000 100000\n");
    assert_int_equal (cpus_quota (s_root), 5);
}

static void test_rubbish (void **state)
{
    (void) state;
    s_file ("proc/self/mountinfo", "\n - \n - cgroup2\nx - cgroup2 y rw\n\n");
    s_file ("proc/self/cgroup", "\n:\n::\n0\n0:\n");
    s_file ("proc/meminfo", "MemTotal: many\n");
    assert_int_equal (cpus_quota (s_root), 0);
    assert_true (cpus_memory_bytes (s_root) == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_nothing_to_read),
        TEST (test_this_machine),
        TEST (test_affinity),
        TEST (test_v2_quota_is_rounded_up),
        TEST (test_v2_smallest_on_the_way_up),
        TEST (test_v1),
        TEST (test_v1_controllers_that_share_a_mount),
        TEST (test_container_with_the_paths_of_the_host),
        TEST (test_path_that_leaves_the_namespace),
        TEST (test_rubbish),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
