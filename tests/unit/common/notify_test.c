//  notify_test.c - what a supervisor hears: on a real datagram socket, by a clock of the test's own

#include "common/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/health.h"
#include "tests/lib/fakes/fake_clock.h"

typedef struct bench {
    char folder [32];     // everything is in there
    char file [64];       // health
    int fd;               // what systemd would listen at
    fake_clock_t fake;    // what time it is
    clock_source_t clock; // the same, as notify takes it
    timers_t *timers;     // of a loop
    notify_t *notify;     // what is tested
    unsigned described;   // calls of s_describe
} bench_t;

static void s_listen (bench_t *self, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen (name);
    memcpy (address.sun_path, name, size);
    if (*name == '@')
        address.sun_path [0] = 0;
    self->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t length = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + size);
    assert_int_equal (bind (self->fd, (const struct sockaddr *) &address, length), 0);
    setenv ("NOTIFY_SOCKET", name, 1);
}

static void s_expect (const bench_t *self, const char *message)
{
    char got [1024] = "";
    ssize_t size = recv (self->fd, got, sizeof got - 1, 0);
    assert_true (size > 0);
    assert_string_equal (got, message);
}

static void s_expect_nothing (const bench_t *self)
{
    char got [1024] = "";
    ssize_t size = recv (self->fd, got, sizeof got - 1, 0);
    if (size >= 0)
        print_message ("unexpected: %s\n", got);
    assert_true (size < 0);
}

static void s_pass_ms (bench_t *self, int64_t ms)
{
    fake_clock_pass_ms (&self->fake, ms);
    timers_run (self->timers, self->fake.now_us);
}

static void s_describe (void *owner)
{
    bench_t *self = owner;
    self->described++;
    notify_ready (self->notify);
    notify_status (self->notify, "described");
}

static int s_setup (void **state)
{
    static bench_t bench;
    bench =
        (bench_t){.folder = "/tmp/cadre-notify-XXXXXX", .fd = -1, .fake = {.now_us = 1000000000}};
    if (!mkdtemp (bench.folder))
        return -1;
    snprintf (bench.file, sizeof bench.file, "%s/health", bench.folder);
    bench.clock = fake_clock_of (&bench.fake);
    bench.timers = timers_new ();
    unsetenv ("NOTIFY_SOCKET");
    unsetenv ("WATCHDOG_USEC");
    unsetenv ("WATCHDOG_PID");
    *state = &bench;
    return 0;
}

static int s_teardown (void **state)
{
    bench_t *self = *state;
    char path [64];
    notify_destroy (&self->notify);
    timers_destroy (&self->timers);
    if (self->fd >= 0)
        close (self->fd);
    snprintf (path, sizeof path, "%s/socket", self->folder);
    unlink (path);
    return rmdir (self->folder);
}

static void s_listen_at_path (bench_t *self)
{
    char path [64];
    snprintf (path, sizeof path, "%s/socket", self->folder);
    s_listen (self, path);
}

//  ---- systemd ------------------------------------------------------------------------

static void test_nobody_listens (void **state)
{
    bench_t *self = *state;
    assert_null (notify_new (&self->clock, NULL));
    assert_null (notify_new (&self->clock, ""));
    notify_attach (NULL, self->timers, s_describe, self);
    notify_ready (NULL);
    notify_away (NULL);
    notify_status (NULL, "%d", 1);
    notify_reloading (NULL);
    notify_stopping (NULL, 1);
    notify_hand_on (NULL);
    notify_detach (NULL);
    assert_int_equal (timers_count (self->timers), 0);
}

static void test_life_of_a_service (void **state)
{
    bench_t *self = *state;
    s_listen_at_path (self);
    self->notify = notify_new (&self->clock, NULL);
    assert_non_null (self->notify);
    s_expect_nothing (self);
    notify_status (self->notify, "waits for %s", "its broker");
    s_expect (self, "STATUS=waits for its broker");
    notify_ready (self->notify);
    s_expect (self, "READY=1");
    notify_ready (self->notify);
    notify_status (self->notify, "waits for its broker");
    s_expect_nothing (self);
    notify_status (self->notify, "two\nREADY=1");
    s_expect (self, "STATUS=two");
    notify_stopping (self->notify, 30000);
    s_expect (self, "STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000");
    notify_stopping (self->notify, 0);
    notify_ready (self->notify);
    notify_away (self->notify);
    s_expect_nothing (self);
}

