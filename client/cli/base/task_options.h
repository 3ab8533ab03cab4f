/*
 *  tries_options.h - options of tasks, shared by run, submit, call and map: where they may run, for
 *  how long, and how often
 *
 *  An argp child; its input is a tries_options_t. One thread.
 */
#ifndef CLIENT_CLI_BASE_TRIES_OPTIONS_H_INCLUDED
#define CLIENT_CLI_BASE_TRIES_OPTIONS_H_INCLUDED

#include <argp.h>
#include <cadre.h>

typedef struct tries_options {
    int64_t timeout_ms;       //  --timeout, one try; 0: none
    unsigned retries;         //  --retries N
    const char *retry_limits; //  --retries CAUSE=N,..., or NULL
    bool no_rerun;            //  --no-rerun: a task whose worker was lost fails
    int64_t backoff_ms;       //  --backoff, or 0
    int64_t expire_ms;        //  --expire, or 0
    const char **needs;       //  --needs, NULL-terminated, or NULL
} tries_options_t;

extern const struct argp tries_options_argp;

//  Job options with these values; the others are zero.
cadre_job_options_t tries_options_job (const tries_options_t *self);

void tries_options_clear (tries_options_t *self);

#endif
