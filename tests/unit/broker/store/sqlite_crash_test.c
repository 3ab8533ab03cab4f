//  sqlite_crash_test.c - the process is killed, or the power fails, at every write and sync of a
//  run in turn; then at each of them the disk fails
//
//  The run makes a store, appends batches one by one and in bursts, drops, lets the write-ahead log
//  be copied, closes and opens again. What it was told to be durable goes through a pipe to the
//  test, which opens what is left and compares. CRASH_EVERY=N: only every Nth of them.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/store/row.h"
#include "tests/lib/fakes/shim_vfs.h"
#include "tests/lib/rigs/store_rig.h"

#define BATCHES 30
#define OPERATIONS_MAX 2000

//  What the run told.
typedef struct told {
    uint32_t appended;          //  The last batch given to the store
    uint32_t durable;           //  The last batch that was durable
    uint32_t dropping;          //  Batches below this may be gone
    uint32_t dropped;           //  Batches below this are gone
    uint32_t boots;             //  Openings that were complete
    uint64_t seq [BATCHES + 1]; //  Of each batch
} told_t;

static size_t s_size (uint32_t number)
{
    static const size_t sizes [] = {20, 3000, 70, 9000, 300};
    return number == 17 ? ROW_CONTENT_BYTES + 5 : sizes [number % (sizeof sizes / sizeof *sizes)];
}

static void s_tell (int fd, const told_t *told)
{
    if (fd >= 0 && write (fd, told, sizeof *told) != sizeof *told)
        _exit (1);
}

//  Every seventh batch drops those that are more than five behind. What the store may do is told
//  before it can.
static void s_append (store_rig_t *rig, told_t *told, uint32_t number, int fd)
{
    store_append_t with = {0};
    if (number % 7 == 0) {
        told->dropping = number - 5;
        with.drop_before = told->seq [told->dropping];
    }
    told->appended = number;
    s_tell (fd, told);
    told->seq [number] = store_rig_append (rig, number, s_size (number), &with);
}

static cadre_error_t s_wait (store_rig_t *rig, told_t *told, int fd)
{
    s_tell (fd, told);
    cadre_error_t error = store_rig_wait (rig, told->seq [told->appended]);
    if (error)
        return error;
    told->durable = told->appended;
    told->dropped = told->dropping;
    s_tell (fd, told);
    return CADRE_OK;
}

static cadre_error_t s_open (store_rig_t *rig, told_t *told, int fd)
{
    cadre_error_t error = store_rig_open (rig);
    if (error)
        return error;
    told->boots++;
    s_tell (fd, told);
    return CADRE_OK;
}

static cadre_error_t s_burst (store_rig_t *rig, told_t *told, uint32_t first, uint32_t last, int fd)
{
    for (uint32_t number = first; number <= last; number++)
        s_append (rig, told, number, fd);
    return s_wait (rig, told, fd);
}

//  The whole run; ends early with an error.
static cadre_error_t s_run (store_rig_t *rig, told_t *told, int fd)
{
    cadre_error_t error = s_open (rig, told, fd);
    for (uint32_t number = 1; !error && number <= 12; number++)
        error = s_burst (rig, told, number, number, fd);
    if (!error)
        error = s_burst (rig, told, 13, 20, fd);
    if (!error)
        error = store_close (&rig->store, &rig->fault);
    if (!error)
        error = s_open (rig, told, fd);
    if (!error)
        error = s_burst (rig, told, 21, BATCHES, fd);
    cadre_error_t end = store_close (&rig->store, error ? NULL : &rig->fault);
    return error ? error : end;
}

