/*  intake.h - how much libzmq may hold of what connections bring
 *
 *  libzmq reads what comes until a queue of whole messages is full: that bounds neither a message
 *  which never ends nor the sum over connections. This counts, for each connection, what libzmq has
 *  read and what of it was handed to the broker as messages. The difference is unread; a frame
 *  costs INTAKE_FRAME_BYTES besides its own. A connection may always have INTAKE_FREE_BYTES unread.
 *  For more it needs a seat, in which a whole frame has room. Seats share a sixteenth of the
 *  broker's memory; whoever finds none waits, in order. A connection that may not read now is
 *  paused: the kernel holds what comes, and then its peer does.
 *
 *  In the clear the flags of frames are seen: a message of more than INTAKE_MESSAGE_FRAMES frames
 *  is no message of ours, and its connection is cut.
 *
 *  Bytes and descriptors in, decisions out: no system call is made here. One thread at a time:
 *  throttle.c has the lock.
 */

#ifndef BROKER_GUARD_INTAKE_H_INCLUDED
#define BROKER_GUARD_INTAKE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTAKE_FREE_BYTES (16u << 10) //  That a connection may have unread without a seat
#define INTAKE_SEAT_BYTES ((1u << 20) + (128u << 10)) //  A frame, and what may come before it
#define INTAKE_LEAST_BYTES (4u << 20)                 //  For all seats
#define INTAKE_FRAME_BYTES 64u   //  What libzmq takes for a frame besides its bytes
#define INTAKE_MESSAGE_FRAMES 4u //  A message of ours has one

typedef struct intake intake_t;

//  Called when a connection that was paused may read on.
typedef void intake_resume_fn (void *owner, int fd);

//  For descriptors below that number.
intake_t *intake_new (uint64_t memory_limit, size_t descriptors, intake_resume_fn *resume,
                      void *owner);
void intake_destroy (intake_t **self_p);

//  A connection begins, and ends. Its messages may still be in libzmq's queues: see intake_drained.
void intake_begin (intake_t *self, int fd);
void intake_end (intake_t *self, int fd);

//  Is it a connection that has begun?
bool intake_knows (const intake_t *self, int fd);

//  How many bytes the connection may read now. 0: it is paused until resume is called, or cut.
//  *look: intake_fits is to be asked first.
size_t intake_room (intake_t *self, int fd, bool *look);

//  How many of these bytes, which are still the kernel's, may be read: libzmq takes memory for a
//  frame as soon as it knows the size. 0: it is paused.
size_t intake_fits (intake_t *self, int fd, const uint8_t *bytes, size_t size_bytes);

//  Bytes that it has read. False: it must be cut.
bool intake_came (intake_t *self, int fd, const uint8_t *bytes, size_t size_bytes);

//  The broker was handed a message of that size, by that connection.
void intake_heard (intake_t *self, int fd, size_t size_bytes);

//  The broker has found all of its queues empty since the last call.
void intake_drained (intake_t *self);

//  Has the connection a seat; is that full; was it cut; may it not read now?
bool intake_is_seated (const intake_t *self, int fd);
bool intake_is_full (const intake_t *self, int fd);
bool intake_is_cut (const intake_t *self, int fd);
bool intake_is_paused (const intake_t *self, int fd);

//  Connections that wait for a seat; that were cut, ever; what all have unread.
size_t intake_waiting (const intake_t *self);
uint64_t intake_cut (const intake_t *self);
uint64_t intake_bytes (const intake_t *self);

#endif
