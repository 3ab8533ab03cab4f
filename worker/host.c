//  host.c - names and paths of the worker's machine

#include "worker/host.h"

#include <stdio.h>
#include <unistd.h>

#include "common/libexec.h"

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

const char *host_slot_path (char *buffer)
{
    libexec_find (SLOT_NAME, buffer);
    return buffer;
}
