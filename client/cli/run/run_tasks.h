/*
 *  tasks.h - adds the commands of `cadre run` and `cadre submit` to a job
 *
 *  One thread calls tasks_feed; others may read what tasks_new created. Borrows options and reach.
 */
#ifndef CLIENT_CLI_RUN_TASKS_H_INCLUDED
#define CLIENT_CLI_RUN_TASKS_H_INCLUDED

#include <cadre.h>

#include "client/cli/base/broker_choice.h"
#include "client/cli/run/run_options.h"
#include "client/cli/run/task_output.h"

typedef struct tasks tasks_t;

//  EMIT (may be NULL) gets emit_begin for each task before it is added.
tasks_t *tasks_new (run_options_t *options, const reach_t *reach, emit_t *emit);
void tasks_destroy (tasks_t **self_p);

//  The job ends with: this command; never; never, even if the broker is restarted.
typedef enum tasks_life { TASKS_ATTACHED, TASKS_DETACHED, TASKS_DURABLE } tasks_life_t;

//  Opens the job for all tasks.
cadre_job_t *tasks_open (tasks_t *self, cadre_t *pool, tasks_life_t life);

//  Adds the next task. CADRE_ERROR_END after the last; CADRE_ERROR_CANCELLED after inputs_wake;
//  else a fault.
cadre_error_t tasks_feed (tasks_t *self, cadre_job_t *job, fault_t *fault);

//  Prints all commands instead (--dry-run).
cadre_error_t tasks_print (tasks_t *self, fault_t *fault);

//  Such as "exit 2", "signal 9 (KILL)", "timeout after 5s", "worker-lost: why"; the caller frees
//  it.
char *tasks_outcome (const cadre_event_t *event, int64_t timeout_ms);

//  Returns 0; 1 to 100: the number of failed tasks; 101: more.
int tasks_exit_code (uint64_t failed);

#endif
