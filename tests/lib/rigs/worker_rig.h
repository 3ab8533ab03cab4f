/*  worker_rig.h - rig: a real worker in a thread; its broker is played by the test
 *
 *  The test opens jobs, sends tasks, and waits for their results. Windows are watched. Errors end
 *  the process by assert, waits end after 20 s.
 */

#ifndef TESTS_LIB_RIGS_WORKER_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_WORKER_RIG_H_INCLUDED

#include "common/wire.h"
#include "worker/worker.h"

typedef struct worker_rig worker_rig_t;

typedef struct worker_rig_result {
    uint64_t serial;         // of the lease
    cadre_outcome_t outcome; // NONE: it was returned; WORKER_LOST: it was lost with a session
    int64_t code;            // exit code or signal
    buffer_t value;          // one msgpack value
    char detail [1024];      // "kind: message", empty if there is none
    bool abandoned;          // a thread was left behind
} worker_rig_result_t;

//  Starts the worker and waits until its lane is open. The name in OPTIONS is filled in, and the
//  broker where there is none: inproc then.
worker_rig_t *worker_rig_new (worker_options_t options);

//  Stops the worker if it still runs.
void worker_rig_destroy (worker_rig_t **self_p);

void worker_rig_open_job (worker_rig_t *self, uint64_t job, unsigned kind, const char *function,
                          uint64_t timeout_ms, uint64_t grace_ms);

//  A task of a call job with one integer; returns its serial.
uint64_t worker_rig_call (worker_rig_t *self, uint64_t job, int64_t argument);

//  A task with any payload, sent in parts when it is large; takes its content.
uint64_t worker_rig_send (worker_rig_t *self, uint64_t job, buffer_t *payload);

//  A task of a command job: a line for the shell.
uint64_t worker_rig_line (worker_rig_t *self, uint64_t job, const char *line);

void worker_rig_cancel (worker_rig_t *self, uint64_t serial);
void worker_rig_drain (worker_rig_t *self, uint32_t timeout_ms);

//  Waits for the result of a lease; the rig owns it.
const worker_rig_result_t *worker_rig_wait (worker_rig_t *self, uint64_t serial);

//  Plays the broker for so long.
void worker_rig_pass_ms (worker_rig_t *self, int ms);

//  Makes the worker register anew, as a broker does that has forgotten it. Its leases are adopted
//  when ADOPT.
void worker_rig_forget (worker_rig_t *self, bool adopt);

//  Sends a frame as it is, through the lane of the session or on back; frees it.
void worker_rig_raw (worker_rig_t *self, bool lane, buffer_t *frame);
uint64_t worker_rig_session (const worker_rig_t *self);

//  Waits until the worker has left by itself.
void worker_rig_wait_end (worker_rig_t *self);

//  What was written by tasks, in all.
const buffer_t *worker_rig_output (const worker_rig_t *self);
size_t worker_rig_functions (const worker_rig_t *self); // that the worker offers

#endif
