//  program_pipe.c - framed messages over a program's stdin and stdout

#include "worker/runner/program_pipe.h"

#include "worker/runner/spawner.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM_PIPE_READ_BYTES (64u * 1024u)
#define PROGRAM_PIPE_KEEP_BYTES (1024u * 1024u)

void program_pipe_open (program_pipe_t *self, int to, int from)
{
    program_pipe_close (self);
    self->to = to;
    self->from = from;
    fcntl (to, F_SETFL, O_NONBLOCK);
    fcntl (from, F_SETFL, O_NONBLOCK);
}

void program_pipe_close (program_pipe_t *self)
{
    spawner_close (&self->to);
    spawner_close (&self->from);
    buffer_clear (&self->in);
    buffer_clear (&self->out);
    self->at = 0;
}

void program_pipe_free (program_pipe_t *self)
{
    program_pipe_close (self);
    buffer_free (&self->in);
    buffer_free (&self->out);
}

program_pipe_got_t program_pipe_next (program_pipe_t *self, cursor_t *message)
{
    size_t left = self->in.size - self->at;
    if (left < 4)
        return PROGRAM_PIPE_NOTHING;
    const uint8_t *head = self->in.data + self->at;
    size_t length =
        (size_t) head [0] << 24 | (size_t) head [1] << 16 | (size_t) head [2] << 8 | head [3];
    if (length < 1 || length > PROGRAM_PIPE_MESSAGE_MAX)
        return PROGRAM_PIPE_GARBLED;
    if (left - 4 < length)
        return PROGRAM_PIPE_NOTHING;
    *message = cursor_of (head + 4, length);
    if (cursor_peek (message) != CURSOR_ARRAY)
        return PROGRAM_PIPE_GARBLED;
    self->at += 4 + length;
    return PROGRAM_PIPE_MESSAGE;
}

bool program_pipe_fill (program_pipe_t *self)
{
    buffer_consume (&self->in, self->at);
    self->at = 0;
    if (self->in.size == 0 && self->in.capacity > PROGRAM_PIPE_KEEP_BYTES)
        buffer_free (&self->in);
    uint8_t *room = buffer_reserve (&self->in, PROGRAM_PIPE_READ_BYTES);
    ssize_t got = read (self->from, room, self->in.capacity - self->in.size);
    if (got > 0)
        self->in.size += (size_t) got;
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

buffer_t *program_pipe_begin (program_pipe_t *self)
{
    self->start = self->out.size;
    buffer_append (&self->out, "\0\0\0", 4);
    return &self->out;
}

void program_pipe_end (program_pipe_t *self)
{
    size_t length = self->out.size - self->start - 4;
    assert (length <= PROGRAM_PIPE_MESSAGE_MAX);
    for (size_t i = 0; i < 4; i++)
        self->out.data [self->start + i] = (uint8_t) (length >> (8 * (3 - i)));
}

//  A closed pipe raises SIGPIPE in the writing thread: blocks it, and consumes it if it came.
static ssize_t s_program_pipe_write (int fd, const void *bytes, size_t size_bytes)
{
    sigset_t pipe_signal, before;
    sigemptyset (&pipe_signal);
    sigaddset (&pipe_signal, SIGPIPE);
    pthread_sigmask (SIG_BLOCK, &pipe_signal, &before);
    ssize_t put = write (fd, bytes, size_bytes);
    int error = errno;
    if (put < 0 && error == EPIPE && !sigismember (&before, SIGPIPE))
        sigtimedwait (&pipe_signal, NULL, &(struct timespec){0});
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    errno = error;
    return put;
}

void program_pipe_flush (program_pipe_t *self)
{
    size_t written = 0;
    while (written < self->out.size && self->to >= 0) {
        ssize_t put =
            s_program_pipe_write (self->to, self->out.data + written, self->out.size - written);
        if (put > 0)
            written += (size_t) put;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            spawner_close (&self->to);
    }
    if (self->to < 0)
        written = self->out.size;
    buffer_consume (&self->out, written);
}
