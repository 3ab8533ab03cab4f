/*  slot_pipe.h - messages between a slot and its worker, on the slot's side
 *
 *  Frames as in SLOT.md: u32 length, u8 verb, body. Incoming bytes are gathered and handed out in
 *  place. While a task runs its payload must stay where it is, and the worker may have something to
 *  say: slot_pipe_hold keeps the bytes of the frames handed out so far, and reads go elsewhere
 *  until slot_pipe_release.
 *
 *  What goes out is published in the ring as soon as its frame is complete, with no system call:
 *  the worker can read it from then on, whatever becomes of the slot. It hears of it by a bell, one
 *  for many frames. One thread; descriptor and ring are borrowed.
 *
 *  A task may fork. The copy of the slot that comes out of that must not speak for it:
 *  slot_pipe_is_copy tells it what it is.
 */

#ifndef WORKER_SLOT_SLOT_PIPE_H_INCLUDED
#define WORKER_SLOT_SLOT_PIPE_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"
#include "worker/shared/ring.h"

#define SLOT_PIPE_HEAD_BYTES 5u                                     //  Length and verb
#define SLOT_PIPE_FRAME_MAX ((1024u * 1024u * 1024u) + 64u * 1024u) //  What the length may say

typedef struct slot_pipe {
    int fd;             //  Socket to the worker; borrowed
    buffer_t in;        //  Read; frames before at were handed out
    size_t at;          //  Next frame in in
    size_t scanned;     //  Frames before this were seen by slot_pipe_scan; never before at
    buffer_t held;      //  Frames handed out, while holding
    bool holding;       //  held is in use
    ring_writer_t ring; //  What goes out
    buffer_t out;       //  The frame that is being packed
    size_t untold;      //  Bytes published since the last bell
    bool gone;          //  The worker has closed, or the bell cannot be rung
    const volatile uint8_t
        *mark; //  1 in the slot itself, 0 in a copy that fork made; NULL: nobody knows
} slot_pipe_t;

typedef struct slot_frame {
    uint8_t verb;  //  As in wire.def
    cursor_t body; //  In place: valid until the next fill, or release
} slot_frame_t;

typedef enum slot_pipe_got { SLOT_PIPE_FRAME, SLOT_PIPE_NOTHING, SLOT_PIPE_BROKEN } slot_pipe_got_t;

void slot_pipe_init (slot_pipe_t *self, int fd, ring_t *ring);
void slot_pipe_free (slot_pipe_t *self);

//  Takes the next whole frame.
slot_pipe_got_t slot_pipe_next (slot_pipe_t *self, slot_frame_t *frame);

//  Looks at the next whole frame that it has not looked at, and leaves it there for slot_pipe_next.
slot_pipe_got_t slot_pipe_scan (slot_pipe_t *self, slot_frame_t *frame);

//  Reads what there is; waits for something when wait is true. False when the worker is gone.
bool slot_pipe_fill (slot_pipe_t *self, bool wait);

void slot_pipe_hold (slot_pipe_t *self);
void slot_pipe_release (slot_pipe_t *self);

//  Between the two the caller packs a body into self->out. slot_pipe_end publishes it, and waits
//  for room when it is large.
void slot_pipe_begin (slot_pipe_t *self, uint8_t verb);
void slot_pipe_end (slot_pipe_t *self);

//  Rings, if something was published that the worker has not been told of. True when there was
//  something.
bool slot_pipe_flush (slot_pipe_t *self);

//  Is this process a copy of the slot, made by fork in a task?
bool slot_pipe_is_copy (const slot_pipe_t *self);

#endif
