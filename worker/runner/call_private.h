/*  call_private.h - inside of cadre_task_t, shared by call.c, call_fail.c and call_arguments.c
 *  alone
 */

#ifndef WORKER_RUNNER_CALL_PRIVATE_H_INCLUDED
#define WORKER_RUNNER_CALL_PRIVATE_H_INCLUDED

#include "worker/runner/call.h"

//  A text or value that was handed out.
typedef struct call_kept {
    struct call_kept *next; //  Handed out before
    size_t index;           //  Of the argument
    cadre_value_t *value;   //  Or NULL: text is it
    char text [];           //  With a NUL behind it
} call_kept_t;

struct cadre_task {
    const runner_host_t *host;        //  The slot around it
    const cadre_function_t *function; //  Being run
    void *state;                      //  What its start stored
    const runner_task_t *task;        //  Being served
    runner_end_t *end;                //  How it ends
    view_t arguments;                 //  All of them
    cadre_outcome_t outcome;          //  Of a failure
    int code;                         //  That goes with it
    cursor_t first;                   //  Before argument 0
    cursor_t next;                    //  Before argument next_index
    size_t next_index;                //  Arguments are mostly asked for in order
    size_t count;                     //  Arguments
    size_t mark;                      //  The value begins here in end->value
    call_kept_t *kept;                //  What was handed out
    size_t kept_end;                  //  No argument from here on was
    int64_t progress_us;              //  When progress was last sent, or 0
    uint64_t logged_bytes;            //  By this task
    bool failed;                      //  kind and message say why
    bool failed_by_type;              //  An argument was wrong: nothing replaces that
    char kind [RUNNER_KIND_BYTES];    //  Of the failure
    buffer_t message;                 //  Text with a NUL behind its size
    buffer_t trace;                   //  Lines, likewise
};

//  Compares the arguments with what the function takes; false when the call has failed.
bool call_arguments_check_takes (cadre_task_t *self);

#endif
