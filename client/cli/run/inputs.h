/*
 *  inputs.h - the arguments of tasks, one record at a time
 *
 *  Sources are lists of words (:::) and files (::::, -a, stdin). Several sources give all
 *  combinations; the first one changes slowest. The first source is read on demand, so it may be
 *  endless; the others are kept in memory, because they are used repeatedly. A record of a file is
 *  a line, or ends with NUL (-0).
 *
 *  inputs_next may block while it waits for a pipe; inputs_wake, from any thread, ends that. All
 *  other calls: one thread.
 */
#ifndef CLIENT_CLI_RUN_INPUTS_H_INCLUDED
#define CLIENT_CLI_RUN_INPUTS_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

#define INPUTS_RECORD_MAX (64u << 20) //  bytes of one record

typedef struct inputs inputs_t;

inputs_t *inputs_new (void);
void inputs_destroy (inputs_t **self_p);

//  Words are borrowed and must outlive the inputs.
void inputs_add_words (inputs_t *self, char *const *words, size_t count);

//  "-" is stdin. CADRE_ERROR_NOT_FOUND or _IO with a fault that names the file.
cadre_error_t inputs_add_file (inputs_t *self, const char *path, fault_t *fault);

//  Number of sources.
size_t inputs_sources (const inputs_t *self);

//  Records of files end with this byte; the default is '\n'.
void inputs_set_end (inputs_t *self, char end);

//  Combines up to COUNT records of a single source.
void inputs_set_group (inputs_t *self, size_t count);

//  Number of records, if it is known before reading, which is the case for words only.
bool inputs_known (const inputs_t *self, uint64_t *count);

//  The next record: *VALUES has *COUNT texts, which stay valid until the next call. CADRE_ERROR_END
//  after the last one, CADRE_ERROR_CANCELLED after inputs_wake.
cadre_error_t inputs_next (inputs_t *self, const char *const **values, size_t *count,
                           fault_t *fault);

//  Would inputs_next block? Checks the first source; false as soon as the beginning of a record is
//  available.
bool inputs_would_wait (const inputs_t *self);

//  Length of the first value of the last record, which may contain NUL bytes when records of files
//  end with '\n'.
size_t inputs_first_bytes (const inputs_t *self);

void inputs_wake (inputs_t *self);

#endif
