//  access_fuzz.c - any bytes as an access file: refused with a reason and nothing kept, or read,
//  and what is printed then is read alike

#include "common/access.h"

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

//  A file in memory, that can be opened by its path.
static int s_file (const void *bytes, size_t size, char path [64])
{
    int fd = memfd_create ("access", MFD_CLOEXEC);
    assert (fd >= 0 && fchmod (fd, 0600) == 0);
    ssize_t written = write (fd, bytes, size);
    assert (written == (ssize_t) size);
    snprintf (path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static void s_read_again (const access_t *access)
{
    char *text = NULL, path [64];
    size_t size = 0;
    access_t again;
    FILE *stream = open_memstream (&text, &size);
    assert (stream && access_print (access, stream));
    fclose (stream);
    int fd = s_file (text, size, path);
    cadre_error_t error = access_read (&again, path, NULL);
    assert (error == CADRE_OK && strcmp (again.address, access->address) == 0
            && strcmp (again.name, access->name) == 0 && again.role == access->role
            && memcmp (&again.keys, &access->keys, sizeof again.keys) == 0);
    close (fd);
    free (text);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    static const access_t none;
    access_t access;
    fault_t fault = {0};
    char path [64];
    int fd = s_file (bytes, size, path);
    if (access_read (&access, path, &fault) == CADRE_OK)
        s_read_again (&access);
    else
        assert (fault.code && *fault.text && memcmp (&access, &none, sizeof none) == 0);
    close (fd);
    return 0;
}
