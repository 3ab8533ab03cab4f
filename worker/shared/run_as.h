/*  guise.h - runs the tasks of a worker with root rights as another user
 *
 *  The worker's thread takes on the user's ids while it starts a slot; other threads do not. From
 *  its first instruction the slot is that user, with the user's groups and no rights of root, and
 *  cannot get them back (set-user-ID programs have no effect, either). The worker stays root, so it
 *  can signal what it has started. A plain value; used by the thread that starts slots.
 */

#ifndef WORKER_SHARED_GUISE_H_INCLUDED
#define WORKER_SHARED_GUISE_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"
#include "common/fault.h"

#include <stdbool.h>
#include <sys/types.h>

#define GUISE_NAME_BYTES 256
#define GUISE_PATH_BYTES 1024
#define GUISE_GROUPS_MAX 1024
#define GUISE_VARIABLES 4

typedef struct guise {
    bool other; //  Tasks run as another user than the worker; else all members below are empty
    uid_t uid;  //  The user
    gid_t gid;  //  Its group
    gid_t groups [GUISE_GROUPS_MAX];                    //  All of its groups
    int groups_count;                                   //  How many
    gid_t own_gid;                                      //  The worker's group
    gid_t own_groups [GUISE_GROUPS_MAX];                //  All of its groups
    int own_groups_count;                               //  How many
    char name [GUISE_NAME_BYTES];                       //  For messages
    char variables [GUISE_VARIABLES][GUISE_PATH_BYTES]; //  HOME=, USER=, LOGNAME=, SHELL=
} guise_t;

//  Finds a user by name or number. CADRE_ERROR_CONFIGURATION when there is no such user,
//  CADRE_ERROR_REFUSED when this process cannot become that user.
cadre_error_t guise_find (guise_t *self, const char *user, fault_t *fault);

//  The calling thread becomes that user, and itself again. No effect when tasks run as the worker's
//  user.
void guise_put_on (const guise_t *self);
void guise_take_off (const guise_t *self);

//  Can that user execute the file, or read it? If not: a fault that names path and cure.
cadre_error_t guise_check (const guise_t *self, const char *path, bool execute, fault_t *fault);

//  Does this NAME=VALUE describe the worker's user? The variables of the other user replace it.
bool guise_replaces (const guise_t *self, const char *entry);

//  Adapts a job's spec (SPEC.md, JOB_OPEN) to tasks of that user: removes variables that describe
//  the submitting user from its environment, unless the submitter named them (--env). False, and
//  dressed is empty, when nothing must be changed.
bool guise_dress (const guise_t *self, view_t spec, buffer_t *dressed);

#endif
