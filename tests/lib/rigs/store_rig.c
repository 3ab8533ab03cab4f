//  store_rig.c - rig: a store of either kind, and batches that tell whether they are whole

#include "tests/lib/rigs/store_rig.h"

#include <assert.h>
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/store/sqlite.h"

void store_rig_begin (store_rig_t *self, bool memory)
{
    if (!memory) {
        store_rig_begin_in (self, "/tmp");
        return;
    }
    *self = (store_rig_t){0};
    self->disk = memory_disk_new ();
}

void store_rig_begin_in (store_rig_t *self, const char *parent)
{
    *self = (store_rig_t){0};
    snprintf (self->folder, sizeof self->folder, "%s/cadre-store-XXXXXX", parent);
    char *made = mkdtemp (self->folder);
    assert (made);
    snprintf (self->path, sizeof self->path, "%s/store", self->folder);
}

static void s_empty (const char *folder)
{
    DIR *dir = opendir (folder);
    char path [512];
    for (struct dirent *entry; dir && (entry = readdir (dir));) {
        snprintf (path, sizeof path, "%s/%.255s", folder, entry->d_name);
        if (entry->d_name [0] != '.')
            unlink (path);
    }
    if (dir)
        closedir (dir);
    rmdir (folder);
}

void store_rig_end (store_rig_t *self)
{
    store_close (&self->store, NULL);
    memory_disk_destroy (&self->disk);
    if (self->folder [0])
        s_empty (self->folder);
}

uint8_t store_rig_byte (uint32_t number, size_t offset)
{
    if (offset < sizeof number)
        return (uint8_t) (number >> (8 * offset));
    return (uint8_t) (offset * 31 + (offset >> 8) * 7 + number * 13);
}

cadre_error_t store_rig_visit (void *context, uint64_t seq, view_t body, fault_t *fault)
{
    store_rig_t *self = context;
    uint32_t number = 0;
    memcpy (&number, body.data, body.size < sizeof number ? body.size : sizeof number);
    for (size_t i = 0; i < body.size; i++)
        if (body.data [i] != store_rig_byte (number, i))
            return fault_set (fault, CADRE_ERROR_INTERNAL, "batch %u differs at byte %zu", number,
                              i);
    assert (self->seen_count < STORE_RIG_SEEN);
    self->seen [self->seen_count++] = (seen_t){.number = number, .seq = seq, .size = body.size};
    return CADRE_OK;
}

store_t *store_rig_bare (store_rig_t *self)
{
    if (self->disk)
        return memory_open (self->disk, self->quota_bytes, &self->fault);
#ifdef CADRE_STORE_SQLITE
    sqlite_options_t options = {
        .vfs = self->vfs, .quota_bytes = self->quota_bytes, .wal_bytes = self->wal_bytes};
    return sqlite_open (self->path, &options, &self->fault);
#else
    return NULL;
#endif
}

cadre_error_t store_rig_open (store_rig_t *self)
{
    fault_clear (&self->fault);
    self->seen_count = 0;
    self->store = store_rig_bare (self);
    if (self->store && store_scan (self->store, store_rig_visit, self, &self->fault))
        store_close (&self->store, NULL);
    return self->fault.code;
}

void store_rig_close (store_rig_t *self)
{
    cadre_error_t error = store_close (&self->store, &self->fault);
    assert (error == CADRE_OK);
}

uint64_t store_rig_append (store_rig_t *self, uint32_t number, size_t size,
                           const store_append_t *with)
{
    buffer_t body = {0};
    uint8_t *bytes = buffer_reserve (&body, size);
    for (size_t i = 0; i < size; i++)
        bytes [i] = store_rig_byte (number, i);
    body.size = size;
    uint64_t seq = store_append (self->store, &body, with);
    assert (body.data == NULL && body.size == 0);
    return seq;
}

static cadre_error_t s_turn (store_rig_t *self)
{
    struct pollfd poll_fd = {.fd = store_fd (self->store), .events = POLLIN};
    int rc = poll (&poll_fd, 1, 60000);
    assert (rc == 1);
    return store_turn (self->store, &self->fault);
}

cadre_error_t store_rig_wait (store_rig_t *self, uint64_t seq)
{
    cadre_error_t error = CADRE_OK;
    while (!error && store_durable (self->store) < seq)
        error = s_turn (self);
    return error;
}

store_slice_t store_rig_read (store_rig_t *self, uint64_t seq, uint64_t offset, size_t size)
{
    store_slice_t slice;
    store_read (self->store, 7, seq, offset, size);
    do
        s_turn (self);
    while (!store_next_slice (self->store, &slice));
    assert (slice.tag == 7);
    return slice;
}

void store_rig_fill (store_rig_t *self, uint32_t count, size_t size)
{
    cadre_error_t error = store_rig_open (self);
    assert (error == CADRE_OK);
    for (uint32_t i = 1; i <= count; i++)
        store_rig_append (self, i, size, NULL);
    store_rig_close (self);
}

const char *store_rig_beside (const store_rig_t *self, const char *suffix)
{
    static char path [256];
    snprintf (path, sizeof path, "%s%s", self->path, suffix);
    return path;
}

int64_t store_rig_size (const store_rig_t *self, const char *suffix)
{
    struct stat status;
    return stat (store_rig_beside (self, suffix), &status) == 0 ? (int64_t) status.st_size : -1;
}

void store_rig_save (const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen (path, "wb");
    size_t written = file && fchmod (fileno (file), 0600) == 0 ? fwrite (bytes, 1, size, file) : 0;
    assert (file && written == size);
    fclose (file);
}

int store_rig_set_up (void **state)
{
    store_rig_t *rig = malloc (sizeof *rig);
    if (!rig)
        return -1;
    store_rig_begin (rig, false);
    *state = rig;
    return 0;
}

int store_rig_tear_down (void **state)
{
    store_rig_end (*state);
    free (*state);
    return 0;
}
