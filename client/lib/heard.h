/*  heard.h - what was heard of tasks, so that a broker that begins again tells nothing twice
 *
 *  A work that says itself again to a restarted broker hears some things a second time. What that means depends on whose job it is:
 *
 *  - followed: the broker kept results and output, and tells them from the start. Results and bytes that were heard are passed over.
 *  - attached: a task that had not ended runs anew, and what it writes is not the rest of what it wrote. Its listener is told: anew.
 *
 *  A zeroed heard_t has heard nothing. Memory grows with the tasks that were heard of, never with what a peer names. The lock of whoever owns it.
 */

#ifndef CLIENT_LIB_HEARD_H_INCLUDED
#define CLIENT_LIB_HEARD_H_INCLUDED

#include "common/wire.h"

struct heard_output;
struct heard_results;

typedef struct heard {
    struct heard_output *outputs;  //  Tasks that wrote and have not ended, by index
    struct heard_results *results; //  Followed: attempts of results, a page for a run of tasks
    bool again;                    //  The broker has begun again
} heard_t;

//  The broker begins again.
void heard_again (heard_t *self);

//  ---- followed ----

//  Notes a result. False for one that was heard before.
bool heard_result (heard_t *self, uint32_t index, uint64_t attempt);

//  Notes output, and takes from it what was heard before. False when nothing is left.
bool heard_output (heard_t *self, wire_output_t *output);

//  ---- attached ----

//  Notes that a task writes. True when it had written at the broker before, and this is the first of the new run.
bool heard_writes (heard_t *self, uint32_t index);

//  Notes that a task has ended. True when it had written at the broker before, and wrote nothing since.
bool heard_ends (heard_t *self, uint32_t index);

void heard_free (heard_t *self);

#endif
