/*  stream.h - durable jobs through a broker, one after the other: submitted, synced, followed, each
 *  result checked, forgotten
 *
 *  Four threads share the work, and several jobs are on their way at a time, so that nobody waits
 *  for a disk in turn. What is counted is tasks whose whole life is on the broker's disk:
 *  submitted, ended, and forgotten. A result that is wrong, missing or there twice ends the
 *  program.
 */

#ifndef TESTS_BENCH_STREAM_H_INCLUDED
#define TESTS_BENCH_STREAM_H_INCLUDED

#include "tests/bench/bench.h"

//  Sends tasks through in jobs of so many, each with a text of pad bytes beside its number; returns
//  the seconds that it took.
double stream_run (cadre_t *pool, uint64_t tasks, uint32_t job_tasks, size_t pad);

//  A job of square, sealed and synced, that only a worker with the label can run (NULL: any);
//  returns its number.
uint64_t stream_submit (cadre_t *pool, uint64_t tasks, size_t pad, const char *label);

//  Follows a job until its end, and ends the program unless all of its results are right.
void stream_check (cadre_t *pool, uint64_t number, uint64_t tasks);

//  A job that has ended; stream_cancel ends it first.
void stream_forget (cadre_t *pool, uint64_t number);
void stream_cancel (cadre_t *pool, uint64_t number);

//  What the broker says of its store.
typedef struct stream_store {
    uint64_t file_bytes;    //  What it takes up
    uint64_t live_bytes;    //  What is needed of it
    uint64_t commits;       //  Since the broker opened it
    uint64_t written_bytes; //  In these commits
} stream_store_t;

stream_store_t stream_store (cadre_t *pool);

#endif
