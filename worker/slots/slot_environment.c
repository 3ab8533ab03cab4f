//  slot_environment.c - user, environment and working directory of process slots

#include "worker/slots/slot_environment.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/private.h"

extern char **environ;

struct slot_environment {
    const run_as_t *user; //  User of the slots
    char **variables;     //  NULL-terminated; all owned
    int folder;           //  The working directory; -1: it could not be opened
};

static char *s_slot_environment_copy (const char *text)
{
    char *copy = strdup (text);
    assert (copy);
    return copy;
}

static char **s_variables (const run_as_t *user)
{
    size_t count = 0, used = 0;
    while (environ && environ [count])
        count++;
    char **list = calloc (count + RUN_AS_VARIABLES + 2, sizeof (char *));
    assert (list);
    for (size_t i = 0; i < count; i++)
        if (!private_variable (environ [i]) && !run_as_replaces (user, environ [i]))
            list [used++] = s_slot_environment_copy (environ [i]);
    for (size_t i = 0; user->other && i < RUN_AS_VARIABLES; i++)
        list [used++] = s_slot_environment_copy (user->variables [i]);
    list [used] = s_slot_environment_copy ("CADRE_SERVE=slot");
    return list;
}

slot_environment_t *slot_environment_new (const run_as_t *user)
{
    static const run_as_t own = {.other = false};
    slot_environment_t *self = calloc (1, sizeof *self);
    assert (self);
    self->user = user ? user : &own;
    self->variables = s_variables (self->user);
    self->folder = open (".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return self;
}

void slot_environment_destroy (slot_environment_t **self_p)
{
    assert (self_p);
    slot_environment_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; self->variables [i]; i++)
        free (self->variables [i]);
    free (self->variables);
    if (self->folder >= 0)
        close (self->folder);
    free (self);
    *self_p = NULL;
}

const run_as_t *slot_environment_user (const slot_environment_t *self)
{
    return self->user;
}

char *const *slot_environment_variables (const slot_environment_t *self)
{
    return self->variables;
}

//  Another user may not be allowed to enter it by its descriptor, so this is done only if needed.
int slot_environment_folder (const slot_environment_t *self)
{
    struct stat then, now;
    if (self->folder < 0 || fstat (self->folder, &then) != 0)
        return -1;
    bool same = stat (".", &now) == 0 && now.st_dev == then.st_dev && now.st_ino == then.st_ino;
    return same ? -1 : self->folder;
}
