/*  dedup.h - what was heard of tasks, so that a broker that begins again tells nothing twice
 *
 *  A work that says itself again to a restarted broker hears some things a second time. What that
 *  means depends on whose job it is:
 *
 *  - followed: the broker kept results and output, and tells them from the start. Results and bytes
 *    that were heard are passed over.
 *  - attached: a task that had not ended runs anew, and what it writes is not the rest of what it
 *    wrote. Its listener is told: anew.
 *
 *  A zeroed dedup_t has heard nothing. Memory grows with the tasks that were heard of, never with
 *  what a peer names. The lock of whoever owns it.
 */

#ifndef CLIENT_LIB_SESSION_DEDUP_H_INCLUDED
#define CLIENT_LIB_SESSION_DEDUP_H_INCLUDED

#include "common/wire.h"

struct dedup_output;
struct dedup_results;

typedef struct dedup {
    struct dedup_output *outputs;  //  Tasks that wrote and have not ended, by index
    struct dedup_results *results; //  Followed: attempts of results, a page for a run of tasks
    bool again;                    //  The broker has begun again
} dedup_t;

//  The broker begins again.
void dedup_again (dedup_t *self);

//  ---- followed ----

//  Notes a result. False for one that was heard before.
bool dedup_result (dedup_t *self, uint32_t index, uint64_t attempt);

//  Notes output, and takes from it what was heard before. False when nothing is left.
bool dedup_output (dedup_t *self, wire_output_t *output);

//  ---- attached ----

//  Notes that a task writes. True when it had written at the broker before, and this is the first
//  of the new run.
bool dedup_writes (dedup_t *self, uint32_t index);

//  Notes that a task has ended. True when it had written at the broker before, and wrote nothing
//  since.
bool dedup_ends (dedup_t *self, uint32_t index);

void dedup_free (dedup_t *self);

#endif
