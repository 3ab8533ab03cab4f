/*
 *  pulse: is the broker still there, while a command waits and hears nothing?
 *
 *  After some seconds of silence the broker is asked, unless it beats. If it does not answer, that
 *  is said once, about 5 s after it was heard last, and once more when it answers again. How long
 *  it is waited for is the library's matter (cadre_options_t.reconnect_ms): then the job fails. One
 *  thread.
 */
#ifndef CLIENT_CLI_BASE_PULSE_H_INCLUDED
#define CLIENT_CLI_BASE_PULSE_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct pulse {
    cadre_t *pool;    // borrowed; NULL: a broker of our own, which cannot get lost
    int64_t heard_ms; // when something came last, or the broker was asked last
    bool lost;        // it does not answer, and that was said
} pulse_t;

void pulse_init (pulse_t *self, cadre_t *pool);

//  Does the broker answer now? Takes a second at most.
bool pulse_answers (const pulse_t *self);

//  Call it often: HEARD says that something has come. May take a second.
void pulse_check (pulse_t *self, bool heard);

#endif
