/*  intake.h - limits how much libzmq may read from connections
 *
 *  libzmq reads until a queue of whole messages is full. That limits neither an endless message nor
 *  the sum over all connections. This module counts, for each connection, how many bytes libzmq has
 *  read and how many of them were delivered as messages. The difference is unread; a frame costs
 *  INTAKE_FRAME_BYTES besides its own. A connection may always have INTAKE_FREE_BYTES unread. For
 *  more it needs a seat, which has room for a whole frame. The seats share a sixteenth of the
 *  broker's memory. A connection that may not read is paused: its data stays in the kernel, and
 *  then at the peer.
 *
 *  The connections of one key are a group, and those that have not delivered a message yet are
 *  another. When there are several groups, none has more than two thirds of the seats. Connections
 *  wait for a free seat in order within their group, and groups take turns. A group can be held:
 *  its connections may then read the frame that has begun, but not begin another.
 *
 *  Without encryption the flags of frames are visible: a message of more than INTAKE_MESSAGE_FRAMES
 *  frames is not valid, and its connection is closed.
 *
 *  Takes descriptors and bytes and returns decisions; makes no system calls. One thread at a time:
 *  throttle.c has the lock.
 */

#ifndef BROKER_GUARD_INTAKE_H_INCLUDED
#define BROKER_GUARD_INTAKE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTAKE_FREE_BYTES (16u << 10) //  Bytes that a connection may have unread without a seat
#define INTAKE_SEAT_BYTES ((1u << 20) + (128u << 10)) //  A frame, and what may precede it
#define INTAKE_LEAST_BYTES (4u << 20)                 //  Minimum for all seats together
#define INTAKE_FRAME_BYTES 64u   //  Memory that libzmq uses for a frame besides its bytes
#define INTAKE_MESSAGE_FRAMES 4u //  A valid message has one frame

typedef struct intake intake_t;

//  Called when a paused connection may read again.
typedef void intake_resume_fn (void *owner, int fd);

//  DESCRIPTORS: all descriptors are below that number.
intake_t *intake_new (uint64_t memory_limit, size_t descriptors, intake_resume_fn *resume,
                      void *owner);
void intake_destroy (intake_t **self_p);

//  A connection begins, or ends. After its end, messages may still be in libzmq's queues: see
//  intake_drained.
void intake_begin (intake_t *self, int fd);
void intake_end (intake_t *self, int fd);

//  Has a connection with this descriptor begun?
bool intake_knows (const intake_t *self, int fd);

//  How many bytes the connection may read now. 0: it is paused until resume is called, or must be
//  closed. *look: call intake_fits first.
size_t intake_room (intake_t *self, int fd, bool *look);

//  How many of these bytes, which are still in the kernel, may be read: libzmq allocates a frame as
//  soon as it knows the size. 0: it is paused.
size_t intake_fits (intake_t *self, int fd, const uint8_t *bytes, size_t size_bytes);

//  The connection has read these bytes. False: it must be closed.
bool intake_came (intake_t *self, int fd, const uint8_t *bytes, size_t size_bytes);

//  A message of that size was delivered to the broker, for a peer of that group. 0: no groups.
void intake_heard (intake_t *self, int fd, size_t size_bytes, unsigned group);

//  The connections of that group may begin no frame; or may again.
void intake_hold (intake_t *self, unsigned group, bool hold);

//  The broker has found all its queues empty since the last call.
void intake_drained (intake_t *self);

//  Has the connection a seat? Is the seat full? Was the connection closed? Is it paused?
bool intake_is_seated (const intake_t *self, int fd);
bool intake_is_full (const intake_t *self, int fd);
bool intake_is_cut (const intake_t *self, int fd);
bool intake_is_paused (const intake_t *self, int fd);

//  Connections that wait for a seat; connections closed, ever; unread bytes of all.
size_t intake_waiting (const intake_t *self);
uint64_t intake_cut (const intake_t *self);
uint64_t intake_bytes (const intake_t *self);

#endif