static void test_reload (void **state)
{
    bench_t *self = *state;
    char got [128] = "";
    s_listen_at_path (self);
    self->notify = notify_new (&self->clock, NULL);
    notify_reloading (self->notify);
    s_expect_nothing (self);
    notify_ready (self->notify);
    s_expect (self, "READY=1");
    notify_reloading (self->notify);
    assert_true (recv (self->fd, got, sizeof got - 1, 0) > 0);
    assert_int_equal (strncmp (got, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    assert_true (strtoll (got + 27, NULL, 10) > 0);
    notify_ready (self->notify);
    s_expect (self, "READY=1");
}

static void test_abstract_name (void **state)
{
    bench_t *self = *state;
    char name [64];
    snprintf (name, sizeof name, "@cadre-notify-test-%d", (int) getpid ());
    s_listen (self, name);
    self->notify = notify_new (&self->clock, NULL);
    notify_stopping (self->notify, 0);
    s_expect (self, "STOPPING=1");
}

static void test_environment_is_taken_and_handed_on (void **state)
{
    bench_t *self = *state;
    char socket [64];
    s_listen_at_path (self);
    snprintf (socket, sizeof socket, "%s", getenv ("NOTIFY_SOCKET"));
    setenv ("WATCHDOG_USEC", "4000000", 1);
    self->notify = notify_new (&self->clock, NULL);
    assert_null (getenv ("NOTIFY_SOCKET"));
    assert_null (getenv ("WATCHDOG_USEC"));
    notify_hand_on (self->notify);
    assert_string_equal (getenv ("NOTIFY_SOCKET"), socket);
    assert_string_equal (getenv ("WATCHDOG_USEC"), "4000000");
    assert_null (getenv ("WATCHDOG_PID"));
}

static void test_names_that_are_none (void **state)
{
    bench_t *self = *state;
    char name [256];
    setenv ("NOTIFY_SOCKET", "vsock:2:1", 1);
    assert_null (notify_new (&self->clock, NULL));
    memset (name, 'x', sizeof name - 1);
    name [0] = '/';
    name [sizeof name - 1] = 0;
    setenv ("NOTIFY_SOCKET", name, 1);
    assert_null (notify_new (&self->clock, NULL));
}

//  A supervisor that is gone, or does not read, holds nobody up.
static void test_nobody_reads (void **state)
{
    bench_t *self = *state;
    s_listen_at_path (self);
    self->notify = notify_new (&self->clock, NULL);
    for (int i = 0; i < 10000; i++)
        notify_status (self->notify, "%d", i);
    close (self->fd);
    self->fd = -1;
    notify_status (self->notify, "is anybody there?");
}

//  ---- the watchdog -----------------------------------------------------------------------

static void test_watchdog_at_half_time (void **state)
{
    bench_t *self = *state;
    char pid [16];
    s_listen_at_path (self);
    setenv ("WATCHDOG_USEC", "3000000", 1);
    snprintf (pid, sizeof pid, "%d", (int) getpid ());
    setenv ("WATCHDOG_PID", pid, 1);
    self->notify = notify_new (&self->clock, NULL);
    notify_attach (self->notify, self->timers, NULL, NULL);
    s_pass_ms (self, 1499);
    s_expect_nothing (self);
    s_pass_ms (self, 1);
    s_expect (self, "WATCHDOG=1");
    s_pass_ms (self, 1000);
    s_expect_nothing (self);
    s_pass_ms (self, 500);
    s_expect (self, "WATCHDOG=1");
    notify_detach (self->notify);
    s_pass_ms (self, 5000);
    s_expect_nothing (self);
}

static void test_watchdog_of_another_process (void **state)
{
    bench_t *self = *state;
    s_listen_at_path (self);
    setenv ("WATCHDOG_USEC", "3000000", 1);
    setenv ("WATCHDOG_PID", "1", 1);
    self->notify = notify_new (&self->clock, NULL);
    notify_attach (self->notify, self->timers, NULL, NULL);
    s_pass_ms (self, 10000);
    s_expect_nothing (self);
}

static void test_is_described_every_second (void **state)
{
    bench_t *self = *state;
    s_listen_at_path (self);
    self->notify = notify_new (&self->clock, NULL);
    notify_attach (self->notify, self->timers, s_describe, self);
    s_pass_ms (self, 999);
    assert_int_equal (self->described, 0);
    s_pass_ms (self, 1);
    assert_int_equal (self->described, 1);
    s_expect (self, "READY=1");
    s_expect (self, "STATUS=described");
    s_pass_ms (self, 1000);
    assert_int_equal (self->described, 2);
    s_expect_nothing (self);
}

//  ---- the file ---------------------------------------------------------------------------

static void test_file_follows (void **state)
{
    bench_t *self = *state;
    health_t health;
    self->notify = notify_new (&self->clock, self->file);
    assert_int_equal (health_read (self->file, &health, NULL), CADRE_OK);
    assert_int_equal (health.state, HEALTH_STARTING);
    assert_true (health.at_us == self->fake.now_us);
    notify_attach (self->notify, self->timers, s_describe, self);
    s_pass_ms (self, 1000);
    assert_int_equal (health_read (self->file, &health, NULL), CADRE_OK);
    assert_int_equal (health.state, HEALTH_READY);
    assert_string_equal (health.text, "described");
    assert_true (health.at_us == self->fake.now_us);
    notify_away (self->notify);
    assert_int_equal (health_read (self->file, &health, NULL), CADRE_OK);
    assert_int_equal (health.state, HEALTH_AWAY);
    notify_stopping (self->notify, 0);
    assert_int_equal (health_read (self->file, &health, NULL), CADRE_OK);
    assert_int_equal (health.state, HEALTH_STOPPING);
    notify_destroy (&self->notify);
    notify_destroy (&self->notify);
    assert_int_equal (health_read (self->file, &health, NULL), CADRE_ERROR_NOT_FOUND);
}

static void test_file_that_cannot_be_written (void **state)
{
    bench_t *self = *state;
    self->notify = notify_new (&self->clock, "/proc/no/such/folder");
    assert_non_null (self->notify);
    notify_attach (self->notify, self->timers, s_describe, self);
    s_pass_ms (self, 1000);
    assert_int_equal (self->described, 1);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_setup_teardown (test_nobody_listens, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_life_of_a_service, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_reload, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_abstract_name, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_environment_is_taken_and_handed_on, s_setup,
                                         s_teardown),
        cmocka_unit_test_setup_teardown (test_names_that_are_none, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_nobody_reads, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_watchdog_at_half_time, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_watchdog_of_another_process, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_is_described_every_second, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_file_follows, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_file_that_cannot_be_written, s_setup, s_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
