/*
 *  health: a file in which a daemon says how it is, for the health check of a container.
 *
 *  A worker opens no port that one could ask, and its key is no client's: so its loop writes, every
 *  second, when it last turned and in what state it is. A process that hangs, is stopped or was
 *  killed is found out by the age of what it wrote. One line: microseconds of the boot-time clock,
 *  the state, and a sentence for people. The file is replaced as a whole; it has mode 0600 and is
 *  not written through a link. Any thread.
 */
#ifndef COMMON_HEALTH_H_INCLUDED
#define COMMON_HEALTH_H_INCLUDED

#include <stdint.h>

#include "common/fault.h"

#define HEALTH_TEXT_BYTES 512

typedef enum health_state {
    HEALTH_STARTING, // has not served yet
    HEALTH_READY,    // serves
    HEALTH_AWAY,     // cannot serve for now: a worker without its broker
    HEALTH_STOPPING  // finishes what it does, and ends
} health_state_t;

typedef struct health {
    health_state_t state;          // as it was written
    int64_t at_us;                 // when, on the boot-time clock
    char text [HEALTH_TEXT_BYTES]; // the sentence, may be empty
} health_t;

//  Replace FILE. CADRE_ERROR_IO with the cause when its folder cannot be written.
cadre_error_t health_write (const char *file, health_state_t state, int64_t at_us, const char *text,
                            fault_t *fault);

//  Read FILE. CADRE_ERROR_NOT_FOUND if there is none: nobody runs; CADRE_ERROR_IO; CADRE_ERROR_TYPE
//  if it was written by something else.
cadre_error_t health_read (const char *file, health_t *self, fault_t *fault);

//  "ready"; never NULL.
const char *health_state_name (health_state_t state);

#endif
