/*  bulk.h - large bytes that change no more, held by several
 *
 *  A bulk is a sealed file in memory (memfd_create), mapped to be read, or plain memory where no
 *  file is to be had. Whoever needs it holds it; the last one to release it frees it. So a large
 *  payload is written once, and then only its reference moves: from one list to another, through a
 *  socket to a slot (SCM_RIGHTS), or by name to another process of this machine and user.
 *
 *  A file that others made is believed only when it is a file in memory, has exactly the size that
 *  was said, all of it written, and the seals against writing, shrinking, growing and new seals. So
 *  its bytes stay what they were when they were looked at, and reading them raises no signal.
 *
 *  Files take descriptors: at most a quarter of those that the process may have. Beyond that
 *  bulk_of_pieces fails, and bulks that come from others are copied to plain memory.
 *
 *  Any thread; the counts are atomic.
 */

#ifndef COMMON_BULK_H_INCLUDED
#define COMMON_BULK_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/view.h"

typedef struct bulk bulk_t;

//  Where another process finds a file: /proc/PID/fd/FD, if it is the one with that inode.
typedef struct bulk_name {
    uint64_t pid;   //  Of the process that holds it
    uint64_t fd;    //  Its descriptor there
    uint64_t inode; //  What must be found under it
} bulk_name_t;

//  A sealed file of these bytes, one piece behind the other. NULL when there is no descriptor, no
//  memory, or no such file on this system: then the bytes go another way.
bulk_t *bulk_of_pieces (const view_t *pieces, size_t count);

//  Plain memory from malloc, which it takes over.
bulk_t *bulk_of_memory (uint8_t *bytes, size_t size_bytes);

//  A file that came through a socket, or that another process names; the descriptor is taken over
//  in any case. keep: it is to be sent on, else its descriptor is given back at once. NULL when it
//  is not what it should be, or there is no descriptor or memory for it.
bulk_t *bulk_of_descriptor (int fd, uint64_t size_bytes, bool keep);
bulk_t *bulk_open (const bulk_name_t *name, uint64_t size_bytes, bool keep);

bulk_t *bulk_hold (bulk_t *self);
void bulk_release (bulk_t **self_p);

view_t bulk_view (const bulk_t *self);

//  Its descriptor, -1 when it has none; borrowed. Its name for others: false when it has none.
int bulk_descriptor (const bulk_t *self);
bool bulk_name (const bulk_t *self, bulk_name_t *name);

#endif
