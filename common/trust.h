/*
 *  trust: is a file or folder one's own, and can nobody else change it?
 *
 *  Whoever can write into a folder can put another file in the place of one's own; whoever owns a
 *  file can change it at any time. So what belongs to another user than oneself or root, or can be
 *  written by others, is refused; of secrets, also what others can read. The faults name path,
 *  owner or mode, and the cure. Plain functions, any thread.
 */
#ifndef COMMON_TRUST_H_INCLUDED
#define COMMON_TRUST_H_INCLUDED

#include <sys/stat.h>

#include "common/fault.h"

typedef enum trust_kind {
    TRUST_FOLDER, // others may not write into it
    TRUST_FILE,   // nor this: a file that is no secret
    TRUST_SECRET  // others may not read it, either
} trust_kind_t;

//  What FACTS say of PATH; WHAT it is, for the message: "folder", "the store". CADRE_ERROR_REFUSED.
cadre_error_t trust_judge (const struct stat *facts, const char *what, const char *path,
                           trust_kind_t kind, fault_t *fault);

//  The same for what is at PATH; a link there is not followed. CADRE_OK when nothing is.
//  CADRE_ERROR_REFUSED, also for what is neither file nor folder, or cannot be looked at.
cadre_error_t trust_check (const char *what, const char *path, trust_kind_t kind, fault_t *fault);

//  The folder in which PATH is, or is to be.
cadre_error_t trust_check_around (const char *path, fault_t *fault);

//  Opens FILE to be written, made anew with mode 0600 in the place of whatever was there. -1 and
//  errno.
int trust_make (const char *file);

#endif
