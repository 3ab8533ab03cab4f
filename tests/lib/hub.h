/*
 *  hub: a broker for one worker, played by a test, with a real worker in a thread of its own.
 *
 *  The test opens jobs, sends tasks, and waits for their results. Windows are watched. Everything
 *  fails the process by assert, waits end after 20 s.
 */
#ifndef TESTS_LIB_HUB_H_INCLUDED
#define TESTS_LIB_HUB_H_INCLUDED

#include "common/wire.h"
#include "worker/worker.h"

typedef struct hub hub_t;

typedef struct hub_result {
    uint64_t serial;         // of the lease
    cadre_outcome_t outcome; // NONE: it was returned; WORKER_LOST: it was lost with a session
    int64_t code;            // exit code or signal
    buffer_t value;          // one msgpack value
    char detail [1024];      // "kind: message", empty if there is none
    bool abandoned;          // a thread was left behind
} hub_result_t;

//  Starts the worker and waits until its lane is open. The name in OPTIONS is filled in, and the
//  broker where there is none: inproc then.
hub_t *hub_new (worker_options_t options);

//  Stops the worker if it still runs.
void hub_destroy (hub_t **self_p);

void hub_open_job (hub_t *self, uint64_t job, unsigned kind, const char *function,
                   uint64_t timeout_ms, uint64_t grace_ms);

//  A task of a call job with one integer; returns its serial.
uint64_t hub_call (hub_t *self, uint64_t job, int64_t argument);

//  A task with any payload, sent in parts when it is large; takes its content.
uint64_t hub_send (hub_t *self, uint64_t job, buffer_t *payload);

//  A task of a command job: a line for the shell.
uint64_t hub_line (hub_t *self, uint64_t job, const char *line);

void hub_cancel (hub_t *self, uint64_t serial);
void hub_drain (hub_t *self, uint32_t timeout_ms);

//  Waits for the result of a lease; the hub owns it.
const hub_result_t *hub_wait (hub_t *self, uint64_t serial);

//  Plays the broker for so long.
void hub_pass_ms (hub_t *self, int ms);

//  Makes the worker register anew, as a broker does that has forgotten it. Its leases are adopted
//  when ADOPT.
void hub_forget (hub_t *self, bool adopt);

//  Sends a frame as it is, through the lane of the session or on back; frees it.
void hub_raw (hub_t *self, bool lane, buffer_t *frame);
uint64_t hub_session (const hub_t *self);

//  Waits until the worker has left by itself.
void hub_wait_end (hub_t *self);

//  What was written by tasks, in all.
const buffer_t *hub_output (const hub_t *self);
size_t hub_functions (const hub_t *self); // that the worker offers

#endif
