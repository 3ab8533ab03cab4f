/*  call_private.h - the members of cadre_task_t, for call.c, call_fail.c and call_arguments.c only
 */

#ifndef WORKER_RUNNER_CALL_PRIVATE_H_INCLUDED
#define WORKER_RUNNER_CALL_PRIVATE_H_INCLUDED

#include "worker/runner/call.h"

//  A text or value that was returned to the function.
typedef struct call_kept {
    struct call_kept *next; //  The one before
    size_t index;           //  Of the argument
    cadre_value_t *value;   //  Or NULL: it is a text
    char text [];           //  NUL-terminated
} call_kept_t;

struct cadre_task {
    const runner_host_t *host;        //  The slot that runs it
    const cadre_function_t *function; //  The function that runs
    void *state;                      //  State that its start stored
    const runner_task_t *task;        //  The task being served
    runner_end_t *end;                //  How it ends
    view_t arguments;                 //  All arguments
    cadre_outcome_t outcome;          //  Outcome of a failure
    int code;                         //  Code of that failure
    cursor_t first;                   //  Before argument 0
    cursor_t next;                    //  Before argument next_index
    size_t next_index;                //  Arguments are mostly requested in order
    size_t count;                     //  Number of arguments
    size_t mark;                      //  Where the value begins in end->value
    call_kept_t *kept;                //  Texts and values that were returned
    size_t kept_end;                  //  Index after the last argument in kept
    int64_t progress_us;              //  When progress was last sent, or 0
    uint64_t logged_bytes;            //  Bytes logged by this task
    bool failed;                      //  kind and message say why
    bool failed_by_type;              //  An argument was wrong: no other failure replaces that
    char kind [RUNNER_KIND_BYTES];    //  Kind of the failure
    buffer_t message;                 //  NUL-terminated text
    buffer_t trace;                   //  NUL-terminated lines
};

//  Compares the arguments with the function's signature; false when the call has failed.
bool call_arguments_check_takes (cadre_task_t *self);

#endif
