/*  program_pipe.h - framed messages over a program's stdin and stdout
 *
 *  A message is a u32 big-endian length, then one msgpack value. Owns both descriptors, which are
 *  nonblocking. Memory grows with the bytes received, not with the announced length.
 */

#ifndef WORKER_RUNNER_PROGRAM_PIPE_H_INCLUDED
#define WORKER_RUNNER_PROGRAM_PIPE_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"

#define PROGRAM_PIPE_MESSAGE_MAX ((1024u * 1024u * 1024u) + 64u * 1024u)

typedef struct program_pipe {
    int to;       //  The program's stdin; -1: closed
    int from;     //  Its stdout; -1: closed
    buffer_t in;  //  Bytes received
    size_t at;    //  Position of the next message
    buffer_t out; //  Bytes to be written
    size_t start; //  Start of the message being packed
} program_pipe_t;

#define PROGRAM_PIPE_CLOSED ((program_pipe_t){.to = -1, .from = -1})

typedef enum program_pipe_got {
    PROGRAM_PIPE_MESSAGE,
    PROGRAM_PIPE_NOTHING,
    PROGRAM_PIPE_GARBLED
} program_pipe_got_t;

//  Takes both descriptors.
void program_pipe_open (program_pipe_t *self, int to, int from);
//  Closes them and drops unread and unsent data.
void program_pipe_close (program_pipe_t *self);
void program_pipe_free (program_pipe_t *self);

//  The next complete message, which begins as an array; valid until the next fill.
program_pipe_got_t program_pipe_next (program_pipe_t *self, cursor_t *message);
//  Reads what is available. False at the end of file, or on an error.
bool program_pipe_fill (program_pipe_t *self);

//  Between begin and end the caller packs one value into the buffer.
buffer_t *program_pipe_begin (program_pipe_t *self);
void program_pipe_end (program_pipe_t *self);
//  Writes without blocking. If the program has closed its stdin, that shows when it ends.
void program_pipe_flush (program_pipe_t *self);

#endif
