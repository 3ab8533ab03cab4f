/*  stream.h - numbered frames in order, kept until they are acknowledged
 *
 *  One direction of a session. The sender's side keeps every frame until the peer has acknowledged
 *  it, and can send again from there (after a lost connection), or renumber the remaining frames
 *  (in a new session). It stays within the peer's window. The receiver's side distinguishes new
 *  frames from repeated ones, and detects gaps.
 *
 *  Large payloads: stream_put_payload splits one into parts. Parts of several payloads are
 *  interleaved with other frames, one part at a time, so that small frames are not delayed. The
 *  frame that refers to a payload is given with it and follows its last part.
 *
 *  The stream sets session and sequence number of frames when it returns them. It owns the frames.
 *  One thread at a time.
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

#define STREAM_FRAME_BYTES 160u //  Overhead of the stream for each frame

stream_t *stream_new (uint64_t session);
void stream_destroy (stream_t **self_p);

//  Allows a frame to be sent as long as anything is left of the peer's window, even if the frame is
//  larger: so a frame larger than the whole window can be sent. Without this call the window is
//  never exceeded.
void stream_overdraw (stream_t *self);

//  Takes the content of *frame, a whole frame of wire_write_.... If metered is true, tasks and the
//  frame's bytes count against the window; other frames are sent regardless of the window, but
//  never before a frame that was put earlier (except parts).
void stream_put (stream_t *self, buffer_t *frame, uint64_t tasks, bool metered);

//  Takes the content of *payload and *frame: sends the payload in parts under the number from
//  stream_payload_number, then frame.
void stream_put_payload (stream_t *self, uint64_t number, buffer_t *payload, buffer_t *frame,
                         uint64_t tasks);

//  Puts the parts of a payload in order with other frames, and returns how many there are. Whoever
//  calls this keeps the payload, and puts it again in a new session.
unsigned stream_put_parts (stream_t *self, uint64_t number, const buffer_t *payload);

//  The peer can open files of this process (sharing.h): from now on payloads in files are sent by
//  name, until a new session begins.
void stream_share (stream_t *self);

//  A number for the next payload of this stream, never 0.
uint64_t stream_payload_number (stream_t *self);

//  The next frame to send, with its number set, or NULL when all are sent or the window is closed.
//  The stream owns it; valid until the next call. If it could not be sent, call stream_unsend.
const buffer_t *stream_next (stream_t *self);
void stream_unsend (stream_t *self);

//  The peer has received all frames up to this number: frees them. False for a number that was
//  never sent.
bool stream_acknowledge (stream_t *self, uint64_t received);

//  Absolute totals since the session began; lower ones than before are ignored.
void stream_grant (stream_t *self, uint64_t tasks, uint64_t bytes);

//  Same session, new connection: frames that are not acknowledged are returned again, with the same
//  numbers.
void stream_rewind (stream_t *self, uint64_t received);

//  New session: frames that are not acknowledged are returned again, numbered from 1; grants and
//  totals start at 0.
void stream_restart (stream_t *self, uint64_t session);

//  The frame that was returned with this number; for a part, the frame that refers to its payload.
//  NULL: none, or no longer.
const buffer_t *stream_frame (stream_t *self, uint64_t sequence);

//  The peer refuses that frame: in the next session this one is sent instead (without its payload),
//  or none if it is empty. Takes the content of *frame.
void stream_instead (stream_t *self, uint64_t sequence, buffer_t *frame);

uint64_t stream_session (const stream_t *self);
uint64_t stream_sent (const stream_t *self); //  Highest number returned
uint64_t stream_acknowledged (
    const stream_t *self); //  Highest number that the peer has acknowledged
size_t stream_unacknowledged (const stream_t *self); //  Frames sent or waiting, not acknowledged
size_t stream_bytes (const stream_t *self);          //  Bytes held: sent, waiting, payloads
size_t stream_plain_bytes (
    const stream_t *self); //  Of them, frames outside of windows, and overhead
size_t stream_unsent_bytes (const stream_t *self);   //  Bytes not sent yet
size_t stream_flying_bytes (const stream_t *self);   //  Bytes of frames sent and not acknowledged
uint64_t stream_unsent_tasks (const stream_t *self); //  Tasks in frames not sent yet
bool stream_blocked (const stream_t *self);          //  A frame waits for the peer's window
bool stream_is_cutting (
    const stream_t *self); //  Parts of a payload, and the frame after them, are not sent yet
//  Metered totals sent in this session.
uint64_t stream_sent_tasks (const stream_t *self);
uint64_t stream_sent_bytes (const stream_t *self);

//  The receiver's side.
typedef struct stream_in {
    uint64_t received; //  Highest number received without a gap
} stream_in_t;

typedef enum stream_verdict { STREAM_NEW, STREAM_SEEN, STREAM_GAP } stream_verdict_t;

//  Checks a frame's number, and counts the frame when it is new.
stream_verdict_t stream_in_accept (stream_in_t *self, uint64_t sequence);

#endif
