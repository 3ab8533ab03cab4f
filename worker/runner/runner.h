/*  runner.h - the common interface of the three kinds of runners
 *
 *  A runner runs a task and stores its end: outcome, code, value and detail. runner_host_t gives it
 *  what it needs from the slot: output within the window, and messages from the worker while a task
 *  runs. Used by the slot's thread only.
 */

#ifndef WORKER_RUNNER_RUNNER_H_INCLUDED
#define WORKER_RUNNER_RUNNER_H_INCLUDED

#include "common/buffer.h"
#include "common/clock.h"
#include "common/cursor.h"
#include "worker/shared/item_values.h"
#include "worker/shared/ticket.h"

#include <cadre.h>
#include <sys/types.h>

#define RUNNER_KIND_BYTES 64       //  A failure's kind, with NUL; longer ones are truncated
#define RUNNER_MESSAGE_BYTES 8192  //  Its message
#define RUNNER_TRACE_BYTES 32768   //  Its trace
#define RUNNER_PIECE_BYTES 262144u //  Output in one message

//  A task as the runners see it. Views point into the slot's pipe and stay valid until the task has
//  ended.
typedef struct runner_task {
    uint32_t ticket;     //  Ticket that was claimed
    uint64_t job;        //  Number of the job
    uint32_t index;      //  Index of the task
    uint32_t attempt;    //  From 1
    view_t payload;      //  One msgpack value as in SPEC.md
    view_t spec;         //  Spec of the job, for commands
    uint64_t timeout_ms; //  Timeout of the job, 0: none
    uint64_t grace_ms;   //  From SIGTERM to SIGKILL
    int64_t started_us;  //  When it was claimed
} runner_task_t;

//  How a task ended. The buffers are reused for the next task.
typedef struct runner_end {
    cadre_outcome_t outcome; //  The outcome
    int code;                //  Exit code or signal, else 0
    buffer_t value;          //  One msgpack value, or empty: nil
    buffer_t detail;         //  A map as in SPEC.md, or empty: nil
} runner_end_t;

typedef struct runner_host {
    void *context;               //  Passed to the functions below
    int fd;                      //  Readable when listen should be called
    ticket_page_t *page;         //  Shared with the worker
    item_values_t *item_values;  //  Shared with the worker
    const clock_source_t *clock; //  For timeouts
    pid_t *program; //  Process of the program that serves functions, which only the runner waits
                    //  for; 0: none
    unsigned slot;  //  Number of the slot, from 1
    const char *broker; //  Value of CADRE_TASK_BROKER, or ""

    //  How many bytes of output the running task may still send.
    uint64_t (*room) (void *context);
    //  Sends output, at most room and RUNNER_PIECE_BYTES; small pieces may be buffered until flush.
    void (*output) (void *context, unsigned stream, const void *bytes, size_t size_bytes);
    //  Sends buffered output; true when there was any.
    bool (*flush) (void *context);
    //  Reads messages of the worker, and waits for one if wait: windows and cancels. False when the
    //  worker is gone: end everything.
    bool (*listen) (void *context, bool wait);
} runner_host_t;

//  Resets it: outcome ok, no value.
void runner_end_clear (runner_end_t *self);
void runner_end_free (runner_end_t *self);

//  Sets outcome error with kind, message and trace (may be NULL). Keeps the value.
void runner_end_fail (runner_end_t *self, const char *kind, const char *message, const char *trace);
void runner_end_failf (runner_end_t *self, const char *kind, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

//  True once the task was cancelled, or its timeout has passed.
bool runner_cancelled (const runner_host_t *host, const runner_task_t *task);

#endif
