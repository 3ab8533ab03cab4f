//  tunnel.c - see tunnel.h

#include "client/cli/hosts/tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/hosts/deploy_record.h"
#include "client/cli/hosts/ssh.h"
#include "client/cli/output/text.h"
#include "common/descriptors.h"

#define NAP_MS 20
#define STOP_MS 3000
#define RETRY_LEAST_S 1
#define RETRY_MOST_S 30
#define STEADY_S 60 //  an ssh that ran for so long has not failed at once

typedef struct keeper {
    const tunnel_options_t *options; //  as given
    const hostlist_host_t *host;     //  the host
    int file;                        //  locked
    int signals;                     //  signalfd for the request to end
    unsigned port;                   //  port on the host; 0: unknown
    char why [TUNNEL_WHY_BYTES];     //  first relevant line of ssh's stderr
} keeper_t;

static void s_nap (void)
{
    nanosleep (&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
}

static cadre_error_t s_tunnel_path (const char *deployment, const hostlist_host_t *host, char *path,
                                    size_t size, fault_t *fault)
{
    if (deploy_record_folder (path, size, true, fault) != CADRE_OK)
        return fault->code;
    size_t used = strlen (path);
    int printed = snprintf (path + used, size - used, "/%s.%s.tunnel", deployment, host->name);
    return printed > 0 && (size_t) printed < size - used
               ? CADRE_OK
               : fault_set (fault, CADRE_ERROR_IO, "the path of the tunnel's file is too long");
}

//  ==== the process =============================================================

//  Writes "PID PORT WHY".
static void s_tunnel_write (const keeper_t *self)
{
    char line [TUNNEL_WHY_BYTES + 64];
    int size = snprintf (line, sizeof line, "%d %u %s\n", (int) getpid (), self->port, self->why);
    if (ftruncate (self->file, 0) != 0 || pwrite (self->file, line, (size_t) size, 0) != size)
        _exit (1);
}

static void s_on_line (keeper_t *self, const char *line)
{
    unsigned port;
    if (sscanf (line, "Allocated port %u for remote forward", &port) == 1 && self->port == 0) {
        self->port = port;
        s_tunnel_write (self);
    } else if (*line && strncmp (line, "Warning: ", 9) != 0 && self->why [0] == '\0')
        snprintf (self->why, sizeof self->why, "%s", line);
}

//  Reads ssh's stderr to its end; false when this process must end.
static bool s_listen (keeper_t *self, ssh_t *child)
{
    text_t line = {0};
    char block [1024];
    struct pollfd polls [] = {{.fd = self->signals, .events = POLLIN},
                              {.fd = child->err, .events = POLLIN}};
    ssize_t got = 1;
    while (got != 0 && (poll (polls, 2, -1) >= 0 || errno == EINTR) && !polls [0].revents) {
        got = read (child->err, block, sizeof block);
        for (ssize_t i = 0; i < got; i++)
            if (block [i] == '\n') {
                text_add (&line, "", 0);
                s_on_line (self, line.bytes);
                text_clear (&line);
            } else if (line.size < TUNNEL_WHY_BYTES && block [i] != '\r')
                text_add (&line, &block [i], 1);
    }
    text_free (&line);
    return got == 0;
}

//  The remote command ends with its stdin, so ssh ends when this process dies.
static bool s_tunnel_hold (keeper_t *self)
{
    ssh_t child;
    fault_t fault = {0};
    const ssh_options_t options = {.ssh = self->options->ssh,
                                   .command = "cat >/dev/null",
                                   .open = self->options->open,
                                   .port = self->port};
    self->why [0] = '\0';
    if (ssh_start (&child, &options, self->host, &fault) != CADRE_OK)
        return false;
    bool more = s_listen (self, &child);
    ssh_end (&child, SIGTERM);
    return more;
}

static bool s_rest (const keeper_t *self, int seconds)
{
    struct pollfd asked = {.fd = self->signals, .events = POLLIN};
    return poll (&asked, 1, seconds * 1000) == 0;
}

//  Restarts ssh. A tunnel that has never been up is given up; the reason is in the file.
static void s_tunnel_keep (keeper_t *self)
{
    int retry_s = RETRY_LEAST_S;
    for (;;) {
        time_t began = time (NULL);
        bool more = s_tunnel_hold (self);
        if (!more || self->port == 0)
            return;
        if (time (NULL) - began >= STEADY_S)
            retry_s = RETRY_LEAST_S;
        if (!s_rest (self, retry_s))
            return;
        retry_s = retry_s * 2 < RETRY_MOST_S ? retry_s * 2 : RETRY_MOST_S;
    }
}

static void s_become (keeper_t *self)
{
    sigset_t set;
    setsid ();
    int null = descriptors_null ();
    for (int i = 0; i < 3; i++)
        dup2 (null, i);
    if (chdir ("/") != 0)
        _exit (1);
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigprocmask (SIG_SETMASK, &set, NULL);
    self->signals = signalfd (-1, &set, SFD_CLOEXEC);
    s_tunnel_write (self);
    s_tunnel_keep (self);
    self->port = 0;
    s_tunnel_write (self);
    _exit (0);
}

//  ==== the command =============================================================

cadre_error_t tunnel_start (const tunnel_options_t *options, const hostlist_host_t *host,
                            fault_t *fault)
{
    char path [DEPLOY_RECORD_PATH_BYTES];
    keeper_t keeper = {.options = options, .host = host};
    if (s_tunnel_path (options->deployment, host, path, sizeof path, fault) != CADRE_OK)
        return fault->code;
    keeper.file = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (keeper.file < 0)
        return fault_set (fault, CADRE_ERROR_IO, "cannot write %s: %s", path, strerror (errno));
    if (flock (keeper.file, LOCK_EX | LOCK_NB) != 0) { //  it is running already
        close (keeper.file);
        return CADRE_OK;
    }
    fflush (NULL);
    pid_t pid = ftruncate (keeper.file, 0) == 0 ? fork () : -1;
    if (pid == 0)
        s_become (&keeper);
    if (pid < 0)
        fault_set (fault, CADRE_ERROR_IO, "no process for the tunnel: %s", strerror (errno));
    close (keeper.file);
    return pid < 0 ? fault->code : CADRE_OK;
}

//  Reads the file; false if it is not locked.
static bool s_tunnel_read (const char *path, int *pid, unsigned *port, char why [TUNNEL_WHY_BYTES])
{
    char line [TUNNEL_WHY_BYTES + 64] = "";
    int used = 0;
    *pid = 0;
    *port = 0;
    int file = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return false;
    const bool held = flock (file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (read (file, line, sizeof line - 1) > 0
        && sscanf (line, "%d %u %n", pid, port, &used) == 2) {
        line [strcspn (line, "\n")] = '\0';
        snprintf (why, TUNNEL_WHY_BYTES, "%.*s", TUNNEL_WHY_BYTES - 1, line + used);
    }
    close (file);
    return held;
}

tunnel_state_t tunnel_look (const char *deployment, const hostlist_host_t *host, unsigned *port,
                            char why [TUNNEL_WHY_BYTES])
{
    char path [DEPLOY_RECORD_PATH_BYTES];
    int pid;
    *port = 0;
    why [0] = '\0';
    if (s_tunnel_path (deployment, host, path, sizeof path, NULL) != CADRE_OK
        || !s_tunnel_read (path, &pid, port, why))
        return TUNNEL_NONE;
    return *port ? TUNNEL_STANDS : TUNNEL_COMING;
}

void tunnel_stop (const char *deployment, const hostlist_host_t *host)
{
    char path [DEPLOY_RECORD_PATH_BYTES], why [TUNNEL_WHY_BYTES];
    int pid;
    unsigned port;
    if (s_tunnel_path (deployment, host, path, sizeof path, NULL) != CADRE_OK
        || access (path, F_OK) != 0)
        return;
    int64_t left_ms = STOP_MS;
    for (bool told = false; s_tunnel_read (path, &pid, &port, why) && left_ms > 0;
         left_ms -= NAP_MS) {
        if (!told && pid > 1)
            told = kill (pid, SIGTERM) == 0;
        s_nap ();
    }
    unlink (path);
}
