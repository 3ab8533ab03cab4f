/*  slot_environment.h - user, environment and working directory of process slots
 *
 *  Slots are started when they are needed, and replaced. Each gets the environment and the working
 *  directory that the process had when the worker was created: a program that changes them later
 *  (setenv, chdir) does not have slots of two kinds, and relative paths of plugins stay valid. So
 *  the environment is not read while other threads of the program change it, either.
 *
 *  One thread, which starts the slots.
 */

#ifndef WORKER_SLOTS_SLOT_ENVIRONMENT_H_INCLUDED
#define WORKER_SLOTS_SLOT_ENVIRONMENT_H_INCLUDED

#include "worker/shared/run_as.h"

typedef struct slot_environment slot_environment_t;

//  Copies the environment of this process, without private variables (common/private.h). The user
//  is borrowed; NULL: the worker's.
slot_environment_t *slot_environment_new (const run_as_t *user);
void slot_environment_destroy (slot_environment_t **self_p);

const run_as_t *slot_environment_user (const slot_environment_t *self);

//  NULL-terminated; valid until it is destroyed.
char *const *slot_environment_variables (const slot_environment_t *self);

//  Descriptor of the working directory, if that of the process is another one now; else -1.
int slot_environment_folder (const slot_environment_t *self);

#endif
