/*  random_frames.h - attack: valid and nearly valid messages with random fields, at the wrong time
 *
 *  Every message of wire.def with random content: small numbers that may be those of a job, lease
 *  or ref in use, names that exist, lists of every kind of record. A seed gives the same frames
 *  again.
 */

#ifndef TESTS_LIB_HOSTILE_RANDOM_FRAMES_H_INCLUDED
#define TESTS_LIB_HOSTILE_RANDOM_FRAMES_H_INCLUDED

#include "common/wire.h"

typedef struct random_frames {
    unsigned seed;        //  What follows
    uint64_t session;     //  Of the frames
    uint64_t sequence;    //  The last one that was given in order
    const char *skip;     //  Names of messages that are never made, with a space before and behind
                          //  each; NULL: none
    buffer_t texts [256]; //  What fields of one frame point to
    unsigned used;        //  Of them
} random_frames_t;

//  A frame, in a message of any verb: mostly whole and with the number that is due, else with the
//  last number, a later one or none, with another's session, or cut somewhere. The caller frees it.
buffer_t random_frames_next (random_frames_t *self);

void random_frames_end (random_frames_t *self);

//  A number below.
unsigned random_frames_chance (random_frames_t *self, unsigned below);

#endif
