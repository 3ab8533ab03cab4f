//  bulk.c - large bytes that change no more, held by several

#include "common/bulk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define FILESYSTEM_MEMORY 0x01021994 //  TMPFS_MAGIC; linux/magic.h is not everywhere
#define BLOCK_BYTES 512              //  Of st_blocks
#define FILES_MAX 4096u

struct bulk {
    atomic_uint holders; //  How many hold it
    uint8_t *bytes;      //  All of them
    size_t size;         //  How many
    int fd;              //  The file's descriptor, or -1
    uint64_t inode;      //  The file's, while there is a descriptor
    bool mapped;         //  bytes are a mapping, else from malloc
};

static atomic_uint s_files; //  Descriptors in use
static unsigned s_files_max;

static void s_find_files_max (void)
{
    struct rlimit limit;
    bool known = getrlimit (RLIMIT_NOFILE, &limit) == 0;
    rlim_t quarter = known ? limit.rlim_cur / 4 : 0;
    s_files_max = quarter < FILES_MAX ? (unsigned) quarter : FILES_MAX;
}

static bool s_enter_file (void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, s_find_files_max);
    if (atomic_fetch_add (&s_files, 1) < s_files_max)
        return true;
    atomic_fetch_sub (&s_files, 1);
    return false;
}

static bulk_t *s_new (uint8_t *bytes, size_t size_bytes, bool mapped)
{
    bulk_t *self = malloc (sizeof *self);
    assert (self);
    *self = (bulk_t){.bytes = bytes, .size = size_bytes, .fd = -1, .mapped = mapped};
    atomic_init (&self->holders, 1);
    return self;
}

//  A private mapping shows what the file has, and does not keep it from being sealed.
static uint8_t *s_map (int fd, size_t size_bytes)
{
    void *bytes = mmap (NULL, size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    return bytes == MAP_FAILED ? NULL : bytes;
}

static bool s_write (int fd, view_t piece)
{
    while (piece.size) {
        ssize_t wrote = write (fd, piece.data, piece.size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        piece.data += wrote;
        piece.size -= (size_t) wrote;
    }
    return true;
}

//  Maps a file whose descriptor counts, and takes both over.
static bulk_t *s_of_file (int fd, size_t size_bytes)
{
    struct stat status;
    uint8_t *bytes = fstat (fd, &status) == 0 ? s_map (fd, size_bytes) : NULL;
    if (!bytes)
        return NULL;
    bulk_t *self = s_new (bytes, size_bytes, true);
    self->fd = fd;
    self->inode = status.st_ino;
    return self;
}

bulk_t *bulk_of_pieces (const view_t *pieces, size_t count)
{
    size_t size = 0;
    if (!s_enter_file ())
        return NULL;
    int fd = memfd_create ("cadre-value", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool fine = fd >= 0;
    for (size_t i = 0; fine && i < count; i++) {
        fine = s_write (fd, pieces [i]);
        size += pieces [i].size;
    }
    bulk_t *self =
        fine && size && fcntl (fd, F_ADD_SEALS, SEALS) == 0 ? s_of_file (fd, size) : NULL;
    if (self)
        return self;
    if (fd >= 0)
        close (fd);
    atomic_fetch_sub (&s_files, 1);
    return NULL;
}

bulk_t *bulk_of_memory (uint8_t *bytes, size_t size_bytes)
{
    return s_new (bytes, size_bytes, false);
}

//  Is it a sealed file in memory of that size, without holes? (Reading a hole takes up memory.)
static bool s_is_sound (int fd, uint64_t size_bytes)
{
    struct stat status;
    struct statfs filesystem;
    int seals = fcntl (fd, F_GET_SEALS);
    return size_bytes && size_bytes <= SIZE_MAX / 4 && seals >= 0 && (seals & SEALS) == SEALS
           && fstat (fd, &status) == 0 && S_ISREG (status.st_mode)
           && (uint64_t) status.st_size == size_bytes
           && (uint64_t) status.st_blocks * BLOCK_BYTES >= size_bytes
           && fstatfs (fd, &filesystem) == 0 && filesystem.f_type == FILESYSTEM_MEMORY;
}

bulk_t *bulk_of_descriptor (int fd, uint64_t size_bytes, bool keep)
{
    if (fd < 0)
        return NULL;
    if (!s_is_sound (fd, size_bytes)) {
        close (fd);
        return NULL;
    }
    if (keep && s_enter_file ()) {
        bulk_t *self = s_of_file (fd, (size_t) size_bytes);
        if (self)
            return self;
        atomic_fetch_sub (&s_files, 1);
    }
    uint8_t *bytes = s_map (fd, (size_t) size_bytes);
    close (fd);
    return bytes ? s_new (bytes, (size_t) size_bytes, true) : NULL;
}

//  What is no file in memory is not opened, since that could have effects: it is only looked at.
static int s_open (const char *path, uint64_t inode)
{
    char again [64];
    struct stat status;
    struct statfs filesystem;
    int path_fd = open (path, O_PATH | O_CLOEXEC), fd = -1;
    if (path_fd < 0)
        return -1;
    if (fstat (path_fd, &status) == 0 && S_ISREG (status.st_mode) && status.st_ino == inode
        && fstatfs (path_fd, &filesystem) == 0 && filesystem.f_type == FILESYSTEM_MEMORY) {
        snprintf (again, sizeof again, "/proc/self/fd/%d", path_fd);
        fd = open (again, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    close (path_fd);
    return fd;
}

bulk_t *bulk_open (const bulk_name_t *name, uint64_t size_bytes, bool keep)
{
    char path [64];
    if (name->pid == 0 || name->pid > INT32_MAX || name->fd > INT32_MAX)
        return NULL;
    snprintf (path, sizeof path, "/proc/%d/fd/%d", (int) name->pid, (int) name->fd);
    return bulk_of_descriptor (s_open (path, name->inode), size_bytes, keep);
}

bulk_t *bulk_hold (bulk_t *self)
{
    atomic_fetch_add_explicit (&self->holders, 1, memory_order_relaxed);
    return self;
}

void bulk_release (bulk_t **self_p)
{
    bulk_t *self = *self_p;
    *self_p = NULL;
    if (!self || atomic_fetch_sub_explicit (&self->holders, 1, memory_order_acq_rel) > 1)
        return;
    if (self->mapped)
        munmap (self->bytes, self->size);
    else
        free (self->bytes);
    if (self->fd >= 0) {
        close (self->fd);
        atomic_fetch_sub (&s_files, 1);
    }
    free (self);
}

view_t bulk_view (const bulk_t *self)
{
    return (view_t){.data = self->bytes, .size = self->size};
}

int bulk_descriptor (const bulk_t *self)
{
    return self->fd;
}

bool bulk_name (const bulk_t *self, bulk_name_t *name)
{
    if (self->fd < 0)
        return false;
    *name =
        (bulk_name_t){.pid = (uint64_t) getpid (), .fd = (uint64_t) self->fd, .inode = self->inode};
    return true;
}
