/*
 *  broker_watch.h - tells the user when the broker no longer answers while a command waits
 *
 *  After some seconds without any event the broker is queried, unless its BEATs arrive. If it does
 *  not answer, that is reported once, about 5 s after its last message, and once more when it
 *  answers again. The library decides how long it reconnects (cadre_options_t.reconnect_ms); after
 *  that the job fails. One thread.
 */
#ifndef CLIENT_CLI_BASE_BROKER_WATCH_H_INCLUDED
#define CLIENT_CLI_BASE_BROKER_WATCH_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct broker_watch {
    cadre_t *pool;    //  borrowed; NULL: a broker in this process, which cannot be lost
    int64_t heard_ms; //  when the last event came, or the last query was sent
    bool lost;        //  it does not answer, and that was reported
} broker_watch_t;

void broker_watch_init (broker_watch_t *self, cadre_t *pool);

//  Does the broker answer now? Takes at most a second.
bool broker_watch_answers (const broker_watch_t *self);

//  Call it often; HEARD: an event has come. May take a second.
void broker_watch_check (broker_watch_t *self, bool heard);

#endif
