/*  stream.h - frames in order, kept until they are acknowledged
 *
 *  One direction of a session: the sender's half keeps every frame until the
 *  peer has acknowledged it, and can start over from there (after a lost
 *  connection), or number what is left anew (in a new session). It knows the
 *  peer's window and hands out no frame beyond it. The receiver's half tells
 *  new frames from those seen before, and sees gaps.
 *
 *  Large payloads: stream_put_payload cuts one into parts. Parts of several
 *  payloads are interleaved with other frames, one part at a time, so that they
 *  never hold up small ones. The item that refers to a payload is given with
 *  it and follows its last part.
 *
 *  The stream stamps frames with session and sequence number as it hands them
 *  out. It owns what it was given. One thread at a time.
 *
 *      sender:    stream_put (s, &frame, tasks, true)       any number of times
 *                 while ((frame = stream_next (s)))         until NULL: empty or no window
 *                     send (frame->data, frame->size);
 *                 stream_acknowledge (s, beat.received);
 *                 stream_grant (s, window.tasks, window.bytes);
 */

#ifndef COMMON_STREAM_H_INCLUDED
#define COMMON_STREAM_H_INCLUDED

#include "common/buffer.h"
#include "common/wire.h"

typedef struct stream stream_t;

#define STREAM_FRAME_BYTES 160u //  What the stream adds to each frame that it holds

stream_t *stream_new (uint64_t session);
void stream_destroy (stream_t **self_p);

//  A frame goes out as long as anything is left of the peer's window, even if it is larger than
//  what is left: so one that is larger than the whole window comes, too. Else the window is never
//  overdrawn.
void stream_overdraw (stream_t *self);

//  Takes the content of *frame, a whole frame as wire_write_... made it. tasks counts against the
//  window when metered is true, and so do the frame's bytes; other frames pass whatever the window
//  is, but never overtake a frame put before them (parts excepted).
void stream_put (stream_t *self, buffer_t *frame, uint64_t tasks, bool metered);

//  Takes the content of *payload and *frame: sends the payload in parts under the number that
//  stream_payload_number gave, then frame.
void stream_put_payload (stream_t *self, uint64_t number, buffer_t *payload, buffer_t *frame,
                         uint64_t tasks);

//  A number for the next payload of this stream, never 0.
uint64_t stream_payload_number (stream_t *self);

//  The next frame to send, stamped, or NULL when all is sent or the window is closed. It stays the
//  stream's and is valid until the next call. If it could not be sent, call stream_unsend.
const buffer_t *stream_next (stream_t *self);
void stream_unsend (stream_t *self);

//  The peer has received everything up to this number: those frames are freed. Numbers never sent
//  are refused (false).
bool stream_acknowledge (stream_t *self, uint64_t received);

//  Absolute totals since the session began; smaller ones than before are ignored.
void stream_grant (stream_t *self, uint64_t tasks, uint64_t bytes);

//  Same session, new connection: what is not acknowledged is handed out again, with its old
//  numbers.
void stream_rewind (stream_t *self, uint64_t received);

//  New session: what is not acknowledged is handed out again, numbered from 1; grants and totals
//  start at 0.
void stream_restart (stream_t *self, uint64_t session);

//  The frame that was handed out under this number; of a part, the frame that refers to its
//  payload. NULL: there is none (any more).
const buffer_t *stream_frame (stream_t *self, uint64_t sequence);

//  The peer does not take that frame: in the next session this one goes in its place (and its
//  payload not at all), or none if it is empty. Takes the content of *frame.
void stream_instead (stream_t *self, uint64_t sequence, buffer_t *frame);

uint64_t stream_session (const stream_t *self);
uint64_t stream_sent (const stream_t *self); //  Highest number handed out
uint64_t stream_acknowledged (
    const stream_t *self); //  Highest number that the peer has acknowledged
size_t stream_unacknowledged (const stream_t *self); //  Frames sent or waiting
size_t stream_bytes (const stream_t *self);          //  Bytes held: sent, waiting, payloads
size_t stream_plain_bytes (const stream_t *self);  //  Of them, frames that count against no window,
                                                   //  and what the stream adds
size_t stream_unsent_bytes (const stream_t *self); //  Bytes that wait to be handed out
size_t stream_flying_bytes (
    const stream_t *self); //  Bytes of frames handed out and not acknowledged
uint64_t stream_unsent_tasks (const stream_t *self); //  Tasks in frames that wait to be handed out
bool stream_blocked (const stream_t *self);          //  Something waits for the peer's window
bool stream_is_cutting (
    const stream_t *self); //  Parts of a payload, and the frame behind them, wait to be handed out
//  Metered totals handed out in this session.
uint64_t stream_sent_tasks (const stream_t *self);
uint64_t stream_sent_bytes (const stream_t *self);

//  The receiver's half.
typedef struct stream_in {
    uint64_t received; //  Highest number received without a gap
} stream_in_t;

typedef enum stream_verdict { STREAM_NEW, STREAM_SEEN, STREAM_GAP } stream_verdict_t;

//  Judges a frame by its number and counts it when it is new.
stream_verdict_t stream_in_accept (stream_in_t *self, uint64_t sequence);

#endif
