/*  guise.h - the user as whom a worker that is root runs its tasks
 *
 *  The worker's thread takes on the user's ids for as long as it starts a slot, and only that
 *  thread: the slot is that user from its first instruction on, with the user's groups and nothing
 *  of root's, and no way back (no program gives it more rights, either). The worker stays root: it
 *  can signal what it has started. A plain value; the thread that starts slots.
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
    bool other; //  Tasks run as another user than the worker; else all below is empty
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

//  By name or number. CADRE_ERROR_CONFIGURATION when nobody is called so, CADRE_ERROR_REFUSED when
//  this process cannot become that user.
cadre_error_t guise_find (guise_t *self, const char *user, fault_t *fault);

//  The calling thread is that user, and is itself again. Nothing where tasks run as the worker
//  does.
void guise_put_on (const guise_t *self);
void guise_take_off (const guise_t *self);

//  Can that user execute the file, or read it? A fault that names path and cure.
cadre_error_t guise_check (const guise_t *self, const char *path, bool execute, fault_t *fault);

//  Is this NAME=VALUE about the user that the worker is? Those of the other take its place.
bool guise_replaces (const guise_t *self, const char *entry);

//  A job's spec (SPEC.md, JOB_OPEN) for tasks of that user: variables in its environment that are
//  about the user who submitted it give way, unless the submitter named them (--env). False, and
//  dressed is empty, when it can stay as it is.
bool guise_dress (const guise_t *self, view_t spec, buffer_t *dressed);

#endif
