/*  wait_note.h - what a client knows about why its job waits
 *
 *  A plain value, part of a job (for its owner) or of a follower; see wait_notice.h.
 */

#ifndef BROKER_RECORD_WAIT_NOTE_H_INCLUDED
#define BROKER_RECORD_WAIT_NOTE_H_INCLUDED

#include <stdint.h>

//  Initialize with zero.
typedef struct wait_note {
    int64_t since_us; //  When progress was last seen; 0: not checked yet
    uint64_t seen;    //  A value that changes with progress
    uint8_t cause;    //  The cause of the wait at that time
    uint8_t told;     //  Causes that the client was told, as bits
} wait_note_t;

#endif
