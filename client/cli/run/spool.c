//  spool.c - see spool.h

#include "client/cli/run/spool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/output/text.h"

#define CHUNK_BYTES 65536u //  maximum size of a chunk in memory

struct spool_chunk {
    spool_chunk_t *next; //  newer bytes of the same spool
    text_t bytes;        //  in memory
    off_t offset;        //  in the file, if not in memory
    size_t size;         //  in the file
};

struct spool_store {
    size_t memory_max; //  bytes that may be in memory
    size_t memory;     //  bytes in memory
    int file;          //  the unlinked file, or -1
    off_t file_end;    //  where the next bytes go
    size_t file_live;  //  bytes in the file that are still needed
};

spool_store_t *spool_store_new (size_t memory_bytes)
{
    spool_store_t *self = text_resize (NULL, sizeof *self);
    *self = (spool_store_t){.memory_max = memory_bytes, .file = -1};
    return self;
}

void spool_store_destroy (spool_store_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    if ((*self_p)->file >= 0)
        close ((*self_p)->file);
    free (*self_p);
    *self_p = NULL;
}

static const char *s_folder (void)
{
    const char *folder = getenv ("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

static cadre_error_t s_file_fault (fault_t *fault)
{
    return fault_set (fault, CADRE_ERROR_IO,
                      "cannot keep output of tasks in %s: %s; set TMPDIR to a folder with room",
                      s_folder (), strerror (errno));
}

static cadre_error_t s_spool_open (spool_store_t *store, fault_t *fault)
{
    if (store->file >= 0)
        return CADRE_OK;
    store->file = open (s_folder (), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (store->file >= 0)
        return CADRE_OK;
    text_t path = {0};
    text_print (&path, "%s/cadre-XXXXXX", s_folder ());
    store->file = mkostemp (path.bytes, O_CLOEXEC);
    if (store->file >= 0)
        unlink (path.bytes);
    text_free (&path);
    return store->file >= 0 ? CADRE_OK : s_file_fault (fault);
}

static spool_chunk_t *s_add_chunk (spool_t *self)
{
    spool_chunk_t *chunk = text_resize (NULL, sizeof *chunk);
    *chunk = (spool_chunk_t){0};
    if (self->last)
        self->last->next = chunk;
    else
        self->first = chunk;
    self->last = chunk;
    return chunk;
}

static cadre_error_t s_append_file (spool_store_t *store, spool_t *self, const char *bytes,
                                    size_t size, fault_t *fault)
{
    cadre_error_t error = s_spool_open (store, fault);
    if (error)
        return error;
    const off_t offset = store->file_end;
    for (size_t done = 0; done < size;) {
        ssize_t written = pwrite (store->file, bytes + done, size - done, store->file_end);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return s_file_fault (fault);
        store->file_end += written;
        done += (size_t) written;
    }
    spool_chunk_t *last = self->last;
    store->file_live += size;
    if (last && !last->bytes.bytes && last->offset + (off_t) last->size == offset) {
        last->size += size;
        return CADRE_OK;
    }
    spool_chunk_t *chunk = s_add_chunk (self);
    chunk->offset = offset;
    chunk->size = size;
    return CADRE_OK;
}

cadre_error_t spool_append (spool_store_t *store, spool_t *self, const void *bytes, size_t size,
                            fault_t *fault)
{
    if (size == 0)
        return CADRE_OK;
    if (store->memory + size > store->memory_max)
        return s_append_file (store, self, bytes, size, fault);
    spool_chunk_t *chunk = self->last;
    if (!chunk || !chunk->bytes.bytes || chunk->bytes.size + size > CHUNK_BYTES)
        chunk = s_add_chunk (self);
    text_add (&chunk->bytes, bytes, size);
    store->memory += size;
    return CADRE_OK;
}

static cadre_error_t s_drain_file (spool_store_t *store, const spool_chunk_t *chunk,
                                   spool_sink_fn *sink, void *argument, fault_t *fault)
{
    char block [16384];
    for (size_t done = 0; done < chunk->size;) {
        size_t left = chunk->size - done;
        ssize_t size = pread (store->file, block, left < sizeof block ? left : sizeof block,
                              chunk->offset + (off_t) done);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return s_file_fault (fault);
        if (!sink (argument, block, (size_t) size))
            return CADRE_OK;
        done += (size_t) size;
    }
    return CADRE_OK;
}

cadre_error_t spool_drain (spool_store_t *store, spool_t *self, spool_sink_fn *sink, void *argument,
                           fault_t *fault)
{
    cadre_error_t error = CADRE_OK;
    for (const spool_chunk_t *chunk = self->first; chunk && !error; chunk = chunk->next) {
        if (!chunk->bytes.bytes)
            error = s_drain_file (store, chunk, sink, argument, fault);
        else if (!sink (argument, chunk->bytes.bytes, chunk->bytes.size))
            break;
    }
    spool_clear (store, self);
    return error;
}

void spool_clear (spool_store_t *store, spool_t *self)
{
    for (spool_chunk_t *chunk = self->first; chunk;) {
        spool_chunk_t *next = chunk->next;
        assert (chunk->bytes.size <= store->memory && chunk->size <= store->file_live);
        store->memory -= chunk->bytes.size;
        store->file_live -= chunk->size;
        text_free (&chunk->bytes);
        free (chunk);
        chunk = next;
    }
    *self = (spool_t){0};
    if (store->file >= 0 && store->file_live == 0 && store->file_end > 0
        && ftruncate (store->file, 0) == 0)
        store->file_end = 0;
}
