//  slot_pipe.c - frames between slot and worker: read in place, and written to the ring

#include "worker/slot/slot_pipe.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define SLOT_PIPE_READ_BYTES (64u * 1024u)
#define SLOT_PIPE_KEEP_BYTES (1024u * 1024u) //  A larger buffer is freed when it is empty
#define SLOT_PIPE_PIECE_BYTES                                                                      \
    (64u * 1024u) //  Piece of a large frame: the worker reads one while we write the next
#define SLOT_PIPE_WAIT_MS 100 //  Maximum wait for room before a check whether the worker is there
#define SLOT_PIPE_MARK_BYTES 4096u

void slot_pipe_init (slot_pipe_t *self, int fd, ring_t *ring)
{
    *self = (slot_pipe_t){.fd = fd};
    self->ring.ring = ring;
    uint8_t *mark = mmap (NULL, SLOT_PIPE_MARK_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mark == MAP_FAILED)
        return;
    *mark = 1;
    if (madvise (mark, SLOT_PIPE_MARK_BYTES, MADV_WIPEONFORK) == 0)
        self->mark = mark;
    else
        munmap (mark, SLOT_PIPE_MARK_BYTES);
}

bool slot_pipe_is_copy (const slot_pipe_t *self)
{
    return self->mark && *self->mark == 0;
}

void slot_pipe_free (slot_pipe_t *self)
{
    if (self->mark)
        munmap ((void *) (uintptr_t) self->mark, SLOT_PIPE_MARK_BYTES);
    self->mark = NULL;
    handover_clear (&self->files);
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
    size_t length =
        (size_t) head [0] << 24 | (size_t) head [1] << 16 | (size_t) head [2] << 8 | head [3];
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
        ssize_t got = handover_receive (&self->files, self->fd, room,
                                        self->in.capacity - self->in.size, wait ? 0 : MSG_DONTWAIT);
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

//  Moves the rest to another buffer.
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
    buffer_clear (&self->out);
    buffer_append (&self->out, (const uint8_t [SLOT_PIPE_HEAD_BYTES]){0, 0, 0, 0, verb},
                   SLOT_PIPE_HEAD_BYTES);
}

static void s_wait_for_room (slot_pipe_t *self)
{
    struct pollfd socket = {.fd = self->fd};
    ring_wait (&self->ring, SLOT_PIPE_WAIT_MS);
    if (poll (&socket, 1, 0) > 0 && (socket.revents & (POLLHUP | POLLERR | POLLNVAL)))
        self->gone = true;
}

//  A frame that fits is published at once; a larger one in pieces, each with a bell.
static void s_publish (slot_pipe_t *self)
{
    const uint8_t *bytes = self->out.data;
    for (size_t left = self->out.size; left > 0;) {
        size_t count = ring_put (&self->ring, bytes,
                                 left < SLOT_PIPE_PIECE_BYTES ? left : SLOT_PIPE_PIECE_BYTES);
        self->untold += count;
        bytes += count;
        left -= count;
        if (left > 0)
            slot_pipe_flush (self);
        if (left > 0 && count == 0 && !self->gone)
            s_wait_for_room (self);
        if (count == 0 && self->gone)
            return;
    }
}

void slot_pipe_end (slot_pipe_t *self)
{
    size_t length = self->out.size - 4;
    assert (length <= SLOT_PIPE_FRAME_MAX);
    for (size_t i = 0; i < 4; i++)
        self->out.data [i] = (uint8_t) (length >> (8 * (3 - i)));
    s_publish (self);
    buffer_clear (&self->out);
    if (self->out.capacity > SLOT_PIPE_KEEP_BYTES)
        buffer_free (&self->out);
}

bool slot_pipe_send_file (slot_pipe_t *self, int fd)
{
    const uint8_t bell = RING_BELL_FILE;
    ssize_t sent;
    do
        sent = handover_send (self->fd, &bell, 1, fd, 0);
    while (sent < 0 && errno == EINTR);
    return sent == 1;
}

//  A full socket contains bells that the worker has not read.
bool slot_pipe_flush (slot_pipe_t *self)
{
    const uint8_t bell = RING_BELL;
    ssize_t sent = 0;
    if (self->untold == 0)
        return false;
    self->untold = 0;
    do
        sent = send (self->fd, &bell, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        self->gone = true;
    return true;
}
