//  disk_shim.c - a disk for cadre-broker that fails, and forgets what was not synced; loaded with
//  LD_PRELOAD
//
//  CHAOS_DISK names a folder with two files. "orders" is shared memory, in which
//  tests/chaos/disk.py says what shall happen and reads what did. In "pending" stands every change
//  of the store's files since their last sync, with what was there before: when the process is
//  killed and the power is to have failed, disk.py takes those changes back. CHAOS_STORE is the
//  folder of the store; other files are left alone.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 512
#define FILES 16

//  What an order says shall happen from operation number `at` on, or at it.
enum { NOTHING, DISK_FULL, WRITE_FAILS, SYNC_FAILS, DIE, DIE_TORN };

enum { CHANGE_WRITE = 1, CHANGE_TRUNCATE, CHANGE_SYNC, CHANGE_RENAME };

typedef struct orders {
    uint32_t what;  //  One of the above
    uint32_t at;    //  The first operation that counts is number 1
    uint32_t count; //  Operations so far
    uint32_t fired; //  How often it has happened
} orders_t;

//  Ahead of each change; path, old and new bytes follow.
typedef struct change {
    uint32_t kind;      //  CHANGE_...
    uint32_t path_size; //  Bytes of the path
    uint64_t offset;    //  Of a write; the new size of a truncation
    uint64_t file_size; //  Before
    uint32_t old_size;  //  Bytes that are replaced or cut off
    uint32_t new_size;  //  Bytes that are written; of RENAME: of the new path
} change_t;

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static orders_t *s_orders;
static int s_pending = -1;
static char s_store [PATH_BYTES];
static bool s_inherited;                 //  "pending" has changes of a process before this one
static char s_dirty [FILES][PATH_BYTES]; //  Files with changes that are not synced
static ssize_t (*s_real_pwrite) (int, const void *, size_t, off_t);
static ssize_t (*s_real_write) (int, const void *, size_t);
static int (*s_real_ftruncate) (int, off_t);
static int (*s_real_fsync) (int);
static int (*s_real_fdatasync) (int);
static int (*s_real_unlink) (const char *);
static int (*s_real_rename) (const char *, const char *);

static void *s_next (const char *name)
{
    void *symbol = dlsym (RTLD_NEXT, name);
    if (!symbol)
        abort ();
    return symbol;
}

