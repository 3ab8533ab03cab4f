//  folder.c - the private folder of an embedded pool

#include "common/folder.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#define PREFIX "cadre-pool-"
#define PARENT_BYTES 48u //  Maximum length of the parent folder: ipc addresses are short
#define YOUNG_S 10       //  Younger folders are not removed: their owner may be about to lock them

struct folder {
    char path [PARENT_BYTES + 32]; //  The folder
    int lock;                      //  Descriptor of its lock file
    pid_t pid;                     //  Process that made it
    struct folder *prev;           //  utlist: all of this process
    struct folder *next;           //  utlist
};

//  For processes that exit without closing their pools.
static pthread_mutex_t s_all_lock = PTHREAD_MUTEX_INITIALIZER;
static folder_t *s_all;

//  Removes the sockets in a folder, and the folder.
static void s_folder_remove (const char *path)
{
    DIR *files = opendir (path);
    struct dirent *file;
    while (files && (file = readdir (files)))
        if (file->d_type == DT_SOCK || file->d_type == DT_REG)
            unlinkat (dirfd (files), file->d_name, 0);
    if (files)
        closedir (files);
    rmdir (path);
}

//  Locks the folder's lock file and returns its descriptor; -1 if it is locked. The folder itself
//  is not used, because bind locks it.
static int s_lock (const char *folder)
{
    char path [PARENT_BYTES + 256 + 8];
    snprintf (path, sizeof path, "%s/owner", folder);
    int fd = open (path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) != 0) {
        close (fd);
        fd = -1;
    }
    return fd;
}

static bool s_is_old (const char *path)
{
    struct stat status;
    return lstat (path, &status) == 0 && S_ISDIR (status.st_mode) && status.st_uid == geteuid ()
           && status.st_mtime + YOUNG_S < time (NULL);
}

//  Removes the folders that killed processes have left.
static void s_folder_sweep (const char *parent)
{
    DIR *entries = opendir (parent);
    struct dirent *entry;
    while (entries && (entry = readdir (entries))) {
        char path [PARENT_BYTES + 256 + 2];
        if (strncmp (entry->d_name, PREFIX, strlen (PREFIX)) != 0)
            continue;
        snprintf (path, sizeof path, "%s/%s", parent, entry->d_name);
        int fd = s_is_old (path) ? s_lock (path) : -1;
        if (fd < 0)
            continue;
        s_folder_remove (path);
        close (fd);
    }
    if (entries)
        closedir (entries);
}

static bool s_folder_make (folder_t *self, const char *parent)
{
    if (!parent || parent [0] != '/' || strlen (parent) > PARENT_BYTES)
        return false;
    snprintf (self->path, sizeof self->path, "%s/" PREFIX "XXXXXX", parent);
    if (!mkdtemp (self->path))
        return false;
    self->lock = s_lock (self->path);
    s_folder_sweep (parent);
    return true;
}

folder_t *folder_new (fault_t *fault)
{
    const char *places [] = {getenv ("XDG_RUNTIME_DIR"), getenv ("TMPDIR"), "/tmp"};
    folder_t *self = calloc (1, sizeof *self);
    assert (self);
    self->lock = -1;
    self->pid = getpid ();
    bool made = false;
    for (size_t i = 0; i < sizeof places / sizeof *places && !made; i++)
        made = s_folder_make (self, places [i]);
    if (!made) {
        fault_set (fault, CADRE_ERROR_IO,
                   "no folder can be made in /tmp (%s): make room there, or set TMPDIR",
                   strerror (errno));
        free (self);
        return NULL;
    }
    pthread_mutex_lock (&s_all_lock);
    DL_APPEND (s_all, self);
    pthread_mutex_unlock (&s_all_lock);
    return self;
}

void folder_destroy (folder_t **self_p)
{
    assert (self_p);
    folder_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock (&s_all_lock);
    DL_DELETE (s_all, self);
    pthread_mutex_unlock (&s_all_lock);
    if (self->pid == getpid ())
        s_folder_remove (self->path);
    if (self->lock >= 0)
        close (self->lock);
    free (self);
    *self_p = NULL;
}

const char *folder_path (const folder_t *self)
{
    return self->path;
}

__attribute__ ((destructor)) static void s_at_exit (void)
{
    folder_t *self;
    if (pthread_mutex_trylock (&s_all_lock))
        return;
    DL_FOREACH (s_all, self)
        if (self->pid == getpid ())
            s_folder_remove (self->path);
    pthread_mutex_unlock (&s_all_lock);
}
