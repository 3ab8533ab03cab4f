//  program.c - see program.h

#include "client/cli/base/program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/output/say.h"
#include "common/libexec.h"

static bool s_program_try (const char *folder, int folder_bytes, const char *name, char *path,
                           size_t size)
{
    int printed = snprintf (path, size, "%.*s/%s", folder_bytes, folder, name);
    return printed > 0 && (size_t) printed < size && access (path, X_OK) == 0;
}

static bool s_in_path (const char *name, char *path, size_t size)
{
    const char *folders = getenv ("PATH");
    while (folders && *folders) {
        const int bytes = (int) strcspn (folders, ":");
        if (bytes > 0 && s_program_try (folders, bytes, name, path, size))
            return true;
        folders += bytes;
        folders += *folders == ':';
    }
    return false;
}

bool program_find (const char *name, char *path, size_t size)
{
    char found [LIBEXEC_PATH_BYTES];
    if (libexec_find (name, found))
        return (size_t) snprintf (path, size, "%s", found) < size;
    return s_in_path (name, path, size);
}

int program_become (const char *name, char **argv)
{
    char path [PATH_MAX + 64];
    if (!program_find (name, path, sizeof path)) {
        say (
            "%s is neither in the folder of cadre nor in PATH: install it, or add its folder to PATH",
            name);
        return cadre_error_exit_code (CADRE_ERROR_UNAVAILABLE);
    }
    char *own = argv [0];
    argv [0] = path;
    execv (path, argv);
    argv [0] = own;
    say ("cannot start %s: %s", path, strerror (errno));
    return cadre_error_exit_code (CADRE_ERROR_UNAVAILABLE);
}
