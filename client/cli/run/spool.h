/*
 *  spool.h - buffers output of tasks until it can be printed
 *
 *  A store keeps up to its limit in memory, for all its spools together; the rest goes to one
 *  unlinked file in $TMPDIR, which is truncated when none of it is needed. A spool is one stream of
 *  one task: bytes are appended, and read once, in order. One thread at a time.
 */
#ifndef CLIENT_CLI_RUN_SPOOL_H_INCLUDED
#define CLIENT_CLI_RUN_SPOOL_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

typedef struct spool_store spool_store_t;
typedef struct spool_chunk spool_chunk_t;

typedef struct spool {
    spool_chunk_t *first; //  oldest bytes
    spool_chunk_t *last;  //  newest bytes
} spool_t;

//  Called with a range of bytes; false stops spool_drain.
typedef bool (spool_sink_fn) (void *argument, const char *bytes, size_t size);

spool_store_t *spool_store_new (size_t memory_bytes);
void spool_store_destroy (
    spool_store_t **self_p); //  all spools must be empty, or their memory leaks

//  CADRE_ERROR_IO when the file cannot be created or written, with a fault that names folder and
//  cure.
cadre_error_t spool_append (spool_store_t *store, spool_t *self, const void *bytes, size_t size,
                            fault_t *fault);

//  Passes all content to SINK and empties the spool. CADRE_ERROR_IO when the file cannot be read.
cadre_error_t spool_drain (spool_store_t *store, spool_t *self, spool_sink_fn *sink, void *argument,
                           fault_t *fault);

//  Empties the spool.
void spool_clear (spool_store_t *store, spool_t *self);

#endif
