/*  slot_pipe.h - messages between a slot and its worker, on the slot's side
 *
 *  Frames as in SLOT.md: u32 length, u8 verb, body. Received frames are returned in place. While a
 *  task runs its payload must not move, but the worker may send more: slot_pipe_hold keeps the
 *  bytes of the frames returned so far, and later reads use another buffer until slot_pipe_release.
 *
 *  An outgoing frame is published in the ring as soon as it is complete, without a system call.
 *  From then on the worker can read it, even if the slot dies. The worker is notified by a bell
 *  byte, one for many frames. One thread; descriptor and ring are borrowed.
 *
 *  A task may fork. The copy of the slot in the child must not write to the worker;
 *  slot_pipe_is_copy detects it.
 */

#ifndef WORKER_SLOT_SLOT_PIPE_H_INCLUDED
#define WORKER_SLOT_SLOT_PIPE_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"
#include "worker/shared/handover.h"
#include "worker/shared/ring.h"

#define SLOT_PIPE_HEAD_BYTES 5u                                     //  Length and verb
#define SLOT_PIPE_FRAME_MAX ((1024u * 1024u * 1024u) + 64u * 1024u) //  Maximum length

typedef struct slot_pipe {
    int fd;             //  Socket to the worker; borrowed
    buffer_t in;        //  Received; frames before at were returned
    size_t at;          //  Position of the next frame in in
    size_t scanned;     //  Frames before this were returned by slot_pipe_scan; never before at
    buffer_t held;      //  Returned frames, while holding
    bool holding;       //  held is in use
    ring_writer_t ring; //  Outgoing bytes
    buffer_t out;       //  The frame that is being packed
    size_t untold;      //  Bytes published since the last bell
    handover_t files;   //  Received with frames
    bool gone;          //  The worker has closed the socket, or the bell cannot be sent
    const volatile uint8_t *mark; //  1 in the slot itself, 0 in a forked copy; NULL: unknown
} slot_pipe_t;

typedef struct slot_frame {
    uint8_t verb;  //  As in wire.def
    cursor_t body; //  In place: valid until the next fill or release
} slot_frame_t;

typedef enum slot_pipe_got { SLOT_PIPE_FRAME, SLOT_PIPE_NOTHING, SLOT_PIPE_BROKEN } slot_pipe_got_t;

void slot_pipe_init (slot_pipe_t *self, int fd, ring_t *ring);
void slot_pipe_free (slot_pipe_t *self);

//  Takes the next complete frame.
slot_pipe_got_t slot_pipe_next (slot_pipe_t *self, slot_frame_t *frame);

//  Returns the next complete frame that was not scanned yet, and leaves it for slot_pipe_next.
slot_pipe_got_t slot_pipe_scan (slot_pipe_t *self, slot_frame_t *frame);

//  Reads what is available, and waits for something if wait is true. False when the worker is gone.
bool slot_pipe_fill (slot_pipe_t *self, bool wait);

void slot_pipe_hold (slot_pipe_t *self);
void slot_pipe_release (slot_pipe_t *self);

//  Between begin and end the caller packs a body into self->out. slot_pipe_end publishes it, and
//  waits for room when it is large.
void slot_pipe_begin (slot_pipe_t *self, uint8_t verb);
void slot_pipe_end (slot_pipe_t *self);

//  Sends the bell if something was published since the last one. True when it was sent.
bool slot_pipe_flush (slot_pipe_t *self);

//  Sends a file that the next result refers to; borrowed. False when it cannot be sent: then the
//  result must contain the bytes.
bool slot_pipe_send_file (slot_pipe_t *self, int fd);

//  Is this process a copy of the slot, forked by a task?
bool slot_pipe_is_copy (const slot_pipe_t *self);

#endif
