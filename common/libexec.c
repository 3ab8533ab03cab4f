//  libexec.c - see libexec.h

#include "common/libexec.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/auxv.h>

const char *libexec_own (char *path)
{
    ssize_t length = readlink ("/proc/self/exe", path, LIBEXEC_PATH_BYTES - 1);
    path [length > 0 ? length : 0] = '\0';
    //  The path by which it was started: relative to a folder that may no longer be the current one
    const char *started = (const char *) (uintptr_t) getauxval (AT_EXECFN); //  NOLINT
    char *real = length > 0 || !started ? NULL : realpath (started, NULL);
    if (real)
        snprintf (path, LIBEXEC_PATH_BYTES, "%s", real);
    free (real);
    return path;
}

const char *libexec_again (char *path)
{
    if (access ("/proc/self/exe", X_OK) != 0)
        return libexec_own (path);
    snprintf (path, LIBEXEC_PATH_BYTES, "/proc/self/exe");
    return path;
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
