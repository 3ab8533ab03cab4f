/*
 *  emit.h - writes the output of tasks to our stdout and stderr
 *
 *  By default the output of a task is kept until the task has ended, so outputs never mix; with
 *  `ordered`, until all earlier tasks have ended, too. EMIT_LINES writes whole lines at once,
 *  EMIT_RAW everything at once. For each task call emit_begin, emit_output, emit_end. A note (how
 *  the task failed) is printed after its output.
 *
 *  The first write error stops all writing; emit_error reports it, and the caller must end. One
 *  thread may call emit_begin while another one calls the rest.
 */
#ifndef CLIENT_CLI_RUN_EMIT_H_INCLUDED
#define CLIENT_CLI_RUN_EMIT_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

typedef struct emit emit_t;

typedef enum emit_mode { EMIT_GROUPED = 0, EMIT_LINES, EMIT_RAW } emit_mode_t;

emit_t *emit_new (emit_mode_t mode, bool ordered);
void emit_destroy (emit_t **self_p);

//  Tasks begin in the order of their index, from 0. TAG (may be NULL) is printed before each line.
//  TEXT is returned by emit_text. Both are consumed (malloc'ed).
void emit_begin (emit_t *self, uint32_t index, char *tag, char *text);

//  The text of a task's command, or "" for an unknown task; valid until the task was printed.
const char *emit_text (emit_t *self, uint32_t index);

//  STREAM is 1 (stdout) or 2 (stderr).
void emit_output (emit_t *self, uint32_t index, int stream, const void *bytes, size_t size);

//  The task runs again: its earlier output is void. As many bytes of the new output as were already
//  printed are skipped.
void emit_anew (emit_t *self, uint32_t index);

//  The task has ended. NOTE (malloc'ed, consumed, may be NULL) is printed after its output.
void emit_end (emit_t *self, uint32_t index, char *note);

//  Number of tasks that have begun and are not printed yet.
uint64_t emit_waiting (emit_t *self);

//  Prints the available output of tasks that have not ended, in order: used after an interruption.
void emit_flush (emit_t *self);

//  CADRE_ERROR_IO after a write error.
cadre_error_t emit_error (emit_t *self, fault_t *fault);

#endif
