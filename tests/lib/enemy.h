/*  enemy.h - a peer that says what it likes, for tests of what the broker does with it
 *
 *  One socket, a client's or a worker's, with or without a session, with or without a key. Frames
 *  are sent as they are given. Fails the test when the broker does not answer a proper HELLO.
 */

#ifndef TESTS_LIB_ENEMY_H_INCLUDED
#define TESTS_LIB_ENEMY_H_INCLUDED

#include "common/keys.h"
#include "common/wire.h"
#include "tests/lib/zmtp.h"

typedef struct enemy {
    void *context;                  //  Of its own
    void *socket;                   //  To front, back or sink; NULL by hand
    zmtp_t *hand;                   //  Instead of it; borrowed
    void *lane;                     //  A worker's, or NULL
    void *sink;                     //  A worker's, or NULL
    uint64_t session;               //  0 before there is one
    uint64_t tasks;                 //  A client's first window
    uint64_t bytes;                 //  …
    uint64_t epoch;                 //  A worker's: of leases
    uint64_t sent;                  //  A client's: the last number in its stream
    uint32_t port;                  //  A worker's: of its lane
    buffer_t frame;                 //  The last frame received
    keys_t keys;                    //  For tcp; empty without
    char address [256];             //  Of the broker
    uint8_t uuid [WIRE_UUID_BYTES]; //  Its own
} enemy_t;

//  Where "front", "back", "sink" or "lane-N" of a broker is; over tcp N is the port.
const char *enemy_endpoint (const char *address, const char *name, char *endpoint, size_t size);

//  Connects to "front", "back" (both DEALER) or "sink" (PUSH) of a broker; with keys, which may be
//  NULL.
enemy_t *enemy_new (const char *address, const char *name);
enemy_t *enemy_with (const char *address, const char *name, const keys_t *keys);
void enemy_destroy (enemy_t **self_p);

//  Opens a client's session.
enemy_t *enemy_client (const char *address);
//  Opens a client's session on a connection by hand whose handshake is done; borrowed.
enemy_t *enemy_by_hand (zmtp_t *connection);

//  Says HELLO as a client with that UUID; true when the broker says WELCOME, false when it says
//  REFUSED.
bool enemy_greet (enemy_t *self, const uint8_t uuid [WIRE_UUID_BYTES]);

//  Says HELLO as a worker with that UUID, and that it came by `scheme`; true when the broker says
//  WELCOME.
bool enemy_register (enemy_t *self, const uint8_t uuid [WIRE_UUID_BYTES], const char *scheme,
                     const char *function);

//  Asks, and returns the code of the reply.
uint64_t enemy_request (enemy_t *self, const char *what);

//  Opens a job with that ref and returns the code of JOB_OPENED.
uint64_t enemy_open_job (enemy_t *self, uint64_t ref, unsigned kind, const char *function,
                         bool detached, const uint8_t uuid [WIRE_UUID_BYTES]);

//  What libzmq says of a handshake at a door: was it let in? Waits for its word, however long that
//  takes.
bool enemy_is_let_in (const char *address, const char *name, const keys_t *keys);

//  A worker that is registered connects its lane and sink, and opens the lane with a window of
//  `tasks`.
void enemy_open_lane (enemy_t *self, uint64_t tasks);

//  Registers as a worker that offers `function`, and opens its lane with a window of `tasks`.
enemy_t *enemy_worker (const char *address, const char *function, uint64_t tasks);
enemy_t *enemy_worker_with (const char *address, const keys_t *keys, const char *function,
                            uint64_t tasks);

void enemy_send (enemy_t *self, const void *bytes, size_t size);
//  Sends and frees the frame.
void enemy_say (void *socket, buffer_t *frame);

//  Waits for the next frame from the broker that has this verb, and skips others. False after
//  timeout_ms.
bool enemy_hear (enemy_t *self, void *socket, uint8_t verb, cursor_t *body, int timeout_ms);

#endif
