//  host.c - names of machine and files

#include "worker/host.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOT_NAME "cadre-slot"

const char *host_name (char *buffer, size_t size)
{
    if (gethostname (buffer, size) != 0)
        snprintf (buffer, size, "localhost");
    buffer [size - 1] = 0;
    return buffer;
}

const char *host_label (char *buffer, size_t size)
{
    char name [HOST_NAME_BYTES];
    snprintf (buffer, size, "%s:%d", host_name (name, sizeof (name)), (int) getpid ());
    return buffer;
}

//  The folder of this executable, "" if nobody knows.
static void s_own_folder (char *buffer, size_t size)
{
    ssize_t length = readlink ("/proc/self/exe", buffer, size - 1);
    buffer [length > 0 ? length : 0] = 0;
    char *slash = strrchr (buffer, '/');
    if (slash)
        *slash = 0;
}

static bool s_try (char *buffer, size_t size, const char *folder, const char *below)
{
    int length = snprintf (buffer, size, "%s%s/%s", folder, below, SLOT_NAME);
    return length > 0 && (size_t) length < size && access (buffer, X_OK) == 0;
}

const char *host_slot_path (char *buffer, size_t size)
{
    char folder [HOST_PATH_BYTES];
    const char *named = getenv ("CADRE_LIBEXEC");
    s_own_folder (folder, sizeof (folder));
    if (named && *named && s_try (buffer, size, named, ""))
        return buffer;
    if (s_try (buffer, size, folder, "") || s_try (buffer, size, folder, "/../libexec/cadre"))
        return buffer;
    snprintf (buffer, size, "%s/%s", CADRE_LIBEXECDIR, SLOT_NAME);
    return buffer;
}
