/*  handover.h - files that go through the socket between a worker and a slot
 *
 *  A large payload or value is a sealed file (common/bulk.h) that goes along with the bytes of the
 *  socket (SCM_RIGHTS). The message refers to it (wire_pack_file), and files are taken in the order
 *  in which they came. A peer that sends more files than are awaited is not read any further, and
 *  each file is checked: see bulk_of_descriptor. One thread.
 */

#ifndef WORKER_SHARED_HANDOVER_H_INCLUDED
#define WORKER_SHARED_HANDOVER_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HANDOVER_FILES 64u //  That came and were not taken

typedef struct handover {
    int fds [HANDOVER_FILES]; //  A ring; -1: it came, and there was no descriptor for it
    size_t first;             //  The oldest
    size_t count;             //  How many
} handover_t;

//  Closes what was not taken.
void handover_clear (handover_t *self);

//  As recv, and keeps the files that come along. -1 with EAGAIN when it is full.
ssize_t handover_receive (handover_t *self, int socket, void *bytes, size_t size_bytes, int flags);

//  Takes the oldest file: *fd is the caller's, -1 when there was no descriptor for it. False when
//  none has come.
bool handover_take (handover_t *self, int *fd);

//  As send, with a file that goes along with the first byte; borrowed. What is sent is less than
//  size_bytes when the socket takes no more: the file has gone if anything was sent.
ssize_t handover_send (int socket, const void *bytes, size_t size_bytes, int fd, int flags);

#endif
