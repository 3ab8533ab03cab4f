/*  disorder.h - messages at the wrong time, with fields that could almost be right
 *
 *  Every message of wire.def with random content: small numbers that may be those of a job, lease
 *  or ref in use, names that exist, lists of every kind of record. A seed gives the same frames
 *  again.
 */

#ifndef TESTS_LIB_DISORDER_H_INCLUDED
#define TESTS_LIB_DISORDER_H_INCLUDED

#include "common/wire.h"

typedef struct disorder {
    unsigned seed;        //  What follows
    uint64_t session;     //  Of the frames
    uint64_t sequence;    //  The last one that was given in order
    const char *skip;     //  Names of messages that are never made, with a space before and behind
                          //  each; NULL: none
    buffer_t texts [256]; //  What fields of one frame point to
    unsigned used;        //  Of them
} disorder_t;

//  A frame, in a message of any verb: mostly whole and with the number that is due, else with the
//  last number, a later one or none, with another's session, or cut somewhere. The caller frees it.
buffer_t disorder_frame (disorder_t *self);

void disorder_end (disorder_t *self);

//  A number below.
unsigned disorder_chance (disorder_t *self, unsigned below);

#endif
