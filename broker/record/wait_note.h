/*  wait_note.h - what one who waits for a job knows of its wait
 *
 *  A plain value, part of a job (its owner's) or of a follower; see wait_notice.h.
 */

#ifndef BROKER_RECORD_WAIT_NOTE_H_INCLUDED
#define BROKER_RECORD_WAIT_NOTE_H_INCLUDED

#include <stdint.h>

//  Zero is a fresh one.
typedef struct wait_note {
    int64_t since_us; //  When it last saw something move; 0: it has not looked yet
    uint64_t seen;    //  A mark that changes when something moves
    uint8_t cause;    //  What it waited for then
    uint8_t told;     //  Causes that it was told of, as bits
} wait_note_t;

#endif
