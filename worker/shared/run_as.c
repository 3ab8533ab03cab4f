//  run_as.c - runs the tasks of a worker with root rights as another user

#include "worker/shared/run_as.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/pack.h"
#include "common/wire.h"

//  The C library's functions change all threads of a process; the system calls change only the
//  calling thread. If there are two variants, the newer one takes IDs of 32 bits.
#ifdef SYS_setresuid32
#define SET_GROUPS SYS_setgroups32
#define SET_GID SYS_setresgid32
#define SET_UID SYS_setresuid32
#else
#define SET_GROUPS SYS_setgroups
#define SET_GID SYS_setresgid
#define SET_UID SYS_setresuid
#endif

//  ---- change of user --------------------------------------------------------------------

//  The saved user ID stays root's, so the thread can change back. Programs that it executes do not
//  get that: exec sets their saved ID to the user's.
static long s_put_on (const run_as_t *self)
{
    long failed = prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    failed = failed ? failed : syscall (SET_GROUPS, self->groups_count, self->groups);
    failed = failed ? failed : syscall (SET_GID, self->gid, self->gid, self->gid);
    return failed ? failed : syscall (SET_UID, self->uid, self->uid, 0);
}

//  A thread that cannot change back must not continue.
static void s_take_off (const run_as_t *self)
{
    long failed = syscall (SET_UID, 0, 0, 0);
    failed = failed ? failed : syscall (SET_GID, self->own_gid, self->own_gid, self->own_gid);
    failed = failed ? failed : syscall (SET_GROUPS, self->own_groups_count, self->own_groups);
    assert (!failed);
}

void run_as_put_on (const run_as_t *self)
{
    long failed = self->other ? s_put_on (self) : 0;
    assert (!failed); //  It succeeded when the user was looked up
}

void run_as_take_off (const run_as_t *self)
{
    int error = errno;
    if (self->other)
        s_take_off (self);
    errno = error;
}

//  In a container, root may lack the capabilities.
static long s_run_as_try (const run_as_t *self)
{
    long failed = s_put_on (self);
    int error = errno;
    s_take_off (self);
    errno = error;
    return failed;
}

//  ---- look-up of the user ---------------------------------------------------------------

static const struct passwd *s_look_up (const char *user)
{
    char *end = NULL;
    const struct passwd *found = getpwnam (user);
    unsigned long number = strtoul (user, &end, 10);
    return found || !*user || *end ? found : getpwuid ((uid_t) number);
}

static void s_set_variables (run_as_t *self, const struct passwd *found)
{
    const char *const names [RUN_AS_VARIABLES] = {"HOME", "USER", "LOGNAME", "SHELL"};
    const char *const values [RUN_AS_VARIABLES] = {found->pw_dir, found->pw_name, found->pw_name,
                                                   found->pw_shell};
    for (size_t i = 0; i < RUN_AS_VARIABLES; i++)
        snprintf (self->variables [i], RUN_AS_PATH_BYTES, "%s=%s", names [i],
                  values [i] ? values [i] : "");
}

cadre_error_t run_as_find (run_as_t *self, const char *user, fault_t *fault)
{
    *self = (run_as_t){.other = false};
    const struct passwd *found = s_look_up (user);
    if (!found)
        return fault_set (
            fault, CADRE_ERROR_CONFIGURATION,
            "there is no user %s here to run tasks as: name one of this machine with --run-as",
            user);
    if (found->pw_uid == geteuid ())
        return CADRE_OK;
    if (geteuid () != 0)
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "only root can run tasks as %s: start the worker as root, or as that user and without --run-as",
            user);
    snprintf (self->name, sizeof self->name, "%s", found->pw_name);
    self->uid = found->pw_uid;
    self->gid = found->pw_gid;
    s_set_variables (self, found);
    self->groups_count = RUN_AS_GROUPS_MAX;
    self->own_gid = getegid ();
    self->own_groups_count = getgroups (RUN_AS_GROUPS_MAX, self->own_groups);
    if (self->own_groups_count < 0
        || getgrouplist (self->name, self->gid, self->groups, &self->groups_count) < 0)
        return fault_set (fault, CADRE_ERROR_CONFIGURATION,
                          "user %s, or root, is in more than %d groups: name another one", user,
                          RUN_AS_GROUPS_MAX);
    if (s_run_as_try (self))
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "this root may not run tasks as %s: %s; give the worker the capabilities SETUID, SETGID and "
            "KILL, or leave --run-as out",
            user, strerror (errno));
    self->other = true;
    return CADRE_OK;
}

//  ---- access ------------------------------------------------------------------------

