/*  wait_notice.h - tells clients why a job makes no progress for 5 s
 *
 *  Notices go to the owner of an attached job, and to followers that wait for the end of their job.
 *  The text is that of explain.h, sent once for each cause: all workers that fit are busy, a wait
 *  before the next try, a worker that is away, a job whose client has not sent everything. Only
 *  followers are told that a task is running. For jobs that no worker can run, unplaceable.h
 *  informs the owner.
 */

#ifndef BROKER_DIAGNOSIS_WAIT_NOTICE_H_INCLUDED
#define BROKER_DIAGNOSIS_WAIT_NOTICE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define WAIT_NOTICE_US 5000000 //  Time without progress until the notice

struct context;
struct job;

//  Checks one job. Call once per beat interval. Returns the cost, in visits of a task.
uint32_t wait_notice_look (struct context *ctx, struct job *job);

#endif
