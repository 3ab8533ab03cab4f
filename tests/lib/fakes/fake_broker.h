/*  fake_broker.h - fake: the broker as one client meets it; the test gives the answers
 *
 *  A ROUTER on ipc in a folder of its own. A thread answers HELLO as it is told, and keeps every
 *  other frame for the test, which reads them with fake_broker_expect and sends what it likes. All
 *  waits end after 10 s: then the test fails.
 */

#ifndef TESTS_LIB_FAKES_FAKE_BROKER_H_INCLUDED
#define TESTS_LIB_FAKES_FAKE_BROKER_H_INCLUDED

#include "common/sockets.h"
#include "common/wire.h"

typedef struct fake_broker fake_broker_t;

//  How HELLO is answered.
typedef enum fake_broker_manner {
    FAKE_BROKER_WELCOME, //  A session; the same one for a client that comes again
    FAKE_BROKER_FORGET,  //  A session; a new one each time
    FAKE_BROKER_REFUSE,  //  REFUSED
    FAKE_BROKER_FOREIGN, //  REFUSED by another major version
    FAKE_BROKER_MUTE     //  Not at all
} fake_broker_manner_t;

fake_broker_t *fake_broker_new (fake_broker_manner_t manner, uint64_t window_tasks);
void fake_broker_destroy (fake_broker_t **self_p);
const char *fake_broker_address (const fake_broker_t *self);
void fake_broker_set_manner (fake_broker_t *self, fake_broker_manner_t manner);

//  As if the process had been killed and started again: the socket is closed, all that was heard
//  and known is forgotten, and a new socket bound. Its epoch is another one for a broker without a
//  store; at the start it is 1.
void fake_broker_restart (fake_broker_t *self, uint64_t epoch);

//  The next frame of that verb; others before it are dropped. The body is valid until the next
//  call.
cursor_t fake_broker_expect (fake_broker_t *self, wire_verb_t verb);

//  So many tasks have come, of whatever jobs: a result of one that was not sent yet breaks the
//  protocol.
void fake_broker_expect_tasks (fake_broker_t *self, uint64_t count);

//  The last HELLO; its texts are not valid.
wire_client_hello_t fake_broker_hello (fake_broker_t *self);

//  How many HELLOs came, and how many frames of a verb wait to be read.
unsigned fake_broker_hellos (fake_broker_t *self);
unsigned fake_broker_waiting (fake_broker_t *self, wire_verb_t verb);

//  Sends a frame that wire_write_... made (consumed): stream frames get the next number, others 0.
//  send_again repeats the last stream frame as it was.
void fake_broker_send (fake_broker_t *self, buffer_t *frame);
void fake_broker_send_again (fake_broker_t *self);
void fake_broker_skip (fake_broker_t *self); //  The next stream frame's number is left out
void fake_broker_raw (fake_broker_t *self, const void *bytes, size_t size_bytes);

//  Usual answers.
void fake_broker_opened (fake_broker_t *self, uint64_t ref, uint64_t number);
void fake_broker_result (fake_broker_t *self, uint64_t ref, uint64_t index, int64_t value);
void fake_broker_failed (fake_broker_t *self, uint64_t ref, uint64_t index, unsigned outcome,
                         const char *kind, const char *message);
void fake_broker_output (fake_broker_t *self, uint64_t ref, uint64_t index, unsigned stream,
                         const char *text);
void fake_broker_state (fake_broker_t *self, uint64_t ref, uint64_t total, bool final);
void fake_broker_window (fake_broker_t *self, uint64_t tasks);
void fake_broker_who (fake_broker_t *self);
void fake_broker_goodbye (fake_broker_t *self);
void fake_broker_acknowledge (fake_broker_t *self); //  BEAT: all that has come

//  Through which connection it was heard last.
sockets_route_t fake_broker_route (fake_broker_t *self);

#endif
