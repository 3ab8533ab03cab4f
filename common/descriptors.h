/*
 *  descriptors.h - checks and limits of file descriptors
 *
 *  libzmq aborts the process when descriptors run out, so they are counted before sockets are
 *  opened. Any thread; the answer may be outdated at once.
 */
#ifndef COMMON_DESCRIPTORS_H_INCLUDED
#define COMMON_DESCRIPTORS_H_INCLUDED

#include <stddef.h>

#include "common/fault.h"

#define DESCRIPTORS_USUAL 128u  //  needed by a pool, without its slots
#define DESCRIPTORS_PER_SLOT 6u //  needed by each slot

//  Raises the soft limit to the hard one and returns the limit. For the main functions of our own
//  programs; a library does not change the limits of its process.
size_t descriptors_raise (void);

//  The same, but only when fewer than COUNT are free, because tasks inherit the limit.
void descriptors_raise_for (size_t count);

//  A descriptor, close-on-exec, of /dev/null, or if that does not exist of an empty file that
//  cannot be written. -1 and errno.
int descriptors_null (void);

//  Opens closed standard descriptors, so that no file opened later gets their numbers and is used
//  as standard input or output. Reading and writing them still fails with EBADF. Call it first in
//  main of our own programs.
void descriptors_hold_standard (void);

//  The limit of this process.
size_t descriptors_limit (void);

//  How many of these a server reserves for existing peers: a quarter, at least 16 and at most 256.
size_t descriptors_kept (void);

//  How many are open; works without /proc, too.
size_t descriptors_open (void);

//  How many more can be opened.
size_t descriptors_free (void);

//  Unless COUNT are free: CADRE_ERROR_DESCRIPTORS with a fault that names COUNT, WHAT ("64
//  workers") and the cure.
cadre_error_t descriptors_need (size_t count, const char *what, fault_t *fault);

#endif
