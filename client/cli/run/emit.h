/*
 *  emit: what tasks print, on its way to our stdout and stderr.
 *
 *  By default the output of a task is kept until the task has ended, so that outputs never mix;
 *  with order, until all tasks before it have ended, too. EMIT_LINES passes on whole lines at once,
 *  EMIT_RAW everything at once. A task is begun, prints, ends, and is forgotten. A note (how it
 *  failed) is said right after its output.
 *
 *  The first write that fails ends all writing; emit_error tells, and the caller winds up. One
 *  thread may begin tasks while another one does the rest.
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

//  Tasks are begun in the order of their index, from 0. TAG (may be NULL) stands before each line.
//  TEXT is what emit_text gives back. Both are consumed (malloc'ed).
void emit_begin (emit_t *self, uint32_t index, char *tag, char *text);

//  What the command of a task looks like, or "" for one that is not known; valid until the task was
//  printed.
const char *emit_text (emit_t *self, uint32_t index);

//  STREAM is 1 (stdout) or 2 (stderr).
void emit_output (emit_t *self, uint32_t index, int stream, const void *bytes, size_t size);

//  The task runs anew: what it wrote before is void. Of what was printed already, as many bytes of
//  the new output are passed over.
void emit_anew (emit_t *self, uint32_t index);

//  The task has ended. NOTE (malloc'ed, consumed, may be NULL) is said after its output.
void emit_end (emit_t *self, uint32_t index, char *note);

//  Tasks that were begun and are not printed yet.
uint64_t emit_waiting (emit_t *self);

//  Print what is there of tasks that have not ended, in order: for the end after an interruption.
void emit_flush (emit_t *self);

//  CADRE_ERROR_IO once a write has failed.
cadre_error_t emit_error (emit_t *self, fault_t *fault);

#endif
