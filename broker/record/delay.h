/*  delay.h - tasks that wait before their next try
 *
 *  A heap of (time, job, task) for all jobs, with one alarm. Entries are hints: the callback must
 *  check whether the task still waits.
 */

#ifndef BROKER_RECORD_DELAY_H_INCLUDED
#define BROKER_RECORD_DELAY_H_INCLUDED

#include "common/timers.h"

typedef struct delay delay_t;

//  wake is called from timers_run for every due entry; many entries are spread over several runs.
typedef void delay_wake_fn (void *owner, uint64_t job, uint32_t index);

delay_t *delay_new (timers_t *timers, delay_wake_fn *wake, void *owner);
void delay_destroy (delay_t **self_p);

//  Calls each for every entry, in no order; entries that no longer wait are included.
typedef void delay_each_fn (void *owner, uint64_t job, uint32_t index, int64_t due_us);
void delay_each (const delay_t *self, delay_each_fn *each, void *owner);

void delay_add (delay_t *self, int64_t due_us, uint64_t job, uint32_t index);

#endif
