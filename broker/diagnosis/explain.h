/*  explain.h - explains the state of a task in one sentence
 *
 *  Which worker has it and since when, what it waits for and until when, and what must happen next.
 */

#ifndef BROKER_DIAGNOSIS_EXPLAIN_H_INCLUDED
#define BROKER_DIAGNOSIS_EXPLAIN_H_INCLUDED

#include "broker/core/context.h"
#include "broker/record/job.h"

//  One line of UTF-8 about a task of the job. Returns buffer.
const char *explain_task (context_t *ctx, job_t *job, uint32_t index, char *buffer, size_t size);

#endif