cadre_error_t run_as_check (const run_as_t *self, const char *path, bool execute, fault_t *fault)
{
    if (!self->other)
        return CADRE_OK;
    run_as_put_on (self);
    int failed = access (path, execute ? X_OK : R_OK);
    run_as_take_off (self);
    if (!failed)
        return CADRE_OK;
    return fault_set (
        fault, CADRE_ERROR_CONFIGURATION,
        "user %s, who is to run the tasks (--run-as), cannot %s %s: %s; let others %s it, and enter its "
        "folders (chmod o+%s), or put it elsewhere",
        self->name, execute ? "execute" : "read", path, strerror (errno),
        execute ? "execute" : "read", execute ? "rx" : "r");
}

//  Variables of root that name its folders are replaced, too.
bool run_as_replaces (const run_as_t *self, const char *entry)
{
    if (!self->other)
        return false;
    for (size_t i = 0; i < RUN_AS_VARIABLES; i++)
        if (strncmp (entry, self->variables [i], strcspn (self->variables [i], "=") + 1) == 0)
            return true;
    return strncmp (entry, "XDG_", 4) == 0 || strncmp (entry, "MAIL=", 5) == 0;
}

//  ---- the submitter's environment ---------------------------------------------------

//  NAME=VALUE texts of a submitter: first the inherited ones, then those that it named.
typedef struct texts {
    cursor_t at;   //  Before the next one
    size_t count;  //  Number of texts
    size_t around; //  Of them, inherited
} texts_t;

static bool s_texts_of (view_t spec, texts_t *texts)
{
    cursor_t around = cursor_find (spec, "env_around");
    uint64_t number = 0;
    texts->at = cursor_find (spec, "env");
    if (!cursor_array (&texts->at, &texts->count))
        return false;
    cursor_uint (&around, &number);
    texts->around = number < texts->count ? (size_t) number : texts->count;
    return true;
}

static bool s_is_of_user (const run_as_t *self, view_t text)
{
    char name [sizeof "LOGNAME="];
    view_copy (text, name, sizeof name);
    return run_as_replaces (self, name);
}

//  Did the submitter name a variable with this name?
static bool s_is_named (const texts_t *texts, const char *variable)
{
    size_t name = strcspn (variable, "=") + 1;
    cursor_t at = texts->at;
    view_t text;
    for (size_t i = 0; i < texts->count && cursor_text (&at, &text); i++)
        if (i >= texts->around && text.size >= name && memcmp (text.data, variable, name) == 0)
            return true;
    return false;
}

//  Packs the user's variables, and those of the submitter that remain; false when one is not a
//  text.
static bool s_run_as_pack_texts (const run_as_t *self, const texts_t *texts, buffer_t *packed,
                                 size_t *count)
{
    cursor_t at = texts->at;
    for (size_t i = 0; i < RUN_AS_VARIABLES; i++)
        if (!s_is_named (texts, self->variables [i])) {
            pack_text (packed, self->variables [i]);
            ++*count;
        }
    for (size_t i = 0; i < texts->count; i++) {
        view_t text, whole = {.data = at.at};
        if (!cursor_text (&at, &text))
            return false;
        whole.size = (size_t) (at.at - whole.data);
        if (i < texts->around && s_is_of_user (self, text))
            continue;
        pack_raw (packed, whole.data, whole.size);
        ++*count;
    }
    return true;
}

static void s_pack_spec (buffer_t *dressed, view_t spec, const buffer_t *texts, size_t count)
{
    cursor_t cursor = cursor_of_view (spec);
    view_t key, value;
    size_t pairs = 0;
    cursor_map (&cursor, &pairs);
    pack_map (dressed, pairs);
    for (size_t i = 0; i < pairs && cursor_skip (&cursor, &key) && cursor_skip (&cursor, &value);
         i++) {
        cursor_t name = cursor_of_view (key);
        view_t text = {0};
        pack_raw (dressed, key.data, key.size);
        if (!cursor_text (&name, &text) || !view_is (text, "env")) {
            pack_raw (dressed, value.data, value.size);
            continue;
        }
        pack_array (dressed, count);
        pack_raw (dressed, texts->data, texts->size);
    }
}

bool run_as_dress (const run_as_t *self, view_t spec, buffer_t *dressed)
{
    texts_t texts;
    buffer_t packed = {0};
    size_t count = 0;
    if (!self->other || !s_texts_of (spec, &texts))
        return false;
    bool sound = s_run_as_pack_texts (self, &texts, &packed, &count);
    if (sound)
        s_pack_spec (dressed, spec, &packed, count);
    buffer_free (&packed);
    return sound;
}
