//  slot_process.c - the slot as a process: descriptors, signals, children

#include "worker/slot/slot.h"
#include "worker/slots/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOT_FD 3
#define SLOT_SHARE_FD 4
#define SLOT_EXIT_USAGE 64
#define SLOT_STACK_BYTES (64u * 1024u)

//  For the signal handlers, which have no argument.
static slot_memory_t *s_share;
static pid_t s_self;

//  Records the signal that kills the slot; the handler is used once, and the signal comes again
//  when it returns. A child of a task records nothing.
static void s_on_fatal (int number)
{
    if (getpid () == s_self)
        atomic_store (&s_share->page.fatal_signal, number);
    raise (number);
}

//  The worker has ended, or terminates this slot: kills the group of its command. A task may have
//  overwritten the number, so only a group of our own session is killed. If its leader has ended,
//  the worker does it.
static void s_on_terminate (int number)
{
    int32_t group = atomic_load (&s_share->page.process_group);
    if (group > 1 && getpid () == s_self && getsid (group) == s_self)
        kill (-group, SIGKILL);
    s_on_fatal (number);
}

static void s_default_actions (void)
{
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction (number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            sigaction (number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    }
    sigset_t none;
    sigemptyset (&none);
    sigprocmask (SIG_SETMASK, &none, NULL);
}

static void s_catch_signals (void)
{
    static const int fatal [] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    static char bytes [SLOT_STACK_BYTES];
    stack_t stack = {.ss_sp = bytes, .ss_size = sizeof bytes};
    sigaltstack (&stack, NULL);
    struct sigaction action = {.sa_handler = s_on_fatal,
                               .sa_flags = SA_ONSTACK | (int) SA_RESETHAND | SA_NODEFER};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        sigaction (fatal [i], &action, NULL);
    action.sa_handler = s_on_terminate;
    sigaction (SIGTERM, &action, NULL);
}

static bool s_is_slot (void)
{
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt (SLOT_FD, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

int slot_process_serve (const cadre_function_t *functions)
{
    unsetenv ("CADRE_SERVE");
    s_self = getpid ();
    s_share = s_is_slot () ? slot_memory_map (SLOT_SHARE_FD) : NULL;
    if (!s_share) {
        fprintf (stderr,
                 "cadre-slot: this is started by cadre-worker, not by hand: start cadre-worker\n");
        return SLOT_EXIT_USAGE;
    }
    fcntl (SLOT_FD, F_SETFD, FD_CLOEXEC);
    fcntl (SLOT_SHARE_FD, F_SETFD, FD_CLOEXEC);
    s_default_actions ();
    s_catch_signals ();
    prctl (PR_SET_CHILD_SUBREAPER, 1);
    prctl (PR_SET_PDEATHSIG, SIGTERM);
    oom_volunteer ();
    const slot_serve_options_t options = {.functions = functions};
    return slot_serve (SLOT_FD, s_share, &options);
}
