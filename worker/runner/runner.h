/*  runner.h - what the three ways to run a task have in common
 *
 *  A runner takes a task and leaves its end: outcome, code, value and detail. What
 *  it needs from the slot around it comes through runner_host_t: output
 *  within the window, and messages of the worker while something runs for long.
 *  Everything here belongs to the slot's one thread.
 */

#ifndef WORKER_RUNNER_RUNNER_H_INCLUDED
#define WORKER_RUNNER_RUNNER_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"
#include "common/moment.h"
#include "worker/shared/harvest.h"
#include "worker/shared/ticket.h"

#include <cadre.h>
#include <sys/types.h>

#define RUNNER_KIND_BYTES 64       //  A failure's kind, its NUL included; longer ones are cut
#define RUNNER_MESSAGE_BYTES 8192  //  Its message
#define RUNNER_TRACE_BYTES 32768   //  Its trace
#define RUNNER_PIECE_BYTES 262144u //  Output in one message

//  A task as the runners see it. Views lie in the slot's pipe and stay valid until the task has
//  ended.
typedef struct runner_task {
    uint32_t ticket;     //  Claimed
    uint64_t job;        //  Number of the job
    uint32_t index;      //  Of the task within it
    uint32_t attempt;    //  From 1
    view_t payload;      //  As in SPEC.md, one whole value
    view_t spec;         //  Of the job, for commands
    uint64_t timeout_ms; //  Of the job, 0: none
    uint64_t grace_ms;   //  From SIGTERM to SIGKILL
    int64_t started_us;  //  When it was claimed
} runner_task_t;

//  How a task ended. The buffers are used again for the next one.
typedef struct runner_end {
    cadre_outcome_t outcome; //  What became of it
    int code;                //  Exit code or signal, else 0
    buffer_t value;          //  One msgpack value, or empty: nil
    buffer_t detail;         //  A map as in SPEC.md, or empty: nil
} runner_end_t;

typedef struct runner_host {
    void *context;               //  For the functions below
    int fd;                      //  Readable when listen should be called
    ticket_page_t *page;         //  Shared with the worker
    harvest_t *harvest;          //  Likewise
    const moment_clock_t *clock; //  For timeouts
    pid_t *program; //  Process of the program that serves functions, waited for by nobody else; 0:
                    //  none
    unsigned slot;  //  Number of the slot, from 1
    const char *broker; //  For CADRE_TASK_BROKER, or ""

    //  Bytes of output that the running task may still send.
    uint64_t (*room) (void *context);
    //  Sends output, at most room and RUNNER_PIECE_BYTES; it may wait in a buffer until flush, or
    //  until it is a large one.
    void (*output) (void *context, unsigned stream, const void *bytes, size_t size_bytes);
    //  Writes out what waits; true when there was something.
    bool (*flush) (void *context);
    //  Reads what the worker has to say (and waits for it): windows and cancels. False when the
    //  worker is gone: end everything.
    bool (*listen) (void *context, bool wait);
} runner_host_t;

//  Empties it: outcome ok, no value.
void runner_end_clear (runner_end_t *self);
void runner_end_free (runner_end_t *self);

//  Outcome error with kind, message and trace (may be NULL). The value stays.
void runner_end_fail (runner_end_t *self, const char *kind, const char *message, const char *trace);
void runner_end_failf (runner_end_t *self, const char *kind, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

//  True once the task was cancelled, or has run out of time.
bool runner_cancelled (const runner_host_t *host, const runner_task_t *task);

#endif
