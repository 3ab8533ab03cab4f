/*  delay.h - tasks that wait before their next try
 *
 *  Each job has a heap of (time, task), which is counted and freed with the job. The broker has a
 *  heap of these jobs by their earliest entries, with one alarm. Entries are hints: the callback
 *  must check whether the task still waits.
 */

#ifndef BROKER_RECORD_DELAY_H_INCLUDED
#define BROKER_RECORD_DELAY_H_INCLUDED

#include "common/timers.h"

struct job;

typedef struct delay delay_t;

typedef struct delay_entry {
    int64_t due_us; //  When it is due
    uint32_t index; //  The task
} delay_entry_t;

//  Entries of a job, embedded in it; zero is empty.
typedef struct delays {
    delay_entry_t *heap; //  The earliest entry at 0
    size_t count;        //  Entries
    size_t capacity;     //  Entries allocated
    size_t heap_index;   //  Position of the job in the broker's heap, plus 1; 0: no entries
} delays_t;

//  wake is called from timers_run for every due entry; many entries are spread over several runs.
//  It may remove the job.
typedef void delay_wake_fn (void *owner, struct job *job, uint32_t index);

delay_t *delay_new (timers_t *timers, delay_wake_fn *wake, void *owner);
void delay_destroy (delay_t **self_p);

void delay_add (delay_t *self, struct job *job, int64_t due_us, uint32_t index);

//  Removes all entries of a job. Call it before the job is removed.
void delay_leave (delay_t *self, struct job *job);

#endif