//  Nothing here needs a disk, and there are thousands of runs.
static void s_begin (store_rig_t *rig)
{
    store_rig_begin_in (rig, access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    rig->wal_bytes = 60000;
    rig->vfs = SHIM_VFS;
}

//  What is left is the script from some batch on to some other, with nothing missing that was
//  durable and nothing there that was dropped.
static void s_compare (store_rig_t *rig, const told_t *told, unsigned point)
{
    shim_vfs_install (&(shim_plan_t){0});
    if (store_rig_open (rig))
        fail_msg ("at %u: %s", point, rig->fault.text);
    uint32_t first = rig->seen_count ? rig->seen [0].number : 1;
    uint32_t last = rig->seen_count ? rig->seen [rig->seen_count - 1].number : 0;
    if (last < told->durable || first > (told->dropping ? told->dropping : 1)
        || first < told->dropped)
        fail_msg ("at %u: %u to %u are there; %u was durable, %u dropped", point, first, last,
                  told->durable, told->dropping);
    for (size_t i = 0; i < rig->seen_count; i++) {
        const seen_t *seen = &rig->seen [i];
        assert_int_equal (seen->number, first + i);
        assert_int_equal (seen->size, s_size (seen->number));
        assert_true (!told->seq [seen->number] || told->seq [seen->number] == seen->seq);
    }
    assert_true (store_boots (rig->store) > told->boots);
    assert_int_equal (store_rig_wait (rig, store_rig_append (rig, 99, 10, NULL)), CADRE_OK);
}

static void s_child (store_rig_t *rig, const shim_plan_t *plan, int fd)
{
    told_t told = {0};
    shim_vfs_install (plan);
    _exit (s_run (rig, &told, fd) ? 1 : 0);
}

//  False when the run came to its end before the point.
static bool s_crash (const shim_plan_t *plan)
{
    store_rig_t rig;
    told_t told = {0}, last = {0};
    int ends [2], status = 0;
    s_begin (&rig);
    assert_int_equal (pipe (ends), 0);
    pid_t pid = fork ();
    if (pid == 0)
        s_child (&rig, plan, ends [1]);
    close (ends [1]);
    while (read (ends [0], &told, sizeof told) == sizeof told)
        last = told;
    close (ends [0]);
    assert_int_equal (waitpid (pid, &status, 0), pid);
    assert_true (WIFEXITED (status));
    assert_true (WEXITSTATUS (status) == 0 || WEXITSTATUS (status) == SHIM_EXIT);
    s_compare (&rig, &last, plan->die_at);
    store_rig_end (&rig);
    return WEXITSTATUS (status) == SHIM_EXIT;
}

static unsigned s_step (void)
{
    const char *every = getenv ("CRASH_EVERY");
    return every ? (unsigned) strtoul (every, NULL, 10) : 1;
}

static void s_crash_everywhere (bool power, unsigned some)
{
    unsigned point = 1;
    while (s_crash (
        &(shim_plan_t){.die_at = point, .power = power, .some = some ? some + point : 0})) {
        point += s_step ();
        assert_true (point < OPERATIONS_MAX);
    }
    print_message ("up to point %u\n", point - 1);
    assert_true (point > 100);
}

static void test_a_kill_at_every_write_and_sync (void **state)
{
    (void) state;
    s_crash_everywhere (false, 0);
}

static void test_power_lost_at_every_write_and_sync (void **state)
{
    (void) state;
    s_crash_everywhere (true, 0);
}

static void test_power_lost_and_some_writes_not (void **state)
{
    (void) state;
    s_crash_everywhere (true, 1);
}

//  After the failure nothing more is written, nothing more becomes durable, and the text names the
//  store. True when there was a failure.
static bool s_fail (const shim_plan_t *plan)
{
    store_rig_t rig;
    told_t told = {0};
    s_begin (&rig);
    shim_vfs_install (plan);
    cadre_error_t error = s_run (&rig, &told, -1);
    if (error) {
        assert_int_equal (error, CADRE_ERROR_IO);
        assert_int_equal (rig.fault.code, CADRE_ERROR_IO);
        assert_non_null (strstr (rig.fault.text, rig.path));
        if (!strstr (rig.fault.text,
                     plan->fails_with == SQLITE_FULL ? "make room" : "check the disk"))
            fail_msg ("at %u: %s", plan->fail_at, rig.fault.text);
    }
    bool reached = shim_vfs_count () >= plan->fail_at;
    s_compare (&rig, &told, plan->fail_at);
    store_rig_end (&rig);
    return reached;
}

static void s_fail_everywhere (unsigned only, int rc)
{
    unsigned point = 1;
    while (s_fail (&(shim_plan_t){.fail_at = point, .fails_with = rc, .only = only})) {
        point += s_step ();
        assert_true (point < OPERATIONS_MAX);
    }
    print_message ("up to point %u\n", point - 1);
    assert_true (point > 20);
}

static void test_every_write_fails_in_turn (void **state)
{
    (void) state;
    s_fail_everywhere (SHIM_WRITE, SQLITE_IOERR_WRITE);
}

static void test_the_disk_is_full_at_every_write_in_turn (void **state)
{
    (void) state;
    s_fail_everywhere (SHIM_WRITE, SQLITE_FULL);
}

static void test_every_fsync_fails_in_turn (void **state)
{
    (void) state;
    s_fail_everywhere (SHIM_SYNC, SQLITE_IOERR_FSYNC);
}

static void test_nothing_is_tried_again (void **state)
{
    (void) state;
    store_rig_t rig;
    s_begin (&rig);
    shim_vfs_install (&(shim_plan_t){0});
    store_rig_open (&rig);
    uint64_t first = store_rig_append (&rig, 1, 10, NULL);
    assert_int_equal (store_rig_wait (&rig, first), CADRE_OK);
    store_turn (rig.store, NULL);
    shim_vfs_arm (
        &(shim_plan_t){.fail_at = 1, .fails_with = SQLITE_IOERR_FSYNC, .only = SHIM_SYNC});
    uint64_t second = store_rig_append (&rig, 2, 10, NULL);
    assert_int_equal (store_rig_wait (&rig, second), CADRE_ERROR_IO);
    shim_vfs_arm (&(shim_plan_t){0});
    for (uint32_t i = 3; i < 10; i++)
        store_rig_append (&rig, i, 1000, NULL);
    assert_int_equal (store_turn (rig.store, NULL), CADRE_ERROR_IO);
    assert_int_equal (store_durable (rig.store), first);
    assert_int_equal (store_close (&rig.store, NULL), CADRE_ERROR_IO);
    assert_int_equal (shim_vfs_count (), 0);
    store_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_kill_at_every_write_and_sync),
        cmocka_unit_test (test_power_lost_at_every_write_and_sync),
        cmocka_unit_test (test_power_lost_and_some_writes_not),
        cmocka_unit_test (test_every_write_fails_in_turn),
        cmocka_unit_test (test_the_disk_is_full_at_every_write_in_turn),
        cmocka_unit_test (test_every_fsync_fails_in_turn),
        cmocka_unit_test (test_nothing_is_tried_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
