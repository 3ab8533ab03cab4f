/*
 *  run_tasks.h - adds the commands of `cadre run` and `cadre submit` to a job
 *
 *  One thread calls run_tasks_feed; others may read what run_tasks_new created. Borrows options and
 *  reach.
 */
#ifndef CLIENT_CLI_RUN_RUN_TASKS_H_INCLUDED
#define CLIENT_CLI_RUN_RUN_TASKS_H_INCLUDED

#include <cadre.h>

#include "client/cli/base/broker_choice.h"
#include "client/cli/run/run_options.h"
#include "client/cli/run/task_output.h"

typedef struct run_tasks run_tasks_t;

//  EMIT (may be NULL) gets task_output_begin for each task before it is added.
run_tasks_t *run_tasks_new (run_options_t *options, const broker_choice_t *choice,
                            task_output_t *output);
void run_tasks_destroy (run_tasks_t **self_p);

//  The job ends with: this command; never; never, even if the broker is restarted.
typedef enum run_tasks_life {
    RUN_TASKS_ATTACHED,
    RUN_TASKS_DETACHED,
    RUN_TASKS_DURABLE
} run_tasks_life_t;

//  Opens the job for all tasks.
cadre_job_t *run_tasks_open (run_tasks_t *self, cadre_t *pool, run_tasks_life_t life);

//  Adds the next task. CADRE_ERROR_END after the last; CADRE_ERROR_CANCELLED after inputs_wake;
//  else a fault.
cadre_error_t run_tasks_feed (run_tasks_t *self, cadre_job_t *job, fault_t *fault);

//  Prints all commands instead (--dry-run).
cadre_error_t run_tasks_print (run_tasks_t *self, fault_t *fault);

//  Such as "exit 2", "signal 9 (KILL)", "timeout after 5s", "worker-lost: why"; the caller frees
//  it.
char *run_tasks_outcome (const cadre_event_t *event, int64_t timeout_ms);

//  Returns 0; 1 to 100: the number of failed tasks; 101: more.
int run_tasks_exit_code (uint64_t failed);

#endif
