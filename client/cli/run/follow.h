/*
 *  follow: a detached job, by its number.
 *
 *  Each function says on stderr what goes wrong and returns the exit code. Ctrl-C ends the waiting,
 *  not the job. One thread.
 */
#ifndef CLIENT_CLI_RUN_FOLLOW_H_INCLUDED
#define CLIENT_CLI_RUN_FOLLOW_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/cli/output/table.h"

//  Wait until it has ended, for at most TIMEOUT_MS (-1: no limit; then 75). 0; 1 if a task failed,
//  or, with LIKE_RUN, how many did.
int follow_wait (cadre_t *pool, uint64_t number, int64_t timeout_ms, bool like_run);

//  Print what its tasks wrote, by task; of one TASK only unless that is -1. WAIT: go on until it
//  has ended.
int follow_logs (cadre_t *pool, uint64_t number, int64_t task, bool wait, bool tag);

//  Print its results.
int follow_results (cadre_t *pool, uint64_t number, bool wait, table_format_t format);

#endif
