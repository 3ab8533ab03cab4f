/*
 *  trust.h - checks that files and folders can only be changed by us
 *
 *  A user who can write into a folder can replace our files; the owner of a file can change it at
 *  any time. So files and folders are refused if they belong to another user (except root), or are
 *  writable by others; secrets also if others can read them. The faults name path, owner or mode,
 *  and the cure. Plain functions, any thread.
 */
#ifndef COMMON_TRUST_H_INCLUDED
#define COMMON_TRUST_H_INCLUDED

#include <sys/stat.h>

#include "common/fault.h"

typedef enum trust_kind {
    TRUST_FOLDER, //  must not be writable by others
    TRUST_FILE,   //  the same for a file that is not secret
    TRUST_SECRET  //  must not be readable by others, either
} trust_kind_t;

//  Checks FACTS, the status of PATH; WHAT it is, for the message: "folder", "the store".
//  CADRE_ERROR_REFUSED.
cadre_error_t trust_judge (const struct stat *facts, const char *what, const char *path,
                           trust_kind_t kind, fault_t *fault);

//  The same for the file at PATH; a symbolic link is not followed. CADRE_OK when it does not exist.
//  CADRE_ERROR_REFUSED, also when it is neither file nor folder, or its status cannot be read.
cadre_error_t trust_check (const char *what, const char *path, trust_kind_t kind, fault_t *fault);

//  The same for the folder of PATH.
cadre_error_t trust_check_around (const char *path, fault_t *fault);

//  Creates FILE for writing with mode 0600, replacing any existing file. -1 and errno.
int trust_make (const char *file);

#endif
