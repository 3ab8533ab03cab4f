/*  patience.h - whoever has waited for a job for 5 s is told what it waits for
 *
 *  Two kinds wait: the owner of an attached job, and a follower who goes on until its job has ended. Each is told in the words of
 *  explain.h, once for each cause: all that fit are full, a wait before the next try, a worker that is away, a job whose client has not sent
 *  all of it. That its task is being run is news to a follower alone. Jobs that nobody can run have doubt.h, which tells their owners.
 */

#ifndef BROKER_PATIENCE_H_INCLUDED
#define BROKER_PATIENCE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define PATIENCE_US 5000000 //  From when nothing moved to the word

struct hub;
struct job;

//  What one who waits knows. A plain value, part of a job (its owner's) or a follower; zero is a fresh one.
typedef struct patience {
    int64_t since_us; //  When it last saw something move; 0: it has not looked yet
    uint64_t seen;    //  A mark that changes when something moves
    uint8_t cause;    //  What it waited for then
    uint8_t told;     //  Causes that it was told of, as bits
} patience_t;

//  Once a beat, for each job. Returns what it cost, in visits of a task.
uint32_t patience_look (struct hub *hub, struct job *job);

#endif
