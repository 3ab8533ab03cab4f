//  ssh.c - see ssh.h

#include "client/cli/hosts/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/base/subcommand.h"
#include "client/cli/output/text.h"

extern char **environ;

typedef struct words {
    const char **argv; //  NULL-terminated
    text_t ssh;        //  command line for the shell, with the user's ssh command
    text_t open;       //  -o PermitRemoteOpen=…
    text_t listen;     //  port of the tunnel
    text_t port;       //  of the host
    text_t command;    //  for the login shell on the host
} words_t;

void ssh_close (int *descriptor)
{
    if (*descriptor >= 0)
        close (*descriptor);
    *descriptor = -1;
}

int ssh_end (ssh_t *self, int number)
{
    int status = 0;
    ssh_close (&self->in);
    ssh_close (&self->out);
    ssh_close (&self->err);
    if (self->pid <= 0)
        return 0;
    if (number)
        kill (-self->pid, number);
    while (waitpid (self->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    self->pid = 0;
    return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

//  ==== the command line ========================================================

static void s_add_all (words_t *words, const char *const *more)
{
    while (*more)
        subcommand_add (&words->argv, *more++);
}

//  -R without a destination is a SOCKS proxy on the host; PermitRemoteOpen limits its destinations,
//  because every user of that host can connect to its port.
static void s_add_tunnel (words_t *words, const ssh_options_t *options)
{
    static const char *const usual [] = {
        "-o", "ExitOnForwardFailure=yes", "-o", "LogLevel=INFO", "-o", NULL};
    s_add_all (words, usual);
    text_print (&words->open, "PermitRemoteOpen=%s", options->open);
    text_print (&words->listen, "127.0.0.1:%u", options->port);
    subcommand_add (&words->argv, words->open.bytes);
    subcommand_add (&words->argv, "-R");
    subcommand_add (&words->argv, words->listen.bytes);
}

static void s_add_ssh (words_t *words, const ssh_options_t *options, const hostlist_host_t *host)
{
    static const char *const usual [] = {
        "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15",
        NULL};
    text_print (&words->ssh, "exec %s \"$@\"", options->ssh);
    subcommand_add (&words->argv, words->ssh.bytes);
    subcommand_add (&words->argv, "ssh");
    s_add_all (words, usual);
    if (options->open)
        s_add_tunnel (words, options);
    if (host->port) {
        text_print (&words->port, "%u", host->port);
        subcommand_add (&words->argv, "-p");
        subcommand_add (&words->argv, words->port.bytes);
    }
    if (!options->command)
        subcommand_add (&words->argv, "-N");
    subcommand_add (&words->argv, host->target);
    if (options->command) {
        text_print (&words->command, "exec sh -c '%s'", options->command);
        subcommand_add (&words->argv, words->command.bytes);
    }
}

static void s_ssh_fill (words_t *words, const ssh_options_t *options, const hostlist_host_t *host)
{
    subcommand_add (&words->argv, "/bin/sh");
    subcommand_add (&words->argv, "-c");
    if (host->target [0])
        s_add_ssh (words, options, host);
    else
        subcommand_add (&words->argv, options->command);
}

static void s_ssh_clear (words_t *words)
{
    free (words->argv);
    text_free (&words->ssh);
    text_free (&words->open);
    text_free (&words->listen);
    text_free (&words->port);
    text_free (&words->command);
}

//  ==== the child ===============================================================

static int s_ssh_spawn (pid_t *pid, const words_t *words, const int *in, const int *out,
                        const int *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset (&none);
    sigfillset (&all);
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_adddup2 (&actions, in [0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2 (&actions, out [1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2 (&actions, err [1], STDERR_FILENO);
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setflags (&attributes,
                              POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask (&attributes, &none);
    posix_spawnattr_setsigdefault (&attributes, &all);
    int failed = posix_spawn (pid, "/bin/sh", &actions, &attributes,
                              (char *const *) (uintptr_t) words->argv, environ);
    posix_spawnattr_destroy (&attributes);
    posix_spawn_file_actions_destroy (&actions);
    return failed;
}

cadre_error_t ssh_start (ssh_t *self, const ssh_options_t *options, const hostlist_host_t *host,
                         fault_t *fault)
{
    int in [2] = {-1, -1}, out [2] = {-1, -1}, err [2] = {-1, -1};
    words_t words = {0};
    *self = SSH_NONE;
    s_ssh_fill (&words, options, host);
    int failed = 0;
    if (pipe2 (in, O_CLOEXEC) || pipe2 (out, O_CLOEXEC) || pipe2 (err, O_CLOEXEC))
        failed = errno;
    else
        failed = s_ssh_spawn (&self->pid, &words, in, out, err);
    s_ssh_clear (&words);
    ssh_close (&in [0]);
    ssh_close (&out [1]);
    ssh_close (&err [1]);
    self->in = in [1];
    self->out = out [0];
    self->err = err [0];
    if (failed) {
        self->pid = 0;
        ssh_end (self, 0);
        return fault_set (fault, CADRE_ERROR_UNAVAILABLE, "ssh cannot be started here: %s",
                          strerror (failed));
    }
    fcntl (self->in, F_SETFL, O_NONBLOCK);
    fcntl (self->out, F_SETFL, O_NONBLOCK);
    fcntl (self->err, F_SETFL, O_NONBLOCK);
    return CADRE_OK;
}
