/*  wait_notice.h - whoever has waited for a job for 5 s is told what it waits for
 *
 *  Two kinds wait: the owner of an attached job, and a follower who goes on until its job has
 *  ended. Each is told in the words of explain.h, once for each cause: all that fit are full, a
 *  wait before the next try, a worker that is away, a job whose client has not sent all of it. That
 *  its task is being run is news to a follower alone. Jobs that nobody can run have unplaceable.h,
 *  which tells their owners.
 */

#ifndef BROKER_DIAGNOSIS_WAIT_NOTICE_H_INCLUDED
#define BROKER_DIAGNOSIS_WAIT_NOTICE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define WAIT_NOTICE_US 5000000 //  From when nothing moved to the word

struct hub;
struct job;

//  Once a beat, for each job. Returns what it cost, in visits of a task.
uint32_t wait_notice_look (struct hub *hub, struct job *job);

#endif
