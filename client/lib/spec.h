/*  spec.h - options of a job, and commands, as the protocol says them
 *
 *  A spec owns the lists behind the fields that it fills in; the texts stay the caller's and must
 *  live as long. Any thread, one at a time.
 */

#ifndef CLIENT_LIB_SPEC_H_INCLUDED
#define CLIENT_LIB_SPEC_H_INCLUDED

#include "common/fault.h"
#include "common/wire.h"

#include <cadre.h>

//  What of the options was just around whoever submits: no part of what a uuid names.
typedef struct spec_around {
    size_t environment; //  So many variables, from the start
    bool directory;     //  It
} spec_around_t;

typedef struct spec {
    wire_job_open_t fields; //  ref and uuid are empty
    buffer_t needs;         //  Behind fields.needs
    buffer_t command;       //  Behind fields.spec
    buffer_t causes;        //  Behind fields.causes
} spec_t;

//  Reads options (may be NULL) for a job of a kind (WIRE_KIND_...); around may be NULL: nothing is.
//  CADRE_ERROR_ARGUMENT and a fault that names the option; the spec is empty then. Free it either
//  way.
cadre_error_t spec_of (spec_t *self, unsigned kind, const char *function,
                       const cadre_job_options_t *options, const spec_around_t *around,
                       fault_t *fault);
void spec_free (spec_t *self);

//  Packs a command: argv, or a line for the shell; input may be NULL; environment: NAME=VALUE, or
//  NULL.
cadre_error_t spec_pack_command (buffer_t *payload, const char *const *argv, const char *line,
                                 const void *input, size_t input_bytes,
                                 const char *const *environment, fault_t *fault);

#endif
