/*  explain.h - in a sentence, why a task is where it is
 *
 *  What nobody can see from outside: who holds it and since when, what it waits for and until when,
 *  what must happen.
 */

#ifndef BROKER_DIAGNOSIS_EXPLAIN_H_INCLUDED
#define BROKER_DIAGNOSIS_EXPLAIN_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/record/job.h"

//  One line of UTF-8 about a task that the job has. Returns buffer.
const char *explain_task (hub_t *hub, job_t *job, uint32_t index, char *buffer, size_t size);

#endif
