//  private.c - hides variables and memory of a process from tasks and other programs

#include "common/private.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

bool private_variable (const char *entry)
{
    static const char *const names [] = {"CADRE_ACCESS", "CADRE_BROKER",       "CADRE_HEALTH",
                                         "CADRE_KEYS",   "CADRE_PROXY",        "CADRE_SERVE",
                                         "CADRE_STORE",  "CADRE_WORKER_ACCESS"};
    size_t size = strcspn (entry, "=");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen (names [i]) == size && strncmp (names [i], entry, size) == 0)
            return true;
    return false;
}

void private_process (void)
{
    prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
}

char *private_hide (char *text)
{
    char *copy = strdup (text);
    assert (copy);
    explicit_bzero (text, strlen (text));
    return copy;
}
