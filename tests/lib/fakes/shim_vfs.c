//  shim_vfs.c - fake: a file layer of SQLite that fails, kills the process, or loses what was not
//  synced

#include "tests/lib/fakes/shim_vfs.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "common/buffer.h"

typedef struct change {
    struct change *prev, *next; //  In order (utlist)
    sqlite3_int64 at;           //  Offset, or the new size of a truncation
    bool truncates;             //  Which of the two
    buffer_t bytes;             //  Of a write
} change_t;

//  A file as the program sees it, and what of it the disk does not have.
typedef struct shadow {
    struct shadow *prev, *next; //  All of them (utlist)
    char *path;                 //  Of the file
    unsigned users;             //  Open handles
    sqlite3_file *real;         //  One of theirs that can write
    buffer_t content;           //  As seen
    change_t *changes;          //  Not synced
} shadow_t;

typedef struct shim_file {
    sqlite3_file base;    //  What SQLite sees
    shadow_t *shadow;     //  NULL unless the power can fail
    sqlite3_file real []; //  The usual layer's
} shim_file_t;

static sqlite3_vfs s_vfs;
static sqlite3_vfs *s_usual;
static shim_plan_t s_plan;
static unsigned s_count;
static unsigned s_random;
static shadow_t *s_shadows;
static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static void s_apply (shadow_t *shadow, const change_t *change, size_t size)
{
    if (change->truncates)
        shadow->real->pMethods->xTruncate (shadow->real, change->at);
    else
        shadow->real->pMethods->xWrite (shadow->real, change->bytes.data, (int) size, change->at);
}

static void s_forget (shadow_t *shadow)
{
    change_t *change, *next;
    DL_FOREACH_SAFE (shadow->changes, change, next) {
        buffer_free (&change->bytes);
        free (change);
    }
    shadow->changes = NULL;
}

static void s_settle (shadow_t *shadow)
{
    const change_t *change;
    assert (shadow->real || !shadow->changes);
    DL_FOREACH (shadow->changes, change)
        s_apply (shadow, change, change->bytes.size);
    s_forget (shadow);
}

static unsigned s_draw (void)
{
    s_random = s_random * 1103515245u + 12345u;
    return s_random >> 16;
}

//  The disk had time for some of it.
static void s_settle_some (void)
{
    const shadow_t *shadow;
    const change_t *change;
    DL_FOREACH (s_shadows, shadow)
        DL_FOREACH (shadow->changes, change) {
            unsigned luck = s_draw () % 4;
            if (shadow->real && luck)
                s_apply ((shadow_t *) shadow, change,
                         luck == 1 ? change->bytes.size / 2 : change->bytes.size);
        }
}

//  What the plan has for this operation. Under the mutex.
static int s_step (unsigned kind)
{
    if (s_plan.only && !(s_plan.only & kind))
        return SQLITE_OK;
    s_count++;
    if (s_count == s_plan.die_at) {
        if (s_plan.power && s_plan.some)
            s_settle_some ();
        _exit (SHIM_EXIT);
    }
    return s_count == s_plan.fail_at ? s_plan.fails_with : SQLITE_OK;
}

static shim_file_t *s_self (sqlite3_file *file)
{
    return (shim_file_t *) file;
}

static change_t *s_note (shadow_t *shadow, sqlite3_int64 at)
{
    change_t *change = calloc (1, sizeof *change);
    assert (change);
    change->at = at;
    DL_APPEND (shadow->changes, change);
    return change;
}

//  Makes the content as long as size; what is new is zero.
static void s_resize (shadow_t *shadow, size_t size)
{
    if (size > shadow->content.size)
        memset (buffer_reserve (&shadow->content, size - shadow->content.size), 0,
                size - shadow->content.size);
    shadow->content.size = size;
}

static int s_write_shadow (shadow_t *shadow, const void *bytes, int size, sqlite3_int64 at)
{
    if ((size_t) (at + size) > shadow->content.size)
        s_resize (shadow, (size_t) (at + size));
    memcpy (shadow->content.data + at, bytes, (size_t) size);
    buffer_append (&s_note (shadow, at)->bytes, bytes, (size_t) size);
    return SQLITE_OK;
}

