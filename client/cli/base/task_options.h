/*
 *  task_options.h - options of tasks, shared by run, submit, call and map: where they may run, for
 *  how long, and how often
 *
 *  An argp child; its input is a task_options_t. One thread.
 */
#ifndef CLIENT_CLI_BASE_TASK_OPTIONS_H_INCLUDED
#define CLIENT_CLI_BASE_TASK_OPTIONS_H_INCLUDED

#include <argp.h>
#include <cadre.h>

typedef struct task_options {
    int64_t timeout_ms;       //  --timeout, one try; 0: none
    unsigned retries;         //  --retries N
    const char *retry_limits; //  --retries CAUSE=N,..., or NULL
    bool no_rerun;            //  --no-rerun: a task whose worker was lost fails
    int64_t backoff_ms;       //  --backoff, or 0
    int64_t expire_ms;        //  --expire, or 0
    const char **needs;       //  --needs, NULL-terminated, or NULL
} task_options_t;

extern const struct argp task_options_argp;

//  Job options with these values; the others are zero.
cadre_job_options_t task_options_job (const task_options_t *self);

void task_options_clear (task_options_t *self);

#endif
