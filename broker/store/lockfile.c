//  lockfile.c - ensures that one process uses a store, and tells others which one

#include "broker/store/lockfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST_BYTES 256
#define MARK "open" //  The third word

struct lockfile {
    int fd;      //  Has the lock
    char *path;  //  Path of the file
    bool marked; //  The file has the mark
};

static void s_lockfile_fail (const char *what, const char *path, fault_t *fault)
{
    bool denied = errno == EACCES || errno == EROFS || errno == ENOENT || errno == ENOTDIR;
    fault_set (
        fault, denied ? CADRE_ERROR_CONFIGURATION : CADRE_ERROR_IO,
        "%s cannot be used: %s cannot be written (%s): name a store in a folder that exists and that "
        "this user may write",
        what, path, strerror (errno));
}

//  The holder writes "PID HOST", and maybe the mark, but may not have done so yet.
static void s_tell_holder (int fd, const char *what, fault_t *fault)
{
    char text [HOST_BYTES + 32], host [HOST_BYTES] = "this host";
    unsigned long pid = 0;
    ssize_t size = pread (fd, text, sizeof text - 1, 0);
    text [size > 0 ? size : 0] = 0;
    if (sscanf (text, "%lu %255s", &pid, host) < 1)
        fault_set (fault, CADRE_ERROR_ADDRESS_IN_USE,
                   "%s is in use by another process: stop that one, or name another store", what);
    else
        fault_set (fault, CADRE_ERROR_ADDRESS_IN_USE,
                   "%s is in use by process %lu on %s: stop that one, or name another store", what,
                   pid, host);
}

static bool s_lockfile_sign (int fd, bool mark)
{
    char host [HOST_BYTES] = "", text [HOST_BYTES + 32];
    gethostname (host, sizeof host - 1);
    int size =
        snprintf (text, sizeof text, "%ld %s%s\n", (long) getpid (), host, mark ? " " MARK : "");
    return pwrite (fd, text, (size_t) size, 0) == size && ftruncate (fd, size) == 0;
}

static bool s_has_mark (int fd)
{
    char text [HOST_BYTES + 32], mark [8] = "";
    ssize_t size = pread (fd, text, sizeof text - 1, 0);
    text [size > 0 ? size : 0] = 0;
    return sscanf (text, "%*u %*s %7s", mark) == 1 && strcmp (mark, MARK) == 0;
}

//  Between open and flock the last holder may have removed the file: then the lock is on a deleted
//  file.
static bool s_is_there (int fd, const char *path)
{
    struct stat held, named;
    return fstat (fd, &held) == 0 && stat (path, &named) == 0 && held.st_ino == named.st_ino
           && held.st_dev == named.st_dev;
}

//  Returns the descriptor; -1 with a fault; or -1 without one, to try again.
static int s_lockfile_try (const char *what, const char *path, bool *marked, fault_t *fault)
{
    int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        s_lockfile_fail (what, path, fault);
        return -1;
    }
    if (flock (fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            s_tell_holder (fd, what, fault);
        else if (errno != EINTR)
            s_lockfile_fail (what, path, fault);
    } else if (s_is_there (fd, path)) {
        *marked = s_has_mark (fd);
        if (s_lockfile_sign (fd, *marked))
            return fd;
        s_lockfile_fail (what, path, fault);
        unlink (path);
    }
    close (fd);
    return -1;
}

static int s_lockfile_take (const char *what, const char *path, bool *marked, fault_t *fault)
{
    int fd;
    do {
        fault_clear (fault);
        fd = s_lockfile_try (what, path, marked, fault);
    } while (fd < 0 && fault->code == CADRE_OK);
    return fd;
}

lockfile_t *lockfile_take (const char *what, fault_t *fault)
{
    fault_t ignored = {0};
    fault = fault ? fault : &ignored;
    lockfile_t *self = calloc (1, sizeof *self);
    assert (self);
    int rc = asprintf (&self->path, "%s.lock", what);
    assert (rc > 0);
    self->fd = s_lockfile_take (what, self->path, &self->marked, fault);
    if (self->fd >= 0)
        return self;
    free (self->path);
    free (self);
    return NULL;
}

bool lockfile_marked (const lockfile_t *self)
{
    return self->marked;
}

//  A mark that was not written only omits a warning; one that was not removed would cause a false
//  one.
void lockfile_mark (lockfile_t *self, bool mark)
{
    if (self->marked == mark)
        return;
    self->marked = mark;
    s_lockfile_sign (self->fd, mark);
    if (!mark)
        fdatasync (self->fd);
}

void lockfile_drop (lockfile_t **self_p)
{
    lockfile_t *self = *self_p;
    if (!self)
        return;
    if (!self->marked)
        unlink (self->path);
    close (self->fd);
    free (self->path);
    free (self);
    *self_p = NULL;
}