static int s_read_shadow (const shadow_t *shadow, void *bytes, int size, sqlite3_int64 at)
{
    size_t wanted = (size_t) size, offset = (size_t) at, there = shadow->content.size;
    size_t count = offset >= there ? 0 : there - offset < wanted ? there - offset : wanted;
    if (count)
        memcpy (bytes, shadow->content.data + offset, count);
    memset ((char *) bytes + count, 0, wanted - count);
    return count < wanted ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int s_read (sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    shim_file_t *self = s_self (file);
    if (!self->shadow)
        return self->real->pMethods->xRead (self->real, bytes, size, at);
    pthread_mutex_lock (&s_mutex);
    int rc = s_read_shadow (self->shadow, bytes, size, at);
    pthread_mutex_unlock (&s_mutex);
    return rc;
}

static int s_write (sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    shim_file_t *self = s_self (file);
    pthread_mutex_lock (&s_mutex);
    int rc = s_step (SHIM_WRITE);
    if (!rc)
        rc = self->shadow ? s_write_shadow (self->shadow, bytes, size, at)
                          : self->real->pMethods->xWrite (self->real, bytes, size, at);
    pthread_mutex_unlock (&s_mutex);
    return rc;
}

static int s_truncate (sqlite3_file *file, sqlite3_int64 size)
{
    shim_file_t *self = s_self (file);
    pthread_mutex_lock (&s_mutex);
    int rc = s_step (SHIM_WRITE);
    if (!rc && self->shadow) {
        s_resize (self->shadow, (size_t) size);
        s_note (self->shadow, size)->truncates = true;
    } else if (!rc) {
        rc = self->real->pMethods->xTruncate (self->real, size);
    }
    pthread_mutex_unlock (&s_mutex);
    return rc;
}

//  The processes of a test share the kernel, which keeps what one of them wrote: only the plan
//  needs syncs.
static int s_sync (sqlite3_file *file, int flags)
{
    (void) flags;
    pthread_mutex_lock (&s_mutex);
    int rc = s_step (SHIM_SYNC);
    if (!rc && s_self (file)->shadow)
        s_settle (s_self (file)->shadow);
    pthread_mutex_unlock (&s_mutex);
    return rc;
}

static int s_file_size (sqlite3_file *file, sqlite3_int64 *size)
{
    shim_file_t *self = s_self (file);
    if (!self->shadow)
        return self->real->pMethods->xFileSize (self->real, size);
    pthread_mutex_lock (&s_mutex);
    *size = (sqlite3_int64) self->shadow->content.size;
    pthread_mutex_unlock (&s_mutex);
    return SQLITE_OK;
}

static int s_lock (sqlite3_file *file, int level)
{
    return s_self (file)->real->pMethods->xLock (s_self (file)->real, level);
}

static int s_unlock (sqlite3_file *file, int level)
{
    return s_self (file)->real->pMethods->xUnlock (s_self (file)->real, level);
}

static int s_check_lock (sqlite3_file *file, int *reserved)
{
    return s_self (file)->real->pMethods->xCheckReservedLock (s_self (file)->real, reserved);
}

//  A hint of a size would change a file at once.
static int s_control (sqlite3_file *file, int what, void *argument)
{
    shim_file_t *self = s_self (file);
    if (what == SQLITE_FCNTL_SIZE_HINT || what == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_OK;
    return self->real->pMethods->xFileControl (self->real, what, argument);
}

static int s_sector (sqlite3_file *file)
{
    return s_self (file)->real->pMethods->xSectorSize (s_self (file)->real);
}

static int s_traits (sqlite3_file *file)
{
    return s_self (file)->real->pMethods->xDeviceCharacteristics (s_self (file)->real);
}

static int s_shm_map (sqlite3_file *file, int page, int size, int extend, void volatile **where)
{
    return s_self (file)->real->pMethods->xShmMap (s_self (file)->real, page, size, extend, where);
}

static int s_shm_lock (sqlite3_file *file, int offset, int count, int flags)
{
    return s_self (file)->real->pMethods->xShmLock (s_self (file)->real, offset, count, flags);
}

static void s_shm_barrier (sqlite3_file *file)
{
    s_self (file)->real->pMethods->xShmBarrier (s_self (file)->real);
}

static int s_shm_unmap (sqlite3_file *file, int delete)
{
    return s_self (file)->real->pMethods->xShmUnmap (s_self (file)->real, delete);
}

static shadow_t *s_find (const char *path)
{
    shadow_t *shadow;
    DL_FOREACH (s_shadows, shadow)
        if (strcmp (shadow->path, path) == 0)
            return shadow;
    return NULL;
}

static void s_free (shadow_t *shadow)
{
    DL_DELETE (s_shadows, shadow);
    s_forget (shadow);
    buffer_free (&shadow->content);
    free (shadow->path);
    free (shadow);
}

//  The handle that could still write is going.
static int s_close (sqlite3_file *file)
{
    shim_file_t *self = s_self (file);
    pthread_mutex_lock (&s_mutex);
    shadow_t *shadow = self->shadow;
    if (shadow && shadow->real == self->real) {
        s_settle (shadow);
        shadow->real = NULL;
    }
    if (shadow && --shadow->users == 0)
        s_free (shadow);
    int rc = self->real->pMethods->xClose (self->real);
    pthread_mutex_unlock (&s_mutex);
    return rc;
}

static const sqlite3_io_methods s_methods = {
    .iVersion = 2,
    .xClose = s_close,
    .xRead = s_read,
    .xWrite = s_write,
    .xTruncate = s_truncate,
    .xSync = s_sync,
    .xFileSize = s_file_size,
    .xLock = s_lock,
    .xUnlock = s_unlock,
    .xCheckReservedLock = s_check_lock,
    .xFileControl = s_control,
    .xSectorSize = s_sector,
    .xDeviceCharacteristics = s_traits,
    .xShmMap = s_shm_map,
    .xShmLock = s_shm_lock,
    .xShmBarrier = s_shm_barrier,
    .xShmUnmap = s_shm_unmap,
};

static shadow_t *s_load (sqlite3_file *real, const char *path)
{
    shadow_t *shadow = calloc (1, sizeof *shadow);
    sqlite3_int64 size = 0;
    assert (shadow && (shadow->path = strdup (path)));
    real->pMethods->xFileSize (real, &size);
    s_resize (shadow, (size_t) size);
    if (size)
        real->pMethods->xRead (real, shadow->content.data, (int) size, 0);
    DL_APPEND (s_shadows, shadow);
    return shadow;
}

static int s_open (sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *got)
{
    shim_file_t *self = s_self (file);
    (void) vfs;
    pthread_mutex_lock (&s_mutex);
    self->base.pMethods = NULL;
    self->shadow = NULL;
    int rc = s_usual->xOpen (s_usual, path, self->real, flags, got);
    if (!rc) {
        self->base.pMethods = &s_methods;
        shadow_t *shadow = !s_plan.power || !path ? NULL : s_find (path);
        if (s_plan.power && path && !shadow)
            shadow = s_load (self->real, path);
        self->shadow = shadow;
        if (shadow)
            shadow->users++;
        if (shadow && !(flags & SQLITE_OPEN_READONLY))
            shadow->real = self->real;
    }
    pthread_mutex_unlock (&s_mutex);
    return rc;
}

static int s_delete (sqlite3_vfs *vfs, const char *path, int sync)
{
    (void) vfs;
    pthread_mutex_lock (&s_mutex);
    int rc = s_step (SHIM_DELETE);
    if (!rc)
        rc = s_usual->xDelete (s_usual, path, sync);
    pthread_mutex_unlock (&s_mutex);
    return rc;
}

void shim_vfs_install (const shim_plan_t *plan)
{
    if (!s_usual) {
        s_usual = sqlite3_vfs_find (NULL);
        assert (s_usual);
        s_vfs = *s_usual;
        s_vfs.zName = SHIM_VFS;
        s_vfs.pNext = NULL;
        s_vfs.szOsFile = (int) sizeof (shim_file_t) + s_usual->szOsFile;
        s_vfs.xOpen = s_open;
        s_vfs.xDelete = s_delete;
        sqlite3_vfs_register (&s_vfs, 0);
    }
    assert (!s_shadows);
    s_random = plan->some;
    s_plan = *plan;
    s_count = 0;
}

void shim_vfs_arm (const shim_plan_t *plan)
{
    assert (!plan->power);
    pthread_mutex_lock (&s_mutex);
    s_plan = *plan;
    s_count = 0;
    pthread_mutex_unlock (&s_mutex);
}

unsigned shim_vfs_count (void)
{
    pthread_mutex_lock (&s_mutex);
    unsigned count = s_count;
    pthread_mutex_unlock (&s_mutex);
    return count;
}
