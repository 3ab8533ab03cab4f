//  spawner.c - clone with shared memory, like posix_spawn

#include "worker/runner/spawner.h"

#include "common/buffer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

//  ThreadSanitizer treats every clone as a fork, after which no thread may be started: bypass it.
#if defined(__SANITIZE_THREAD__)
extern int __clone (int (*start) (void *), void *stack, int flags, void *argument, ...);
#define SPAWN_CLONE __clone
#else
#define SPAWN_CLONE clone
#endif

#define SPAWN_STACK_BYTES (64u * 1024u)
#define SPAWN_PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"
#define SPAWN_SIGNALS 64
#define SPAWN_MASK_BYTES 8u

//  The child shares our memory and never returns. So sanitizers must not instrument it, and it
//  calls the kernel directly for exec and exit, whose wrappers would leave the sanitizers' state
//  inconsistent.
#if defined(__clang__)
#define SPAWN_CHILD                                                                                \
    __attribute__ ((noinline, no_sanitize ("address", "thread", "undefined"), no_stack_protector))
#else
#define SPAWN_CHILD                                                                                \
    __attribute__ ((noinline, no_sanitize_address, no_sanitize_thread, no_sanitize_undefined))
#endif

struct spawner {
    void *stack;       //  Stack of the child until exec
    buffer_t found;    //  Cache of the last search: name, path list, and file, each NUL-terminated
    buffer_t paths;    //  Files to try, each NUL-terminated
    buffer_t fallback; //  argv for a script without an interpreter line
};

typedef struct birth {
    const spawn_t *spawn; //  The order
    const char *paths;    //  Files to try, each NUL-terminated
    size_t paths_bytes;   //  Size of all of them
    char **script;        //  "sh", file, arguments
    spawn_stage_t stage;  //  The child's report: the current step
    int error;            //  errno of that step
    bool failed;          //  That step failed, and the child has ended
    const char *path;     //  The file tried last
} birth_t;

