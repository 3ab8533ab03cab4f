//  supervised_test.c - broker and worker as services of systemd: what they say at NOTIFY_SOCKET
//  from start to end, and what their tasks see of it

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rigs/child.h"

#define WAIT_NOTICE_S 50
#define WATCHDOG_USEC "600000"

typedef struct supervisor {
    char folder [40];    // everything is in there
    char broker [64];    // address
    char health [64];    // file of the worker
    int fd;              // NOTIFY_SOCKET
    child_t *brokerd;    // cadre-broker
    child_t *worker;     // cadre-worker
    char message [1024]; // what was heard last
} supervisor_t;

static void s_listen (supervisor_t *self)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = WAIT_NOTICE_S};
    snprintf (address.sun_path, sizeof address.sun_path, "%s/notify", self->folder);
    self->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true (self->fd >= 0);
    assert_int_equal (bind (self->fd, (const struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal (setsockopt (self->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience),
                      0);
}

static int s_setup (void **state)
{
    static supervisor_t supervisor;
    supervisor = (supervisor_t){.folder = "/tmp/cadre-supervised-XXXXXX"};
    if (!mkdtemp (supervisor.folder))
        return -1;
    snprintf (supervisor.broker, sizeof supervisor.broker, "ipc://%s/broker", supervisor.folder);
    snprintf (supervisor.health, sizeof supervisor.health, "%s/health", supervisor.folder);
    s_listen (&supervisor);
    *state = &supervisor;
    return 0;
}

static int s_teardown (void **state)
{
    supervisor_t *self = *state;
    char command [80];
    child_destroy (&self->worker);
    child_destroy (&self->brokerd);
    close (self->fd);
    snprintf (command, sizeof command, "rm -rf %s", self->folder);
    return system (command);
}

//  Started as systemd would.
static child_t *s_start (const supervisor_t *self, const char *const *argv, bool told)
{
    char name [64];
    snprintf (name, sizeof name, "%s/notify", self->folder);
    if (told) {
        setenv ("NOTIFY_SOCKET", name, 1);
        setenv ("WATCHDOG_USEC", WATCHDOG_USEC, 1);
    }
    child_t *child = child_start (argv);
    unsetenv ("NOTIFY_SOCKET");
    unsetenv ("WATCHDOG_USEC");
    return child;
}

static void s_start_broker (supervisor_t *self, bool told)
{
    const char *argv [] = {"bin/cadre-broker", "--listen", self->broker, "--beat", "200ms",
                           "--lost",           "1s",       NULL};
    self->brokerd = s_start (self, argv, told);
}

static void s_start_worker (supervisor_t *self)
{
    const char *argv [] = {"bin/cadre-worker", "--broker", self->broker, "--slots",    "1",
                           "--drain-timeout",  "20s",      "--health",   self->health, NULL};
    self->worker = s_start (self, argv, true);
}

//  The next message that begins so. Others are passed over, but never this one: UNWANTED.
static const char *s_hear (supervisor_t *self, const char *wanted, const char *unwanted)
{
    for (;;) {
        memset (self->message, 0, sizeof self->message);
        ssize_t size = recv (self->fd, self->message, sizeof self->message - 1, 0);
        if (size < 0)
            fail_msg ("'%s' was never said", wanted);
        if (strncmp (self->message, wanted, strlen (wanted)) == 0)
            return self->message;
        if (unwanted && strncmp (self->message, unwanted, strlen (unwanted)) == 0)
            fail_msg ("'%s' came before '%s'", self->message, wanted);
    }
}

//  Until nothing is waiting.
static void s_drop_all (supervisor_t *self)
{
    while (recv (self->fd, self->message, sizeof self->message, MSG_DONTWAIT) >= 0)
        continue;
}

static void test_broker (void **state)
{
    supervisor_t *self = *state;
    s_start_broker (self, true);
    s_hear (self, "STATUS=serves; 0 workers, 0 clients, 0 jobs", "READY=1");
    s_hear (self, "READY=1", NULL);
    s_hear (self, "WATCHDOG=1", NULL);
    s_hear (self, "WATCHDOG=1", "READY=1");
    kill (child_pid (self->brokerd), SIGTERM);
    s_hear (self, "STOPPING=1", NULL);
    assert_int_equal (child_wait (self->brokerd, WAIT_NOTICE_S * 1000), 0);
}

//  systemctl reload waits from RELOADING=1 to READY=1, also when there is nothing to read.
static void test_reload (void **state)
{
    supervisor_t *self = *state;
    s_start_broker (self, true);
    s_hear (self, "READY=1", NULL);
    kill (child_pid (self->brokerd), SIGHUP);
    s_hear (self, "RELOADING=1\nMONOTONIC_USEC=", "READY=1");
    s_hear (self, "READY=1", NULL);
}

//  Ready is a worker that has a broker; without one it lives, and says what it waits for.
static void test_worker (void **state)
{
    supervisor_t *self = *state;
    s_start_worker (self);
    s_hear (self, "STATUS=reconnecting to the broker at ipc://", "READY=1");
    s_hear (self, "WATCHDOG=1", "READY=1");
    s_start_broker (self, false);
    s_hear (self, "STATUS=registered with ipc://", "READY=1");
    assert_non_null (strstr (self->message, "; 0 of 1 slots run"));
    s_hear (self, "READY=1", NULL);
    child_destroy (&self->brokerd);
    s_hear (self, "STATUS=reconnecting to the broker at", "READY=1");
    s_start_broker (self, false);
    s_hear (self, "STATUS=registered with ipc://", "READY=1");
    kill (child_pid (self->worker), SIGTERM);
    s_hear (self, "STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000", NULL);
    assert_int_equal (child_wait (self->worker, WAIT_NOTICE_S * 1000), 0);
    assert_int_not_equal (access (self->health, F_OK), 0);
}

//  Who does not turn does not say that he lives: the watchdog of systemd finds him.
static void test_stopped_process_is_silent (void **state)
{
    supervisor_t *self = *state;
    s_start_broker (self, false);
    s_start_worker (self);
    s_hear (self, "READY=1", NULL);
    kill (child_pid (self->worker), SIGSTOP);
    s_drop_all (self);
    usleep (700000);
    assert_true (recv (self->fd, self->message, sizeof self->message, MSG_DONTWAIT) < 0);
    kill (child_pid (self->worker), SIGCONT);
    s_hear (self, "WATCHDOG=1", "READY=1");
}

//  A task does not speak in the service's name: neither it nor its slot knows of the socket.
static void test_tasks_do_not_see_it (void **state)
{
    supervisor_t *self = *state;
    const char *argv [] = {"bin/cadre",
                           "run",
                           "--broker",
                           self->broker,
                           "env; tr '\\0' '\\n' </proc/$PPID/environ; : {}",
                           ":::",
                           "1",
                           NULL};
    s_start_broker (self, false);
    s_start_worker (self);
    s_hear (self, "READY=1", NULL);
    child_t *command = child_start (argv);
    assert_int_equal (child_wait (command, WAIT_NOTICE_S * 1000), 0);
    assert_non_null (strstr (child_output (command), "CADRE_TASK="));
    assert_non_null (strstr (child_output (command), "CADRE_SERVE=slot"));
    assert_null (strstr (child_output (command), "NOTIFY_SOCKET"));
    assert_null (strstr (child_output (command), "WATCHDOG_USEC"));
    child_destroy (&command);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_setup_teardown (test_broker, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_reload, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_worker, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_stopped_process_is_silent, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_tasks_do_not_see_it, s_setup, s_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
