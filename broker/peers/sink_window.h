/*  sink_window.h - checks that a worker stays within its window on the sink
 *
 *  WORKER_WELCOME says how many bytes may be unacknowledged; a worker sends a frame while it has
 *  fewer. So the bytes received since the last BEAT that was sent never exceed that limit plus one
 *  frame: a BEAT still in flight only makes the worker send less. Bytes are recorded at marks, one
 *  mebibyte apart or more; what lies between two marks is not counted against the worker.
 *
 *  A plain value, zero at the beginning of a session.
 */

#ifndef BROKER_PEERS_SINK_WINDOW_H_INCLUDED
#define BROKER_PEERS_SINK_WINDOW_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SINK_WINDOW_MARKS 16

typedef struct sink_mark {
    uint64_t sequence; //  Number of a frame
    uint64_t bytes;    //  Of all frames up to that one
} sink_mark_t;

typedef struct sink_window {
    uint64_t received;                     //  Bytes of all frames of the session
    uint64_t acknowledged;                 //  At least so many of them were acknowledged
    sink_mark_t marks [SINK_WINDOW_MARKS]; //  Not acknowledged yet, oldest first
    size_t count;                          //  How many
} sink_window_t;

//  A frame was received. False when the worker has exceeded its window.
bool sink_window_came (sink_window_t *self, uint64_t sequence, size_t size_bytes);

//  A BEAT acknowledges all frames up to that number.
void sink_window_acknowledge (sink_window_t *self, uint64_t sequence);

#endif
