/*  dedup.h - drops repeated results and output after a restart of the broker
 *
 *  A work that is resubmitted to a restarted broker receives some results and output a second time.
 *  The meaning depends on the kind of job:
 *
 *  - followed: the broker kept results and output, and sends them from the start. Results and bytes
 *    that were received before are skipped.
 *  - attached: a task that had not ended runs again, and its output does not continue the earlier
 *    output. The listener gets anew = true.
 *
 *  A zeroed dedup_t is empty. Memory grows with the tasks that were seen, never with a number that
 *  a peer sends. Protected by its owner's lock.
 */

#ifndef CLIENT_LIB_SESSION_DEDUP_H_INCLUDED
#define CLIENT_LIB_SESSION_DEDUP_H_INCLUDED

#include "common/wire.h"

struct dedup_output;
struct dedup_results;

typedef struct dedup {
    struct dedup_output *outputs;  //  Tasks with output that have not ended, by index
    struct dedup_results *results; //  Followed: attempts of results, in pages of consecutive tasks
    bool again;                    //  The broker was restarted
} dedup_t;

//  The broker was restarted.
void dedup_again (dedup_t *self);

//  ---- followed ----

//  Records a result. False when it was received before.
bool dedup_result (dedup_t *self, uint32_t index, uint64_t attempt);

//  Records output, and removes the part that was received before. False when nothing remains.
bool dedup_output (dedup_t *self, wire_output_t *output);

//  ---- attached ----

//  Records that a task writes. True when it also wrote at the earlier broker, and this is the first
//  output of the new run.
bool dedup_writes (dedup_t *self, uint32_t index);

//  Records that a task has ended. True when it wrote at the earlier broker, and has written nothing
//  since.
bool dedup_ends (dedup_t *self, uint32_t index);

void dedup_free (dedup_t *self);

#endif
