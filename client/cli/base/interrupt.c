//  interrupt.c - see interrupt.h

#include "client/cli/base/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "client/cli/output/say.h"

static volatile sig_atomic_t s_count; //  signals received

static void s_on_signal (int number)
{
    (void) number;
    s_count = s_count + 1;
    if (s_count > 1)
        _exit (SAY_EXIT_INTERRUPTED);
}

void interrupt_watch (void)
{
    struct sigaction action = {.sa_handler = s_on_signal, .sa_flags = SA_RESTART};
    sigemptyset (&action.sa_mask);
    struct sigaction before;
    static const int numbers [] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction (numbers [i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction (numbers [i], &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction (SIGPIPE, &action, NULL);
}

bool interrupt_asked (void)
{
    return s_count > 0;
}