spawner_t *spawner_new (void)
{
    spawner_t *self = calloc (1, sizeof *self);
    assert (self);
    self->stack = mmap (NULL, SPAWN_STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    assert (self->stack != MAP_FAILED);
    return self;
}

void spawner_destroy (spawner_t **self_p)
{
    assert (self_p);
    if (!*self_p)
        return;
    munmap ((*self_p)->stack, SPAWN_STACK_BYTES);
    buffer_free (&(*self_p)->found);
    buffer_free (&(*self_p)->paths);
    buffer_free (&(*self_p)->fallback);
    free (*self_p);
    *self_p = NULL;
}

//  ---- search for the program ------------------------------------------------------

static const char *s_path_list (char *const *env)
{
    for (; *env; env++)
        if (strncmp (*env, "PATH=", 5) == 0)
            return *env + 5;
    return SPAWN_PATH_DEFAULT;
}

static void s_add_path (buffer_t *paths, const char *folder, size_t size, const char *name)
{
    if (size) {
        buffer_append (paths, folder, size);
        buffer_append (paths, "/", 1);
    }
    buffer_append (paths, name, strlen (name) + 1);
}

static void s_spawner_search (spawner_t *self, const char *name, const char *list)
{
    buffer_clear (&self->paths);
    if (strchr (name, '/') || !*name) {
        s_add_path (&self->paths, NULL, 0, name);
        return;
    }
    while (true) {
        size_t size = strcspn (list, ":");
        s_add_path (&self->paths, size ? list : ".", size ? size : 1, name);
        if (!list [size])
            return;
        list += size + 1;
    }
}

static bool s_is_found (const spawner_t *self, const char *name, const char *list)
{
    const char *found = (const char *) self->found.data;
    return self->found.size && strcmp (found, name) == 0
           && strcmp (found + strlen (found) + 1, list) == 0;
}

static void s_remember (spawner_t *self, const char *name, const char *list, const char *path)
{
    buffer_clear (&self->found);
    buffer_append (&self->found, name, strlen (name) + 1);
    buffer_append (&self->found, list, strlen (list) + 1);
    buffer_append (&self->found, path, strlen (path) + 1);
}

//  ---- the child ----------------------------------------------------------------------

//  A zeroed action is SIG_DFL on every machine. Calls the kernel directly, because the state in the
//  C library (or a sanitizer) is the parent's. Exec resets handlers by itself; but a signal before
//  exec must not run our handler in the shared memory.
SPAWN_CHILD static void s_default_signals (bool all)
{
    char zeroes [64] = {0};
    for (int number = 1; number <= SPAWN_SIGNALS; number++)
        if (number == SIGTERM || number == SIGPIPE
            || (all && number != SIGKILL && number != SIGSTOP))
            syscall (SYS_rt_sigaction, number, zeroes, NULL, SPAWN_MASK_BYTES);
    syscall (SYS_rt_sigprocmask, SIG_SETMASK, zeroes, NULL, SPAWN_MASK_BYTES);
}

SPAWN_CHILD static void s_execute (birth_t *birth)
{
    const spawn_t *spawn = birth->spawn;
    const char *end = birth->paths + birth->paths_bytes;
    birth->error = ENOENT;
    for (const char *path = birth->paths; path < end; path += strlen (path) + 1) {
        birth->path = path;
        syscall (SYS_execve, path, spawn->argv, spawn->env);
        if (errno == ENOEXEC) {
            birth->script [1] = (char *) (uintptr_t) path;
            syscall (SYS_execve, "/bin/sh", birth->script, spawn->env);
        }
        if (errno != ENOENT && errno != ENOTDIR)
            birth->error = errno;
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
            return;
    }
}

SPAWN_CHILD static int s_child (void *argument)
{
    birth_t *birth = argument;
    const spawn_t *spawn = birth->spawn;
    setpgid (0, 0);
    if (spawn->group)
        atomic_store (spawn->group, (int32_t) syscall (SYS_getpid));
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    if (spawn->in >= 0)
        dup2 (spawn->in, STDIN_FILENO);
    if (spawn->out >= 0)
        dup2 (spawn->out, STDOUT_FILENO);
    if (spawn->err >= 0)
        dup2 (spawn->err, STDERR_FILENO);
    birth->stage = SPAWN_DIRECTORY;
    birth->error = 0;
    if (spawn->directory && chdir (spawn->directory) != 0) {
        birth->error = errno;
    } else {
        s_default_signals (spawn->all_signals);
        birth->stage = SPAWN_PROGRAM;
        s_execute (birth);
    }
    birth->failed = true;
    syscall (SYS_exit_group, 127);
    return 127;
}

//  ---- the parent -----------------------------------------------------------------------

static char **s_script (spawner_t *self, char *const *argv)
{
    buffer_clear (&self->fallback);
    const char *const shell [] = {"sh", ""};
    buffer_append (&self->fallback, shell, sizeof shell);
    for (size_t i = 1; argv [0] && argv [i]; i++)
        buffer_append (&self->fallback, &argv [i], sizeof argv [i]);
    buffer_append (&self->fallback, &(const char *){NULL}, sizeof (char *));
    return (char **) (void *) self->fallback.data;
}

static spawned_t s_clone (spawner_t *self, birth_t *birth)
{
    sigset_t all, before;
    sigfillset (&all);
    int pidfd = -1;
    pthread_sigmask (SIG_SETMASK, &all, &before);
    char *top = (char *) self->stack + SPAWN_STACK_BYTES;
    pid_t pid =
        SPAWN_CLONE (s_child, top, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, birth, &pidfd);
    int error = errno;
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    if (pid < 0)
        return (spawned_t){.pid = -1, .pidfd = -1, .stage = SPAWN_PROCESS, .error = error};
    return (spawned_t){.pid = pid, .pidfd = pidfd, .stage = SPAWN_RUNS};
}

static spawned_t s_spawner_try (spawner_t *self, birth_t *birth)
{
    birth->failed = false;
    spawned_t child = s_clone (self, birth);
    if (child.stage != SPAWN_RUNS || !birth->failed)
        return child;
    while (waitpid (child.pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close (child.pidfd);
    if (birth->spawn->group)
        atomic_store (birth->spawn->group, 0);
    return (spawned_t){.pid = -1, .pidfd = -1, .stage = birth->stage, .error = birth->error};
}

spawned_t spawner_start (spawner_t *self, const spawn_t *spawn)
{
    const char *name = spawn->argv [0] ? spawn->argv [0] : "";
    const char *list = s_path_list (spawn->env);
    birth_t birth = {.spawn = spawn, .script = s_script (self, spawn->argv)};
    if (s_is_found (self, name, list)) {
        birth.paths = (const char *) self->found.data + strlen (name) + 1 + strlen (list) + 1;
        birth.paths_bytes = strlen (birth.paths) + 1;
        spawned_t child = s_spawner_try (self, &birth);
        if (child.stage != SPAWN_PROGRAM)
            return child;
    }
    s_spawner_search (self, name, list);
    birth.paths = (const char *) self->paths.data;
    birth.paths_bytes = self->paths.size;
    spawned_t child = s_spawner_try (self, &birth);
    if (child.stage == SPAWN_RUNS && !strchr (name, '/'))
        s_remember (self, name, list, birth.path);
    return child;
}

//  ---- descriptors --------------------------------------------------------------------------

void spawner_close (int *fd)
{
    if (*fd >= 0)
        close (*fd);
    *fd = -1;
}

//  In a program that closed its standard descriptors, pipes would get their numbers.
static bool s_spawner_raise (int *fd)
{
    if (*fd > STDERR_FILENO)
        return true;
    int raised = fcntl (*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (raised < 0)
        return false;
    close (*fd);
    *fd = raised;
    return true;
}

bool spawner_pipe (int ends [2])
{
    if (pipe2 (ends, O_CLOEXEC) != 0) {
        ends [0] = ends [1] = -1;
        return false;
    }
    if (s_spawner_raise (&ends [0]) && s_spawner_raise (&ends [1]))
        return true;
    int error = errno;
    spawner_close (&ends [0]);
    spawner_close (&ends [1]);
    errno = error;
    return false;
}
