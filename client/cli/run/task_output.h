/*
 *  task_output.h - writes the output of tasks to our stdout and stderr
 *
 *  By default the output of a task is kept until the task has ended, so outputs never mix; with
 *  `ordered`, until all earlier tasks have ended, too. TASK_OUTPUT_LINES writes whole lines at
 *  once, TASK_OUTPUT_RAW everything at once. For each task call task_output_begin,
 *  task_output_write, task_output_end; and before the last two task_output_try, unless the output
 *  of all tries is wanted. A note (how the task failed) is printed after its output.
 *
 *  The first write error stops all writing; task_output_error reports it, and the caller must end.
 *  One thread may call task_output_begin while another one calls the rest.
 */
#ifndef CLIENT_CLI_RUN_TASK_OUTPUT_H_INCLUDED
#define CLIENT_CLI_RUN_TASK_OUTPUT_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

typedef struct task_output task_output_t;

typedef enum task_output_mode {
    TASK_OUTPUT_GROUPED = 0,
    TASK_OUTPUT_LINES,
    TASK_OUTPUT_RAW
} task_output_mode_t;

task_output_t *task_output_new (task_output_mode_t mode, bool ordered);
void task_output_destroy (task_output_t **self_p);

//  Tasks begin in the order of their index, from 0. TAG (may be NULL) is printed before each line.
//  TEXT is returned by task_output_text. Both are consumed (malloc'ed).
void task_output_begin (task_output_t *self, uint32_t index, char *tag, char *text);

//  Has the task begun, and is it not printed yet?
bool task_output_has (task_output_t *self, uint32_t index);

//  The text of a task's command, or "" for an unknown task; valid until the task was printed.
const char *task_output_text (task_output_t *self, uint32_t index);

//  STREAM is 1 (stdout) or 2 (stderr).
void task_output_write (task_output_t *self, uint32_t index, int stream, const void *bytes,
                        size_t size);

//  Output of this try, or its result, follows: what earlier tries wrote is void. True when some of
//  that is printed already.
bool task_output_try (task_output_t *self, uint32_t index, unsigned attempt);

//  The task runs again: its earlier output is void. As many bytes of the new output as were already
//  printed are skipped.
void task_output_anew (task_output_t *self, uint32_t index);

//  The task has ended. NOTE (malloc'ed, consumed, may be NULL) is printed after its output.
void task_output_end (task_output_t *self, uint32_t index, char *note);

//  Number of tasks that have begun and are not printed yet.
uint64_t task_output_waiting (task_output_t *self);

//  Prints the available output of tasks that have not ended, in order: used after an interruption.
void task_output_flush (task_output_t *self);

//  CADRE_ERROR_IO after a write error.
cadre_error_t task_output_error (task_output_t *self, fault_t *fault);
//  Was it that the reader of stdout or stderr has closed it?
bool task_output_is_closed (task_output_t *self);

#endif
