/*
 *  follow.h - waits for a detached job, or prints its output or results
 *
 *  Each function prints errors on stderr and returns the exit code. Ctrl-C ends the wait, not the
 *  job. One thread.
 */
#ifndef CLIENT_CLI_RUN_FOLLOW_H_INCLUDED
#define CLIENT_CLI_RUN_FOLLOW_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/cli/output/table.h"

//  Waits until it has ended, for at most TIMEOUT_MS (-1: no limit; returns 75 then). Returns 0; 1
//  if a task failed; or, with LIKE_RUN, the number of failed tasks.
int follow_wait (cadre_t *pool, uint64_t number, int64_t timeout_ms, bool like_run);

typedef struct follow_logs {
    bool wait;      //  continue until the job has ended
    bool tag;       //  print the task's number before each line
    bool all_tries; //  also what failed and lost tries wrote
} follow_logs_t;

//  Prints the output of its tasks, by task; only of one TASK unless that is -1.
int follow_logs (cadre_t *pool, uint64_t number, int64_t task, const follow_logs_t *how);

//  Prints its results.
int follow_results (cadre_t *pool, uint64_t number, bool wait, table_format_t format);

#endif
