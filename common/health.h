/*
 *  health.h - the status file of a daemon, for the health check of a container
 *
 *  A worker has no port that could be queried, and its key is not accepted as a client's. So its
 *  loop writes the time and its state every second. A process that hangs, is stopped or was killed
 *  is detected by the age of the file. One line: microseconds of the boot-time clock, the state,
 *  and a sentence for people. The file is replaced atomically; it has mode 0600 and symbolic links
 *  are not followed. Any thread.
 */
#ifndef COMMON_HEALTH_H_INCLUDED
#define COMMON_HEALTH_H_INCLUDED

#include <stdint.h>

#include "common/fault.h"

#define HEALTH_TEXT_BYTES 512

typedef enum health_state {
    HEALTH_STARTING, //  not serving yet
    HEALTH_READY,    //  serving
    HEALTH_AWAY,     //  cannot serve now: a worker without its broker
    HEALTH_STOPPING  //  finishes its work, and ends
} health_state_t;

typedef struct health {
    health_state_t state;          //  as written
    int64_t at_us;                 //  time of the write, on the boot-time clock
    char text [HEALTH_TEXT_BYTES]; //  the sentence, may be empty
} health_t;

//  Replaces FILE. CADRE_ERROR_IO with the cause when its folder cannot be written.
cadre_error_t health_write (const char *file, health_state_t state, int64_t at_us, const char *text,
                            fault_t *fault);

//  Reads FILE. CADRE_ERROR_NOT_FOUND if it does not exist, because no process runs; CADRE_ERROR_IO;
//  CADRE_ERROR_TYPE if it has another format.
cadre_error_t health_read (const char *file, health_t *self, fault_t *fault);

//  Such as "ready"; never NULL.
const char *health_state_name (health_state_t state);

#endif
