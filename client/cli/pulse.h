/*
 *  pulse: is the broker still there, while a command waits and hears nothing?
 *
 *  After 5 s of silence the broker is asked, unless it beats. If it does not answer, that is said once, and once more when it answers again. After a minute the
 *  wait is given up. One thread.
 */
#ifndef CLI_PULSE_H
#define CLI_PULSE_H

#include <cadre.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/fault.h"

typedef struct pulse {
    cadre_t *pool;    // borrowed; NULL: a broker of our own, which cannot get lost
    int64_t heard_ms; // when something came last, or the broker was asked last
    int64_t lost_ms;  // since when it does not answer; 0: it does
} pulse_t;

void pulse_init (pulse_t *self, cadre_t *pool);

//  Call it often: HEARD says that something has come. CADRE_ERROR_UNAVAILABLE and a fault once it is given up. May take a second.
cadre_error_t pulse_check (pulse_t *self, bool heard, fault_t *fault);

#endif
