//  libexec.c - see libexec.h

#include "common/libexec.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/auxv.h>

#define OWN_LINK "/proc/self/exe"
#define REMOVED " (deleted)" //  The link's target ends like this when the file is gone

const char *libexec_own (char *path)
{
    ssize_t length = readlink (OWN_LINK, path, LIBEXEC_PATH_BYTES - 1);
    path [length > 0 ? length : 0] = '\0';
    //  The path by which it was started: relative to a folder that may no longer be the current one
    const char *started = (const char *) (uintptr_t) getauxval (AT_EXECFN); //  NOLINT
    char *real = length > 0 || !started ? NULL : realpath (started, NULL);
    if (real)
        snprintf (path, LIBEXEC_PATH_BYTES, "%s", real);
    free (real);
    return path;
}

//  Below valgrind, and for a debugger that follows children, the link leads to another program.
const char *libexec_again (char *path)
{
    libexec_own (path);
    if (access (path, X_OK) != 0 && access (OWN_LINK, X_OK) == 0)
        snprintf (path, LIBEXEC_PATH_BYTES, "%s", OWN_LINK);
    return path;
}

const char *libexec_present (const char *program)
{
    char own [LIBEXEC_PATH_BYTES];
    libexec_own (own);
    const size_t length = strlen (program);
    return strncmp (own, program, length) == 0 && strcmp (own + length, REMOVED) == 0 ? OWN_LINK
                                                                                      : program;
}

//  The file that contains this code: the library, or the program.
static void s_library (char *path)
{
    Dl_info info;
    static const char here;
    char *real = dladdr (&here, &info) && info.dli_fname ? realpath (info.dli_fname, NULL) : NULL;
    snprintf (path, LIBEXEC_PATH_BYTES, "%s", real ? real : "");
    free (real);
}

//  Tries BELOW the folder of FILE.
static bool s_libexec_try (const char *file, const char *below, const char *name, char *path)
{
    const char *slash = strrchr (file, '/');
    if (!slash)
        return false;
    int length =
        snprintf (path, LIBEXEC_PATH_BYTES, "%.*s/%s%s", (int) (slash - file), file, below, name);
    return length > 0 && length < LIBEXEC_PATH_BYTES && access (path, X_OK) == 0;
}

static bool s_try_named (const char *name, char *path)
{
    const char *named = getenv ("CADRE_LIBEXEC");
    if (!named || !*named)
        return false;
    int length = snprintf (path, LIBEXEC_PATH_BYTES, "%s/%s", named, name);
    return length > 0 && length < LIBEXEC_PATH_BYTES && access (path, X_OK) == 0;
}

bool libexec_find (const char *name, char *path)
{
    char own [LIBEXEC_PATH_BYTES], library [LIBEXEC_PATH_BYTES];
    if (s_try_named (name, path))
        return true;
    libexec_own (own);
    if (s_libexec_try (own, "", name, path) || s_libexec_try (own, "../libexec/cadre/", name, path))
        return true;
    s_library (library);
    if (s_libexec_try (library, "../libexec/cadre/", name, path)
        || s_libexec_try (library, "../../libexec/cadre/", name, path)
        || s_libexec_try (library, "../bin/", name, path))
        return true;
    snprintf (path, LIBEXEC_PATH_BYTES, "%s/%s", CADRE_LIBEXECDIR, name);
    return access (path, X_OK) == 0;
}
