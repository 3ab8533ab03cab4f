//  child.c - rig: a program that the test starts

#include "tests/lib/rigs/child.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_BYTES 65536

extern char **environ;

struct child {
    struct child *next;       //  All that were started and not destroyed
    pid_t pid;                //  0 once it was waited for
    int exit_code;            //  Then
    int output;               //  A memory file
    char text [OUTPUT_BYTES]; //  For child_output
};

static child_t *s_all;

//  A test that fails in the middle leaves no process.
__attribute__ ((destructor)) static void s_at_exit (void)
{
    while (s_all) {
        child_t *self = s_all;
        child_destroy (&self);
    }
}

child_t *child_start (const char *const *argv)
{
    child_t *self = calloc (1, sizeof *self);
    const char *folder = getenv ("CADRE_BUILD_DIR");
    char path [PATH_MAX];
    assert (self && folder);
    snprintf (path, sizeof path, "%s%s%s", argv [0][0] == '/' ? "" : folder,
              argv [0][0] == '/' ? "" : "/", argv [0]);
    self->output = memfd_create ("output", MFD_CLOEXEC);
    assert (self->output >= 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_adddup2 (&actions, self->output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2 (&actions, self->output, STDERR_FILENO);
    int rc =
        posix_spawn (&self->pid, path, &actions, NULL, (char *const *) (uintptr_t) argv, environ);
    posix_spawn_file_actions_destroy (&actions);
    if (rc != 0) {
        perror (path);
        abort ();
    }
    self->next = s_all;
    s_all = self;
    return self;
}

child_t *child_new (const char *name, const char *one, const char *two, const char *three)
{
    const char *argv [] = {name, one, two, three, NULL};
    return child_start (argv);
}

int child_wait (child_t *self, int timeout_ms)
{
    if (!self->pid)
        return self->exit_code;
    int fd = (int) syscall (SYS_pidfd_open, self->pid, 0);
    struct pollfd item = {.fd = fd, .events = POLLIN};
    int ready = poll (&item, 1, timeout_ms);
    close (fd);
    if (ready != 1)
        return -1;
    int status = 0;
    waitpid (self->pid, &status, 0);
    self->pid = 0;
    self->exit_code = WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
    return self->exit_code;
}

const char *child_output (child_t *self)
{
    ssize_t size = pread (self->output, self->text, sizeof self->text - 1, 0);
    self->text [size > 0 ? size : 0] = 0;
    return self->text;
}

pid_t child_pid (const child_t *self)
{
    return self->pid;
}

void child_destroy (child_t **self_p)
{
    child_t *self = *self_p;
    if (!self)
        return;
    child_t **at = &s_all;
    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    if (self->pid) {
        kill (self->pid, SIGKILL);
        child_wait (self, -1);
    }
    close (self->output);
    free (self);
    *self_p = NULL;
}
