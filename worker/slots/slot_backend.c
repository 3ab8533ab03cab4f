//  slot_backend.c - starts, watches and reaps the process or thread of a slot

#include "worker/slots/slot_backend.h"
#include "common/descriptors.h"
#include "common/libexec.h"
#include "worker/slot/slot.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET_TARGET 3
#define SHARE_TARGET 4
#define FIRST_SAFE 16 //  Descriptors are copied above this, so that dup2 never overwrites a source

struct slot_backend_box {
    _Atomic int owners;    //  Thread and worker; the last one frees it
    _Atomic bool ended;    //  The thread no longer serves
    int fd;                //  The thread's end of the socketpair; closed when it ends
    slot_memory_t *memory; //  The thread's mapping; unmapped by the last owner
    const struct cadre_function *functions; //  Of the program, or NULL
};

//  If the program has closed stderr, its number may belong to an eventfd of libzmq, which has no
//  file type.
static bool s_is_stderr (void)
{
    struct stat status;
    return fstat (STDERR_FILENO, &status) == 0 && (status.st_mode & S_IFMT) != 0;
}

static int s_actions (posix_spawn_file_actions_t *actions, int null, int folder, int fd,
                      int share_fd)
{
    int error = posix_spawn_file_actions_adddup2 (actions, null, STDIN_FILENO);
    if (!error && folder >= 0)
        error = posix_spawn_file_actions_addfchdir_np (actions, folder);
    if (!error && !s_is_stderr ())
        error = posix_spawn_file_actions_adddup2 (actions, null, STDERR_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2 (actions, STDERR_FILENO, STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2 (actions, fd, SOCKET_TARGET);
    if (!error)
        error = posix_spawn_file_actions_adddup2 (actions, share_fd, SHARE_TARGET);
    if (!error)
        error = posix_spawn_file_actions_addclosefrom_np (actions, SHARE_TARGET + 1);
    return error;
}

static int s_slot_backend_spawn (pid_t *pid, const char *path,
                                 const slot_environment_t *environment, int fd, int share_fd)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset (&none);
    sigfillset (&all);
    posix_spawn_file_actions_init (&actions);
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setsigmask (&attributes, &none);
    posix_spawnattr_setsigdefault (&attributes, &all);
    posix_spawnattr_setflags (
        &attributes, (short) (POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID));
    char *argv [] = {(char *) (uintptr_t) path, NULL};
    const char *file = libexec_present (path);
    int folder = slot_environment_folder (environment);
    int null = descriptors_null ();
    int error = null < 0 ? errno : s_actions (&actions, null, folder, fd, share_fd);
    run_as_put_on (slot_environment_user (environment));
    if (!error)
        error = posix_spawn (pid, file, &actions, &attributes, argv,
                             slot_environment_variables (environment));
    run_as_take_off (slot_environment_user (environment));
    if (null >= 0)
        close (null);
    posix_spawnattr_destroy (&attributes);
    posix_spawn_file_actions_destroy (&actions);
    return error;
}

static cadre_error_t s_spawn_fault (const char *path, int error, fault_t *fault)
{
    if (error == ENOENT || error == EACCES)
        return fault_set (
            fault, CADRE_ERROR_CONFIGURATION,
            "slots cannot be started: %s: %s; install cadre-slot there, or name its folder in "
            "CADRE_LIBEXEC",
            path, strerror (error));
    return fault_set (
        fault, CADRE_ERROR_IO,
        "a slot cannot be started from %s: %s; raise the limit that was hit, or run fewer slots",
        path, strerror (error));
}

cadre_error_t slot_backend_start_process (slot_backend_t *self, const char *path,
                                          const slot_environment_t *environment, int fd,
                                          int share_fd, fault_t *fault)
{
    *self = (slot_backend_t){.pidfd = -1};
    int high_fd = fcntl (fd, F_DUPFD_CLOEXEC, FIRST_SAFE);
    int high_share = fcntl (share_fd, F_DUPFD_CLOEXEC, FIRST_SAFE);
    int error = high_fd < 0 || high_share < 0
                    ? EMFILE
                    : s_slot_backend_spawn (&self->pid, path, environment, high_fd, high_share);
    if (high_fd >= 0)
        close (high_fd);
    if (high_share >= 0)
        close (high_share);
    if (error)
        return s_spawn_fault (path, error, fault);
    self->kind = SLOT_BACKEND_PROCESS;
    self->pidfd = pidfd_open (self->pid, 0);
    return CADRE_OK;
}

static void s_slot_backend_release (struct slot_backend_box *box)
{
    if (atomic_fetch_sub (&box->owners, 1) != 1)
        return;
    slot_memory_destroy (&box->memory);
    free (box);
}

//  Also runs when a function ends its thread.
static void s_thread_ends (void *argument)
{
    struct slot_backend_box *box = argument;
    atomic_store (&box->ended, true);
    close (box->fd);
    s_slot_backend_release (box);
}

static void *s_thread (void *argument)
{
    struct slot_backend_box *box = argument;
    struct slot_serve_options options = {.functions = box->functions, .thread = true};
    pthread_cleanup_push (s_thread_ends, box);
    slot_serve (box->fd, box->memory, &options);
    pthread_cleanup_pop (1);
    return NULL;
}

cadre_error_t slot_backend_start_thread (slot_backend_t *self,
                                         const struct cadre_function *functions, int fd,
                                         int share_fd, fault_t *fault)
{
    *self = (slot_backend_t){.pidfd = -1};
    slot_memory_t *memory = slot_memory_map (share_fd);
    if (!memory)
        return fault_set (fault, CADRE_ERROR_MEMORY,
                          "no memory to share with a slot: %s; run fewer slots", strerror (errno));
    struct slot_backend_box *box = calloc (1, sizeof (struct slot_backend_box));
    assert (box);
    atomic_init (&box->owners, 2);
    box->fd = fd;
    box->memory = memory;
    box->functions = functions;
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    int error = pthread_create (&self->thread, NULL, s_thread, box);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    if (error) {
        slot_memory_destroy (&memory);
        free (box);
        return fault_set (
            fault, CADRE_ERROR_IO,
            "a thread for a slot cannot be started: %s; run fewer slots, or raise the limit on threads",
            strerror (error));
    }
    self->box = box;
    self->kind = SLOT_BACKEND_THREAD;
    return CADRE_OK;
}

int slot_backend_descriptor (const slot_backend_t *self)
{
    return self->kind == SLOT_BACKEND_PROCESS ? self->pidfd : -1;
}

void slot_backend_signal (const slot_backend_t *self, int number)
{
    if (self->kind == SLOT_BACKEND_PROCESS && self->pidfd >= 0)
        pidfd_send_signal (self->pidfd, number, NULL, 0);
    else if (self->kind == SLOT_BACKEND_PROCESS)
        kill (self->pid, number);
    if (self->kind == SLOT_BACKEND_FAKE) {
        self->fake->last_signal = number;
        self->fake->signals++;
    }
}

static void s_gone (slot_backend_t *self)
{
    if (self->kind == SLOT_BACKEND_PROCESS && self->pidfd >= 0)
        close (self->pidfd);
    *self = (slot_backend_t){.pidfd = -1};
}

static bool s_is_gone (const slot_backend_t *self)
{
    struct pollfd item = {.fd = self->pidfd, .events = POLLIN};
    if (self->pidfd < 0)
        return kill (self->pid, 0) != 0;
    return poll (&item, 1, 0) == 1;
}

static bool s_reap_process (slot_backend_t *self, int *status)
{
    pid_t pid = waitpid (self->pid, status, WNOHANG);
    if (pid == 0 || (pid < 0 && errno == EINTR))
        return false;
    if (pid
        < 0) { //  The program ignores SIGCHLD: the kernel reaps, and only reports that it is gone
        if (!s_is_gone (self))
            return false;
        *status = SLOT_BACKEND_STATUS_UNKNOWN;
    }
    s_gone (self);
    return true;
}

static bool s_reap_thread (slot_backend_t *self, int *status)
{
    if (!atomic_load (&self->box->ended))
        return false;
    pthread_join (self->thread, NULL);
    s_slot_backend_release (self->box);
    *status = SLOT_BACKEND_STATUS_UNKNOWN;
    s_gone (self);
    return true;
}

bool slot_backend_reap (slot_backend_t *self, int *status)
{
    *status = SLOT_BACKEND_STATUS_UNKNOWN;
    switch (self->kind) {
    case SLOT_BACKEND_PROCESS: return s_reap_process (self, status);
    case SLOT_BACKEND_THREAD: return s_reap_thread (self, status);
    case SLOT_BACKEND_FAKE:
        if (!self->fake->ended)
            return false;
        *status = self->fake->status;
        s_gone (self);
        return true;
    default: return true;
    }
}

bool slot_backend_is_stopped (const slot_backend_t *self)
{
    siginfo_t info = {0};
    if (self->kind == SLOT_BACKEND_FAKE)
        return self->fake->stopped;
    return self->kind == SLOT_BACKEND_PROCESS
           && waitid (P_PID, (id_t) self->pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0
           && info.si_pid != 0;
}

bool slot_backend_wait (slot_backend_t *self, int *left_ms, int *status)
{
    while (!slot_backend_reap (self, status)) {
        if (*left_ms <= 0)
            return false;
        poll (NULL, 0, 1);
        --*left_ms;
    }
    return true;
}

void slot_backend_leave (slot_backend_t *self)
{
    if (self->kind == SLOT_BACKEND_THREAD) {
        pthread_detach (self->thread);
        s_slot_backend_release (self->box);
    }
    s_gone (self);
}
