/*
 *  spool: output of tasks that has to wait for its turn.
 *
 *  A store keeps up to its limit in memory, for all its spools together; what comes beyond goes to
 *  one unlinked file in $TMPDIR, which shrinks to nothing whenever nothing of it is needed any
 *  more. A spool is one stream of one task: bytes go in at the end and are taken out once, in
 *  order. One thread at a time.
 */
#ifndef CLIENT_CLI_RUN_SPOOL_H_INCLUDED
#define CLIENT_CLI_RUN_SPOOL_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

typedef struct spool_store spool_store_t;
typedef struct spool_chunk spool_chunk_t;

typedef struct spool {
    spool_chunk_t *first; // oldest bytes
    spool_chunk_t *last;  // newest bytes
} spool_t;

//  Called with a run of bytes; false ends spool_drain.
typedef bool (spool_sink_fn) (void *argument, const char *bytes, size_t size);

spool_store_t *spool_store_new (size_t memory_bytes);
void spool_store_destroy (
    spool_store_t **self_p); // all spools are empty by then, or their memory is lost

//  CADRE_ERROR_IO when the file cannot be made or written, with a fault that names folder and cure.
cadre_error_t spool_append (spool_store_t *store, spool_t *self, const void *bytes, size_t size,
                            fault_t *fault);

//  Hand everything to SINK and empty the spool. CADRE_ERROR_IO when the file cannot be read.
cadre_error_t spool_drain (spool_store_t *store, spool_t *self, spool_sink_fn *sink, void *argument,
                           fault_t *fault);

//  Empty it.
void spool_clear (spool_store_t *store, spool_t *self);

#endif
