/*
 *  inputs: the arguments of tasks, one record at a time.
 *
 *  Sources are lists of words (:::) and files (::::, -a, stdin). Several sources give all
 *  combinations, the first one changing slowest. The first source is read as records are taken, so
 *  it may be endless; the others are kept, since they are needed again and again. A record of a
 *  file is a line, or ends with NUL (-0).
 *
 *  The reader may block in inputs_next while it waits for a pipe; inputs_wake, from any thread,
 *  ends that. Everything else: one thread.
 */
#ifndef CLIENT_CLI_RUN_INPUTS_H_INCLUDED
#define CLIENT_CLI_RUN_INPUTS_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

#define INPUTS_RECORD_MAX (64u << 20) // bytes of one record

typedef struct inputs inputs_t;

inputs_t *inputs_new (void);
void inputs_destroy (inputs_t **self_p);

//  Words are borrowed: they must live as long as the inputs.
void inputs_add_words (inputs_t *self, char *const *words, size_t count);

//  "-" is stdin. CADRE_ERROR_NOT_FOUND or _IO with a fault that names the file.
cadre_error_t inputs_add_file (inputs_t *self, const char *path, fault_t *fault);

//  How many sources there are.
size_t inputs_sources (const inputs_t *self);

//  Records of files end with this byte; '\n' unless it is set.
void inputs_set_end (inputs_t *self, char end);

//  Take up to COUNT records of a single source as one.
void inputs_set_group (inputs_t *self, size_t count);

//  How many records there will be, if that is known before reading: only words.
bool inputs_known (const inputs_t *self, uint64_t *count);

//  The next record: *VALUES has *COUNT texts, which stay valid until the next call. CADRE_ERROR_END
//  after the last one, CADRE_ERROR_CANCELLED after inputs_wake.
cadre_error_t inputs_next (inputs_t *self, const char *const **values, size_t *count,
                           fault_t *fault);

//  Would inputs_next wait? Looks at the first source; it is said that it would not when the
//  beginning of a record is there.
bool inputs_would_wait (const inputs_t *self);

//  Records of files may hold NUL bytes when they end with '\n': the length of the first value of
//  the last record.
size_t inputs_first_bytes (const inputs_t *self);

void inputs_wake (inputs_t *self);

#endif
