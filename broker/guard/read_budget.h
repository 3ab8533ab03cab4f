/*  read_budget.h - limits how much libzmq may read from connections
 *
 *  libzmq reads until a queue of whole messages is full. That limits neither an endless message nor
 *  the sum over all connections. This module counts, for each connection, how many bytes libzmq has
 *  read and how many of them were delivered as messages. The difference is unread; a frame costs
 *  READ_BUDGET_FRAME_BYTES besides its own. A connection may always have READ_BUDGET_FREE_BYTES
 *  unread. For more it needs a seat, which has room for a whole frame. The seats share a sixteenth
 *  of the broker's memory. A connection that may not read is paused: its data stays in the kernel,
 *  and then at the peer.
 *
 *  The connections of one key are a group, and those that have not delivered a message yet are
 *  another. When there are several groups, none has more than two thirds of the seats. Connections
 *  wait for a free seat in order within their group, and groups take turns. A group can be held:
 *  its connections may then read the frame that has begun, but not begin another.
 *
 *  Without encryption the flags of frames are visible: a message of more than
 *  READ_BUDGET_MESSAGE_FRAMES frames is not valid, and its connection is closed.
 *
 *  Takes descriptors and bytes and returns decisions; makes no system calls. One thread at a time:
 *  throttle.c has the lock.
 */

#ifndef BROKER_GUARD_READ_BUDGET_H_INCLUDED
#define BROKER_GUARD_READ_BUDGET_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READ_BUDGET_FREE_BYTES                                                                     \
    (16u << 10) //  Bytes that a connection may have unread without a seat
#define READ_BUDGET_SEAT_BYTES ((1u << 20) + (128u << 10)) //  A frame, and what may precede it
#define READ_BUDGET_LEAST_BYTES (4u << 20)                 //  Minimum for all seats together
#define READ_BUDGET_FRAME_BYTES 64u   //  Memory that libzmq uses for a frame besides its bytes
#define READ_BUDGET_MESSAGE_FRAMES 4u //  A valid message has one frame

typedef struct read_budget read_budget_t;

//  Called when a paused connection may read again.
typedef void read_budget_resume_fn (void *owner, int fd);

//  DESCRIPTORS: all descriptors are below that number.
read_budget_t *read_budget_new (uint64_t memory_limit, size_t descriptors,
                                read_budget_resume_fn *resume, void *owner);
void read_budget_destroy (read_budget_t **self_p);

//  A connection begins, or ends. After its end, messages may still be in libzmq's queues: see
//  read_budget_drained.
void read_budget_begin (read_budget_t *self, int fd);
void read_budget_end (read_budget_t *self, int fd);

//  Is there a connection with this descriptor that has not delivered a message? Sets *bytes to what
//  it has sent.
bool read_budget_is_unheard (const read_budget_t *self, int fd, uint64_t *bytes);

//  Has a connection with this descriptor begun?
bool read_budget_knows (const read_budget_t *self, int fd);

//  How many bytes the connection may read now. 0: it is paused until resume is called, or must be
//  closed. *look: call read_budget_fits first.
size_t read_budget_room (read_budget_t *self, int fd, bool *look);

//  How many of these bytes, which are still in the kernel, may be read: libzmq allocates a frame as
//  soon as it knows the size. 0: it is paused.
size_t read_budget_fits (read_budget_t *self, int fd, const uint8_t *bytes, size_t size_bytes);

//  The connection has read these bytes. False: it must be closed.
bool read_budget_came (read_budget_t *self, int fd, const uint8_t *bytes, size_t size_bytes);

//  A message of that size was delivered to the broker, for a peer of that group. 0: no groups.
void read_budget_heard (read_budget_t *self, int fd, size_t size_bytes, unsigned group);

//  The connections of that group may begin no frame; or may again.
void read_budget_hold (read_budget_t *self, unsigned group, bool hold);

//  The broker has found all its queues empty since the last call.
void read_budget_drained (read_budget_t *self);

//  Has the connection a seat? Is the seat full? Was the connection closed? Is it paused?
bool read_budget_is_seated (const read_budget_t *self, int fd);
bool read_budget_is_full (const read_budget_t *self, int fd);
bool read_budget_is_cut (const read_budget_t *self, int fd);
bool read_budget_is_paused (const read_budget_t *self, int fd);

//  Connections that wait for a seat; connections closed, ever; unread bytes of all.
size_t read_budget_waiting (const read_budget_t *self);
uint64_t read_budget_cut (const read_budget_t *self);
uint64_t read_budget_bytes (const read_budget_t *self);

#endif
