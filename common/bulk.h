/*  bulk.h - large bytes that change no more, held by several
 *
 *  A bulk is a sealed file in memory (memfd_create) that is mapped for reading, or plain memory
 *  where there is no such file. Each user holds a reference; the last release frees the bytes. So a
 *  large payload is written once, and then only references move: between lists, through a socket to
 *  a slot (SCM_RIGHTS), or by name to another process of the same machine and user.
 *
 *  A file from another process is accepted only if it is a file in memory of exactly the announced
 *  size, without holes, and has the seals against writing, shrinking, growing and further seals. So
 *  its bytes cannot change after they were checked, and reading them cannot raise SIGBUS.
 *
 *  At most a quarter of the descriptors that the process may have are used for files. Beyond that
 *  bulk_of_pieces fails, and files from others are only mapped: they can be read, but not sent on
 *  as files.
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

//  A file that was received through a socket (the descriptor is always taken), or that another
//  process names. keep: it will be sent on, so its descriptor is kept. NULL when the file is not
//  acceptable, or there is no descriptor or memory.
bulk_t *bulk_of_descriptor (int fd, uint64_t size_bytes, bool keep);
bulk_t *bulk_open (const bulk_name_t *name, uint64_t size_bytes, bool keep);

bulk_t *bulk_hold (bulk_t *self);
void bulk_release (bulk_t **self_p);

view_t bulk_view (const bulk_t *self);

//  Its descriptor, -1 when it has none; borrowed. Its name for others: false when it has none.
int bulk_descriptor (const bulk_t *self);
bool bulk_name (const bulk_t *self, bulk_name_t *name);

#endif
