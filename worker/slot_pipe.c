//  slot_pipe.c - frames of the slot protocol, read in place and written in batches

#include "worker/slot_pipe.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define SLOT_PIPE_READ_BYTES (64u * 1024u)
#define SLOT_PIPE_KEEP_BYTES (1024u * 1024u) //  A buffer that grew larger is freed when it is empty

void slot_pipe_free (slot_pipe_t *self)
{
    buffer_free (&self->in);
    buffer_free (&self->held);
    buffer_free (&self->out);
}

static slot_pipe_got_t s_frame (const slot_pipe_t *self, size_t *at, slot_frame_t *frame)
{
    size_t left = self->in.size - *at;
    if (left < 4)
        return SLOT_PIPE_NOTHING;
    const uint8_t *head = self->in.data + *at;
    size_t length = (size_t) head [0] << 24 | (size_t) head [1] << 16 | (size_t) head [2] << 8 | head [3];
    if (length < 1 || length > SLOT_PIPE_FRAME_MAX)
        return SLOT_PIPE_BROKEN;
    if (left - 4 < length)
        return SLOT_PIPE_NOTHING;
    frame->verb = head [4];
    frame->body = cursor_of (head + SLOT_PIPE_HEAD_BYTES, length - 1);
    *at += 4 + length;
    return SLOT_PIPE_FRAME;
}

slot_pipe_got_t slot_pipe_next (slot_pipe_t *self, slot_frame_t *frame)
{
    slot_pipe_got_t got = s_frame (self, &self->at, frame);
    if (self->scanned < self->at)
        self->scanned = self->at;
    return got;
}

slot_pipe_got_t slot_pipe_scan (slot_pipe_t *self, slot_frame_t *frame)
{
    return s_frame (self, &self->scanned, frame);
}

static void s_compact (slot_pipe_t *self)
{
    if (self->at == 0)
        return;
    buffer_consume (&self->in, self->at);
    self->scanned -= self->at;
    self->at = 0;
    if (self->in.size == 0 && self->in.capacity > SLOT_PIPE_KEEP_BYTES)
        buffer_free (&self->in);
}

bool slot_pipe_fill (slot_pipe_t *self, bool wait)
{
    if (self->gone)
        return false;
    s_compact (self);
    for (;;) {
        uint8_t *room = buffer_reserve (&self->in, SLOT_PIPE_READ_BYTES);
        ssize_t got = recv (self->fd, room, self->in.capacity - self->in.size, wait ? 0 : MSG_DONTWAIT);
        if (got > 0) {
            self->in.size += (size_t) got;
            return true;
        }
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
            self->gone = true;
            return false;
        }
        if (!wait)
            return true;
        poll (&(struct pollfd){.fd = self->fd, .events = POLLIN}, 1, -1);
    }
}

//  What is left moves to a buffer of its own.
void slot_pipe_hold (slot_pipe_t *self)
{
    if (self->holding)
        return;
    buffer_t spare = self->held;
    self->held = buffer_take (&self->in);
    self->in = spare;
    buffer_clear (&self->in);
    buffer_append (&self->in, self->held.data + self->at, self->held.size - self->at);
    self->scanned -= self->at;
    self->at = 0;
    self->holding = true;
}

void slot_pipe_release (slot_pipe_t *self)
{
    self->holding = false;
    if (self->held.capacity > SLOT_PIPE_KEEP_BYTES)
        buffer_free (&self->held);
}

void slot_pipe_begin (slot_pipe_t *self, uint8_t verb)
{
    self->frame_size = self->out.size;
    buffer_append (&self->out, (const uint8_t [SLOT_PIPE_HEAD_BYTES]){0, 0, 0, 0, verb},
                   SLOT_PIPE_HEAD_BYTES);
}

void slot_pipe_end (slot_pipe_t *self)
{
    size_t length = self->out.size - self->frame_size - 4;
    assert (length <= SLOT_PIPE_FRAME_MAX);
    uint8_t *head = self->out.data + self->frame_size;
    for (size_t i = 0; i < 4; i++)
        head [i] = (uint8_t) (length >> (8 * (3 - i)));
}

void slot_pipe_flush (slot_pipe_t *self)
{
    size_t written = 0;
    while (written < self->out.size && !self->gone) {
        ssize_t sent = send (self->fd, self->out.data + written, self->out.size - written, MSG_NOSIGNAL);
        if (sent > 0)
            written += (size_t) sent;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            poll (&(struct pollfd){.fd = self->fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            self->gone = true;
    }
    buffer_clear (&self->out);
    if (self->out.capacity > SLOT_PIPE_KEEP_BYTES)
        buffer_free (&self->out);
}
