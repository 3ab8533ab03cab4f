//  broker_launcher.c - see broker_launcher.h

#include "client/cli/base/broker_launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/base/program.h"
#include "client/cli/output/text.h"
#include "common/address.h"
#include "common/descriptors.h"
#include "common/entropy.h"

#define PORT_LEAST                                                                                 \
    12000u //  blocks are searched below the ports that systems use for outgoing connections
#define PORT_MOST 31000u
#define PORT_TRIES 20
#define LANES 1000
#define START_MS 10000
#define STOP_MS 3000
#define NAP_MS 20
#define LOG_MOST 4096

typedef struct start {
    const broker_launcher_options_t *options; //  the order
    char path [PATH_MAX + 64];                //  of cadre-broker
    char listen [ADDRESS_ENDPOINT_BYTES * 2]; //  its addresses
    char lanes [32];                          //  lane ports, FIRST-LAST
    int log;                                  //  descriptor for its messages
    int lock;                                 //  descriptor of a daemon's lock file, or -1
} start_t;

static void s_nap (void)
{
    nanosleep (&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
}

uint16_t broker_launcher_lane_first (uint16_t port)
{
    return (uint16_t) (port + ADDRESS_LANES_OFFSET);
}

uint16_t broker_launcher_lane_last (uint16_t port)
{
    return (uint16_t) (port + ADDRESS_LANES_OFFSET + LANES - 1);
}

char *broker_launcher_doors (const char *host, uint16_t port, uint16_t first, uint16_t last)
{
    text_t doors = {0};
    const char *left = strchr (host, ':') ? "[" : "", *right = *left ? "]" : "";
    if (last == 0) {
        text_print (&doors, "%s%s%s:*", left, host, right);
        return text_take (&doors);
    }
    for (unsigned i = 0; i < 3; i++)
        text_print (&doors, "%s%s%s%s:%u", i ? " " : "", left, host, right, port + i);
    for (unsigned lane = first; lane <= last; lane++)
        text_print (&doors, " %s%s%s:%u", left, host, right, lane);
    return text_take (&doors);
}

//  ==== the child ===============================================================

//  Runs between fork and exec: only async-signal-safe calls.
static void s_become (const start_t *start, pid_t parent, char *const *argv)
{
    sigset_t none;
    struct sigaction usual = {.sa_handler = SIG_DFL};
    static const int numbers [] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    sigemptyset (&none);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction (numbers [i], &usual, NULL);
    sigprocmask (SIG_SETMASK, &none, NULL);
    setsid ();
    if (start->lock < 0) {
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        if (getppid () != parent)
            _exit (1);
    } else
        fcntl (start->lock, F_SETFD, 0);
    int null = descriptors_null ();
    dup2 (null, STDIN_FILENO);
    dup2 (null, STDOUT_FILENO);
    dup2 (start->log, STDERR_FILENO);
    if (start->lock >= 0 && chdir ("/") != 0)
        _exit (1);
    execv (start->path, argv);
    _exit (127);
}

static cadre_error_t s_fork (broker_launcher_t *self, const start_t *start, fault_t *fault)
{
    static char name [] = "cadre-broker", listen [] = "--listen", keys [] = "--keys",
                     lanes [] = "--lanes";
    char *argv [] = {name,
                     listen,
                     (char *) (uintptr_t) start->listen,
                     keys,
                     (char *) (uintptr_t) start->options->keys,
                     lanes,
                     (char *) (uintptr_t) start->lanes,
                     NULL};
    const pid_t parent = getpid ();
    self->pid = fork ();
    if (self->pid == 0)
        s_become (start, parent, argv);
    if (self->pid > 0)
        return CADRE_OK;
    self->pid = 0;
    return fault_set (fault, CADRE_ERROR_UNAVAILABLE, "no process for the broker: %s",
                      strerror (errno));
}

//  The last line that the broker logged, without its time and name.
static void s_last_words (const start_t *start, char *line, size_t size)
{
    char bytes [LOG_MOST + 1];
    ssize_t got = pread (start->log, bytes, LOG_MOST, 0);
    bytes [got > 0 ? got : 0] = '\0';
    char *rest = bytes, *last = bytes;
    for (char *next; (next = strsep (&rest, "\n"));)
        if (*next)
            last = next;
    const char *said = strstr (last, "cadre-broker: ");
    snprintf (line, size, "%.*s", (int) size - 1, said ? said + strlen ("cadre-broker: ") : last);
}

static bool s_says_ready (const start_t *start)
{
    char bytes [LOG_MOST + 1];
    ssize_t got = pread (start->log, bytes, LOG_MOST, 0);
    bytes [got > 0 ? got : 0] = '\0';
    return strstr (bytes, "cadre-broker: ready at ") != NULL;
}

//  Waits until it listens, or has ended.
static cadre_error_t s_broker_launcher_await (broker_launcher_t *self, const start_t *start,
                                              fault_t *fault)
{
    char words [FAULT_TEXT_BYTES];
    int status = 0;
    for (int waited = 0; waited < START_MS; waited += NAP_MS) {
        if (s_says_ready (start))
            return CADRE_OK;
        if (waitpid (self->pid, &status, WNOHANG) == self->pid) {
            const bool taken =
                WIFEXITED (status)
                && WEXITSTATUS (status) == cadre_error_exit_code (CADRE_ERROR_ADDRESS_IN_USE);
            self->pid = 0;
            s_last_words (start, words, sizeof words);
            return fault_set (fault, taken ? CADRE_ERROR_ADDRESS_IN_USE : CADRE_ERROR_UNAVAILABLE,
                              "the broker did not start: %s",
                              words [0] ? words : "it gave no reason");
        }
        s_nap ();
    }
    broker_launcher_end (self, NULL, 0);
    return fault_set (fault, CADRE_ERROR_TIMEOUT, "the broker does not listen after 10s; see %s",
                      start->options->log);
}

//  ==== start ===================================================================

static cadre_error_t s_open_files (start_t *start, fault_t *fault)
{
    const broker_launcher_options_t *options = start->options;
    start->log =
        open (options->log, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (start->log < 0)
        return fault_set (fault, CADRE_ERROR_IO, "cannot write %s: %s", options->log,
                          strerror (errno));
    if (!options->lock)
        return CADRE_OK;
    start->lock = open (options->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (start->lock < 0 || flock (start->lock, LOCK_EX | LOCK_NB) != 0)
        return fault_set (fault, CADRE_ERROR_IO, "cannot lock %s: %s", options->lock,
                          strerror (errno));
    return CADRE_OK;
}

static cadre_error_t s_start_at (broker_launcher_t *self, start_t *start, uint16_t port,
                                 fault_t *fault)
{
    const broker_launcher_options_t *options = start->options;
    snprintf (start->listen, sizeof start->listen, "tcp://%s:%u,ipc://%s", options->host, port,
              options->folder);
    const unsigned first = broker_launcher_lane_first (port),
                   last = broker_launcher_lane_last (port);
    snprintf (start->lanes, sizeof start->lanes, "%u-%u", first, last);
    if (ftruncate (start->log, 0) != 0)
        return fault_set (fault, CADRE_ERROR_IO, "cannot write %s: %s", options->log,
                          strerror (errno));
    self->port = port;
    cadre_error_t error = s_fork (self, start, fault);
    return error ? error : s_broker_launcher_await (self, start, fault);
}

//  Writes the daemon's process ID and port, for broker_launcher_find.
static void s_broker_launcher_sign (const broker_launcher_t *self, const start_t *start)
{
    if (start->lock >= 0 && ftruncate (start->lock, 0) == 0)
        dprintf (start->lock, "%d %u\n", (int) self->pid, self->port);
}

cadre_error_t broker_launcher_start (broker_launcher_t *self,
                                     const broker_launcher_options_t *options, fault_t *fault)
{
    start_t start = {.options = options, .log = -1, .lock = -1};
    *self = (broker_launcher_t){0};
    if (!program_find ("cadre-broker", start.path, sizeof start.path))
        return fault_set (
            fault, CADRE_ERROR_UNAVAILABLE,
            "cadre-broker is neither in the folder of cadre nor in PATH: install it, or add its folder to PATH");
    cadre_error_t error = s_open_files (&start, fault);
    if (!error && options->port)
        error = s_start_at (self, &start, options->port, fault);
    else if (!error) {
        error = CADRE_ERROR_ADDRESS_IN_USE;
        for (int i = 0; i < PORT_TRIES && error == CADRE_ERROR_ADDRESS_IN_USE; i++) {
            uint64_t random = 0;
            entropy_fill (&random, sizeof random);
            error = s_start_at (self, &start,
                                (uint16_t) (PORT_LEAST + random % (PORT_MOST - PORT_LEAST)), fault);
        }
    }
    if (!error)
        s_broker_launcher_sign (self, &start);
    if (start.log >= 0)
        close (start.log);
    if (start.lock >= 0)
        close (start.lock);
    return error;
}

//  ==== end =====================================================================

bool broker_launcher_find (broker_launcher_t *self, const char *lock)
{
    char line [64] = "";
    int pid = 0;
    unsigned port = 0;
    *self = (broker_launcher_t){0};
    int descriptor = open (lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0)
        return false;
    const bool lives = flock (descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (lives && read (descriptor, line, sizeof line - 1) > 0
        && sscanf (line, "%d %u", &pid, &port) == 2 && pid > 1)
        *self = (broker_launcher_t){.pid = pid, .port = (uint16_t) port};
    close (descriptor);
    return self->pid > 0;
}

//  Waits for the end; a daemon is not our child.
static bool s_broker_launcher_ended (broker_launcher_t *self, const char *lock, int64_t timeout_ms)
{
    for (;;) {
        broker_launcher_t now;
        const bool gone =
            lock ? !broker_launcher_find (&now, lock) : waitpid (self->pid, NULL, WNOHANG) != 0;
        if (gone) {
            self->pid = 0;
            return true;
        }
        if (timeout_ms <= 0)
            return false;
        s_nap ();
        timeout_ms -= NAP_MS;
    }
}

void broker_launcher_end (broker_launcher_t *self, const char *lock, int64_t drain_ms)
{
    if (self->pid <= 0)
        return;
    kill (self->pid, SIGTERM);
    if (s_broker_launcher_ended (self, lock, drain_ms))
        return;
    kill (self->pid, SIGTERM);
    if (s_broker_launcher_ended (self, lock, STOP_MS))
        return;
    kill (self->pid, SIGKILL);
    s_broker_launcher_ended (self, lock, STOP_MS);
}
