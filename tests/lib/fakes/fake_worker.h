/*  fake_worker.h - fake: the worker as its slot meets it
 *
 *  Runs slot_serve on a thread of the test and talks to it over a socketpair.
 *  Everything waits for messages, for 30 s at most: then the test fails.
 *
 *      fake_worker_t *worker = fake_worker_new (functions, true, NULL);
 *      fake_worker_start (worker, NULL, NULL);
 *      fake_worker_job (worker, 1, WIRE_KIND_CALL, "square", NULL);
 *      fake_worker_call (worker, 1, "[i]", (int64_t) 7);
 *      fake_result_t *result = fake_worker_result (worker);
 */

#ifndef TESTS_LIB_FAKES_FAKE_WORKER_H_INCLUDED
#define TESTS_LIB_FAKES_FAKE_WORKER_H_INCLUDED

#include "common/wire.h"
#include "worker/slot/slot.h"

#include <cadre.h>

typedef struct fake_worker fake_worker_t;

//  What came for one ticket, up to its result. Belongs to the worker; the next one replaces it.
typedef struct fake_result {
    uint32_t ticket;         //  Of the result
    cadre_outcome_t outcome; //  Likewise
    int code;                //  Likewise
    cadre_value_t *value;    //  Never NULL
    cadre_value_t *detail;   //  Never NULL
    buffer_t streams [6];    //  Output before it, by stream, with a NUL behind each
    size_t outputs;          //  Messages of output
} fake_result_t;

//  thread false: commands are allowed. clock NULL: the real one.
fake_worker_t *fake_worker_new (const cadre_function_t *functions, bool thread,
                                const clock_source_t *clock);

//  Closes the socket, waits for the slot, and returns what it returned.
int fake_worker_destroy (fake_worker_t **self_p);
void fake_worker_close (fake_worker_t *self); //  Closes the socket alone

//  Sends slot_start and returns slot_ready's code; names (NULL-terminated, or NULL).
int fake_worker_start (fake_worker_t *self, const char *const *plugins, const char *const *program);
const char *fake_worker_message (const fake_worker_t *self); //  Of slot_ready
const char *fake_worker_functions (
    const fake_worker_t *self); //  Of slot_ready: "square(i) cube(i)"

typedef struct fake_job {
    uint64_t timeout_ms;       //  0: none
    uint64_t grace_ms;         //  From SIGTERM to SIGKILL
    const cadre_value_t *spec; //  NULL: nil
} fake_job_t;

void fake_worker_job (fake_worker_t *self, uint64_t job, unsigned kind, const char *function,
                      const fake_job_t *options);

//  Gather messages to be sent by fake_worker_flush, or by the next wait. The payload is consumed.
//  Returns the ticket.
uint32_t fake_worker_task (fake_worker_t *self, uint64_t job, uint64_t output_bytes,
                           cadre_value_t **payload);
//  The same, for a task that is not begun later than that.
uint32_t fake_worker_task_by (fake_worker_t *self, uint64_t job, uint64_t begin_by_us,
                              cadre_value_t **payload);
void fake_worker_window (fake_worker_t *self, uint32_t ticket, uint64_t bytes);
void fake_worker_cancel (fake_worker_t *self, uint32_t ticket); //  In the page too
void fake_worker_raw (fake_worker_t *self, const void *bytes, size_t size_bytes);
void fake_worker_flush (fake_worker_t *self);

ticket_page_t *fake_worker_page (fake_worker_t *self);

//  Takes back what the slot has not begun; returns how many, from *first on.
uint32_t fake_worker_revoke (fake_worker_t *self, uint32_t *first);

//  Has the slot claimed it?
bool fake_worker_has_begun (fake_worker_t *self, uint32_t ticket);

//  Waits for the next message of output, which stays in what fake_worker_result gives; returns its
//  stream.
unsigned fake_worker_output (fake_worker_t *self);
//  Bytes of output of the ticket that has no result yet.
size_t fake_worker_gathered (const fake_worker_t *self, unsigned stream);
//  Waits for the next result.
fake_result_t *fake_worker_result (fake_worker_t *self);
//  Waits until the slot has closed; false when it sent something instead.
bool fake_worker_ended (fake_worker_t *self);

#endif
