/*
 *  bundle: the files that --send takes along.
 *
 *  cadre-worker and cadre-slot with every shared library that they and the plugins need but for
 *  those of the C library itself, plugins, and files for tasks. Each is known by its SHA-256; its
 *  place is where it will lie below the deployment's folder there:
 *
 *      bundle/cadre-worker, bundle/cadre-slot
 *      bundle/cadre-lib/NAME.so   the programs look for libraries beside themselves (RPATH)
 *      plugins/NAME.so            offered as ../plugins/NAME.so
 *      files/NAME                 in the working folder of the worker and its tasks
 *
 *  Contents are mapped, not read. Not changed after it was filled; then any thread may read it.
 */
#ifndef CLIENT_CLI_HOSTS_BUNDLE_H_INCLUDED
#define CLIENT_CLI_HOSTS_BUNDLE_H_INCLUDED

#include <stddef.h>

#include "common/fault.h"

#define BUNDLE_HASH_BYTES 65

typedef struct bundle bundle_t;

typedef struct bundle_file {
    char *place;                   // there
    char hash [BUNDLE_HASH_BYTES]; // SHA-256, in hexadecimal
    const void *bytes;             // contents
    size_t size;                   // of bytes
    unsigned mode;                 // permissions there
} bundle_file_t;

bundle_t *bundle_new (void);
void bundle_destroy (bundle_t **self_p);

//  The worker and what it needs. CADRE_ERROR_UNAVAILABLE when a program or library is not to be
//  found here.
cadre_error_t bundle_add_worker (bundle_t *self, fault_t *fault);

//  A plugin with what it needs, or a file for tasks. Two of one name are refused.
//  CADRE_ERROR_ARGUMENT, CADRE_ERROR_IO.
cadre_error_t bundle_add_plugin (bundle_t *self, const char *path, fault_t *fault);
cadre_error_t bundle_add_file (bundle_t *self, const char *path, fault_t *fault);

size_t bundle_count (const bundle_t *self);
const bundle_file_t *bundle_at (const bundle_t *self, size_t index);
const bundle_file_t *bundle_find (const bundle_t *self, const char *hash);

//  SHA-256 of bytes.
void bundle_hash (const void *bytes, size_t size, char hash [BUNDLE_HASH_BYTES]);

//  The name of the machine's kind, as `uname -m` prints it.
const char *bundle_machine (void);

#endif
