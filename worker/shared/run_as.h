/*  run_as.h - runs the tasks of a worker with root rights as another user
 *
 *  The worker's thread takes on the user's ids while it starts a slot; other threads do not. From
 *  its first instruction the slot is that user, with the user's groups and no rights of root, and
 *  cannot get them back (set-user-ID programs have no effect, either). The worker stays root, so it
 *  can signal what it has started. A plain value; used by the thread that starts slots.
 */

#ifndef WORKER_SHARED_RUN_AS_H_INCLUDED
#define WORKER_SHARED_RUN_AS_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"
#include "common/fault.h"

#include <stdbool.h>
#include <sys/types.h>

#define RUN_AS_NAME_BYTES 256
#define RUN_AS_PATH_BYTES 1024
#define RUN_AS_GROUPS_MAX 1024
#define RUN_AS_VARIABLES 4

typedef struct run_as {
    bool other; //  Tasks run as another user than the worker; else all members below are empty
    uid_t uid;  //  The user
    gid_t gid;  //  Its group
    gid_t groups [RUN_AS_GROUPS_MAX];                     //  All of its groups
    int groups_count;                                     //  How many
    gid_t own_gid;                                        //  The worker's group
    gid_t own_groups [RUN_AS_GROUPS_MAX];                 //  All of its groups
    int own_groups_count;                                 //  How many
    char name [RUN_AS_NAME_BYTES];                        //  For messages
    char variables [RUN_AS_VARIABLES][RUN_AS_PATH_BYTES]; //  HOME=, USER=, LOGNAME=, SHELL=
} run_as_t;

//  Finds a user by name or number. CADRE_ERROR_CONFIGURATION when there is no such user,
//  CADRE_ERROR_REFUSED when this process cannot become that user.
cadre_error_t run_as_find (run_as_t *self, const char *user, fault_t *fault);

//  The calling thread becomes that user, and itself again. No effect when tasks run as the worker's
//  user.
void run_as_put_on (const run_as_t *self);
void run_as_take_off (const run_as_t *self);

//  Can that user execute the file, or read it? If not: a fault that names path and cure.
cadre_error_t run_as_check (const run_as_t *self, const char *path, bool execute, fault_t *fault);

//  Does this NAME=VALUE describe the worker's user? The variables of the other user replace it.
bool run_as_replaces (const run_as_t *self, const char *entry);

//  Adapts a job's spec (SPEC.md, JOB_OPEN) to tasks of that user: removes variables that describe
//  the submitting user from its environment, unless the submitter named them (--env). False, and
//  dressed is empty, when nothing must be changed.
bool run_as_dress (const run_as_t *self, view_t spec, buffer_t *dressed);

#endif
