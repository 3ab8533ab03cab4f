/*
 *  descriptors: are there enough?
 *
 *  libzmq aborts the process when descriptors run out, so they are counted before sockets are
 *  opened. Any thread; the answer is true for a moment only.
 */
#ifndef COMMON_DESCRIPTORS_H_INCLUDED
#define COMMON_DESCRIPTORS_H_INCLUDED

#include <stddef.h>

#include "common/fault.h"

#define DESCRIPTORS_USUAL 128u  // that a pool needs, without its slots
#define DESCRIPTORS_PER_SLOT 6u // and for each of these

//  Raise the soft limit to the hard one. Returns the limit that holds now. For the mains of our own
//  programs; a library leaves its host's limits alone.
size_t descriptors_raise (void);

//  The same, but only when fewer than COUNT are free: the tasks of a program inherit the limit.
void descriptors_raise_for (size_t count);

//  A descriptor, close-on-exec, of /dev/null, or where there is none of an empty file that takes
//  nothing. -1 and errno.
int descriptors_null (void);

//  Puts something in the place of standard descriptors that are closed: what is opened next would
//  get their numbers, and be taken for input and output. Reading and writing there still fails with
//  EBADF. For the mains of our own programs, first of all.
void descriptors_hold_standard (void);

//  How many this process may have.
size_t descriptors_limit (void);

//  How many of these a server keeps back for those whom it has let in: a quarter, at least 16 and
//  at most 256.
size_t descriptors_kept (void);

//  How many this process has open, also where there is no /proc.
size_t descriptors_open (void);

//  How many more it may open.
size_t descriptors_free (void);

//  CADRE_ERROR_DESCRIPTORS, naming COUNT, WHAT ("64 workers") and the cure, unless COUNT are free.
cadre_error_t descriptors_need (size_t count, const char *what, fault_t *fault);

#endif