static int s_open_beside (const char *folder, const char *name, int flags)
{
    char path [PATH_BYTES];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    int fd = open (path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        abort ();
    return fd;
}

__attribute__ ((constructor)) static void s_begin (void)
{
    const char *folder = getenv ("CHAOS_DISK"), *store = getenv ("CHAOS_STORE");
    *(void **) &s_real_pwrite = s_next ("pwrite64");
    *(void **) &s_real_write = s_next ("write");
    *(void **) &s_real_ftruncate = s_next ("ftruncate64");
    *(void **) &s_real_fsync = s_next ("fsync");
    *(void **) &s_real_fdatasync = s_next ("fdatasync");
    *(void **) &s_real_unlink = s_next ("unlink");
    *(void **) &s_real_rename = s_next ("rename");
    if (!folder || !store)
        return;
    snprintf (s_store, sizeof s_store, "%s/", store);
    s_pending = s_open_beside (folder, "pending", O_RDWR | O_CREAT | O_APPEND);
    s_inherited = lseek (s_pending, 0, SEEK_END) > 0;
    int fd = s_open_beside (folder, "orders", O_RDWR);
    s_orders = mmap (NULL, sizeof *s_orders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (s_orders == MAP_FAILED)
        abort ();
    close (fd);
}

//  A file of the store whose bytes matter: not its lock, and not the memory that SQLite's
//  connections share.
static bool s_matters (const char *path)
{
    size_t size = strlen (path);
    bool aside = (size > 4 && strcmp (path + size - 4, "-shm") == 0)
                 || (size > 5 && strcmp (path + size - 5, ".lock") == 0)
                 || (size > 5 && strcmp (path + size - 5, "-lock") == 0);
    return s_orders && strncmp (path, s_store, strlen (s_store)) == 0 && !aside;
}

static bool s_find (int fd, char path [PATH_BYTES])
{
    char link [64];
    if (!s_orders)
        return false;
    snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink (link, path, PATH_BYTES - 1);
    if (size <= 0)
        return false;
    path [size] = 0;
    return s_matters (path);
}

//  ---- orders --------------------------------------------------------------------

//  Counts an operation. True: it must fail, with errno set; the process may end here.
static bool s_step (bool is_sync, bool *torn)
{
    uint32_t number = ++s_orders->count, what = s_orders->what;
    if (what == NOTHING || number < s_orders->at)
        return false;
    if ((what == SYNC_FAILS) != is_sync && what != DIE && what != DIE_TORN)
        return false;
    s_orders->fired++;
    if (what == DIE_TORN && !is_sync && torn) {
        *torn = true;
        return false;
    }
    if (what == DIE || what == DIE_TORN)
        kill (getpid (), SIGKILL);
    if (what == SYNC_FAILS)
        s_orders->what = NOTHING; //  As disks do: the next one says that all is well
    errno = what == DISK_FULL ? ENOSPC : EIO;
    return true;
}

//  ---- changes that are not synced -----------------------------------------------------

static void s_put (const void *bytes, size_t size)
{
    if (size && s_real_write (s_pending, bytes, size) != (ssize_t) size)
        abort ();
}

//  True when no file is dirty now.
static bool s_mark (const char *path, bool dirty)
{
    char (*free_one) [PATH_BYTES] = NULL;
    bool clean = !dirty;
    for (size_t i = 0; i < FILES; i++) {
        if (strcmp (s_dirty [i], path) == 0)
            s_dirty [i][0] = 0;
        if (s_dirty [i][0])
            clean = false;
        else
            free_one = &s_dirty [i];
    }
    if (dirty && !free_one)
        abort ();
    if (dirty)
        snprintf (*free_one, PATH_BYTES, "%s", path);
    return clean;
}

static void s_note (uint32_t kind, const char *path, int fd, uint64_t offset, const void *bytes,
                    size_t size)
{
    struct stat status = {0};
    uint8_t *old = NULL;
    ssize_t old_size = 0;
    if (fd >= 0 && fstat (fd, &status) != 0)
        abort ();
    uint64_t length = (uint64_t) status.st_size;
    size_t reach = kind == CHANGE_WRITE ? size : length > offset ? length - offset : 0;
    if ((kind == CHANGE_WRITE || kind == CHANGE_TRUNCATE) && reach && offset < length) {
        old = malloc (reach);
        if (!old || (old_size = pread (fd, old, reach, (off_t) offset)) < 0)
            abort ();
    }
    change_t change = {.kind = kind,
                       .path_size = (uint32_t) strlen (path),
                       .offset = offset,
                       .file_size = length,
                       .old_size = (uint32_t) old_size,
                       .new_size = (uint32_t) size};
    s_put (&change, sizeof change);
    s_put (path, change.path_size);
    s_put (old, (size_t) old_size);
    s_put (bytes, size);
    free (old);
    if (s_mark (path, kind == CHANGE_WRITE || kind == CHANGE_TRUNCATE) && kind == CHANGE_SYNC
        && !s_inherited)
        s_real_ftruncate (s_pending, 0);
}

#pragma GCC visibility push(default)

//  ---- what the process calls -------------------------------------------------------------

static ssize_t s_write_at (int fd, const char *path, const void *bytes, size_t size, off_t offset)
{
    bool torn = false;
    pthread_mutex_lock (&s_mutex);
    ssize_t done = -1;
    if (!s_step (false, &torn)) {
        s_note (CHANGE_WRITE, path, fd, (uint64_t) offset, bytes, size);
        done = s_real_pwrite (fd, bytes, torn ? size / 2 : size, offset);
    }
    if (torn)
        kill (getpid (), SIGKILL);
    pthread_mutex_unlock (&s_mutex);
    return done;
}

ssize_t pwrite64 (int fd, const void *bytes, size_t size, off64_t offset)
{
    char path [PATH_BYTES];
    return s_find (fd, path) ? s_write_at (fd, path, bytes, size, offset)
                             : s_real_pwrite (fd, bytes, size, offset);
}

ssize_t pwrite (int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite64 (fd, bytes, size, offset);
}

static int s_truncate (int fd, off_t size)
{
    char path [PATH_BYTES];
    if (!s_find (fd, path))
        return s_real_ftruncate (fd, size);
    pthread_mutex_lock (&s_mutex);
    int rc = -1;
    if (!s_step (false, NULL)) {
        s_note (CHANGE_TRUNCATE, path, fd, (uint64_t) size, NULL, 0);
        rc = s_real_ftruncate (fd, size);
    }
    pthread_mutex_unlock (&s_mutex);
    return rc;
}

int ftruncate64 (int fd, off64_t size)
{
    return s_truncate (fd, size);
}

int ftruncate (int fd, off_t size)
{
    return s_truncate (fd, size);
}

//  What is noted after the sync was not in it: the mutex is held.
static int s_sync (int fd, int (*sync) (int))
{
    char path [PATH_BYTES];
    if (!s_find (fd, path))
        return sync (fd);
    pthread_mutex_lock (&s_mutex);
    int rc =
        s_step (true, NULL) ? -1 : 0; //  The disk below is not what is tested: no sync of its own
    if (rc == 0)
        s_note (CHANGE_SYNC, path, -1, 0, NULL, 0);
    pthread_mutex_unlock (&s_mutex);
    return rc;
}

int fsync (int fd)
{
    return s_sync (fd, s_real_fsync);
}

int fdatasync (int fd)
{
    return s_sync (fd, s_real_fdatasync);
}

int unlink (const char *path)
{
    if (!s_matters (path))
        return s_real_unlink (path);
    pthread_mutex_lock (&s_mutex);
    int rc = -1;
    if (!s_step (false, NULL)) {
        s_note (CHANGE_SYNC, path, -1, 0, NULL, 0);
        rc = s_real_unlink (path);
    }
    pthread_mutex_unlock (&s_mutex);
    return rc;
}

int rename (const char *from, const char *to)
{
    if (!s_matters (to))
        return s_real_rename (from, to);
    pthread_mutex_lock (&s_mutex);
    int rc = -1;
    if (!s_step (false, NULL)) {
        s_note (CHANGE_RENAME, from, -1, 0, to, strlen (to));
        rc = s_real_rename (from, to);
    }
    pthread_mutex_unlock (&s_mutex);
    return rc;
}

#pragma GCC visibility pop
