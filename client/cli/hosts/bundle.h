/*
 *  bundle.h - the files that --send copies to a host
 *
 *  cadre-worker and cadre-slot with every shared library that they and the plugins need, except the
 *  C library's own; plugins; and files for tasks. Each is identified by its SHA-256. Its place is
 *  its path below the deployment's folder on the host:
 *
 *      bundle/cadre-worker, bundle/cadre-slot
 *      bundle/cadre-lib/NAME.so   the programs find their libraries there (RPATH)
 *      plugins/NAME.so            passed as ../plugins/NAME.so
 *      files/NAME                 in the working folder of the worker and its tasks
 *
 *  Contents are mapped, not read. Read-only once it is filled; then any thread may use it.
 */
#ifndef CLIENT_CLI_HOSTS_BUNDLE_H_INCLUDED
#define CLIENT_CLI_HOSTS_BUNDLE_H_INCLUDED

#include <stddef.h>

#include "common/fault.h"

#define BUNDLE_HASH_BYTES 65

typedef struct bundle bundle_t;

typedef struct bundle_file {
    char *target;                  //  path on the host
    char hash [BUNDLE_HASH_BYTES]; //  SHA-256, in hexadecimal
    const void *bytes;             //  contents
    size_t size;                   //  of bytes
    unsigned mode;                 //  permissions on the host
} bundle_file_t;

bundle_t *bundle_new (void);
void bundle_destroy (bundle_t **self_p);

//  Adds the worker and what it needs. CADRE_ERROR_UNAVAILABLE when a program or library is not
//  found on this machine.
cadre_error_t bundle_add_worker (bundle_t *self, fault_t *fault);

//  Add a plugin with its libraries, or a file for tasks. Two files with the same name are an error.
//  CADRE_ERROR_ARGUMENT, CADRE_ERROR_IO.
cadre_error_t bundle_add_plugin (bundle_t *self, const char *path, fault_t *fault);
cadre_error_t bundle_add_file (bundle_t *self, const char *path, fault_t *fault);

size_t bundle_count (const bundle_t *self);
const bundle_file_t *bundle_at (const bundle_t *self, size_t index);
const bundle_file_t *bundle_find (const bundle_t *self, const char *hash);

//  Computes the SHA-256 of bytes.
void bundle_hash (const void *bytes, size_t size, char hash [BUNDLE_HASH_BYTES]);

//  The machine's architecture, as `uname -m` prints it.
const char *bundle_machine (void);

#endif
