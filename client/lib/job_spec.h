/*  job_spec.h - converts job options and commands to protocol fields
 *
 *  A spec owns the lists to which its fields point; the texts stay the caller's and must live as
 *  long. Any thread, one at a time.
 */

#ifndef CLIENT_LIB_JOB_SPEC_H_INCLUDED
#define CLIENT_LIB_JOB_SPEC_H_INCLUDED

#include "common/fault.h"
#include "common/wire.h"

#include <cadre.h>

//  Which parts of the options were inherited from the submitting process; they are not part of a
//  job's identity.
typedef struct job_spec_around {
    size_t environment; //  The first so many variables
    bool directory;     //  The directory
} job_spec_around_t;

typedef struct job_spec {
    wire_job_open_t fields; //  ref and uuid are empty
    buffer_t needs;         //  Behind fields.needs
    buffer_t command;       //  Behind fields.spec
    buffer_t causes;        //  Behind fields.causes
} job_spec_t;

//  Reads options (may be NULL) for a job of that kind (WIRE_KIND_...); around may be NULL: nothing
//  was inherited. CADRE_ERROR_ARGUMENT and a fault that names the option; the spec is empty then.
//  Free it in both cases.
cadre_error_t job_spec_of (job_spec_t *self, unsigned kind, const char *function,
                           const cadre_job_options_t *options, const job_spec_around_t *around,
                           fault_t *fault);
void job_spec_free (job_spec_t *self);

//  Packs a command: argv, or a line for the shell; input may be NULL; environment: NAME=VALUE, or
//  NULL.
cadre_error_t job_spec_pack_command (buffer_t *payload, const char *const *argv, const char *line,
                                     const void *input, size_t input_bytes,
                                     const char *const *environment, fault_t *fault);

#endif
