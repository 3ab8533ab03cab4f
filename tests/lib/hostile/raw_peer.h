/*  raw_peer.h - attack: a client or worker whose frames the test writes
 *
 *  One socket, a client's or a worker's, with or without a session, with or without a key. Frames
 *  are sent as they are given. Fails the test when the broker does not answer a proper HELLO.
 */

#ifndef TESTS_LIB_HOSTILE_RAW_PEER_H_INCLUDED
#define TESTS_LIB_HOSTILE_RAW_PEER_H_INCLUDED

#include "common/keys.h"
#include "common/wire.h"
#include "tests/lib/hostile/zmtp.h"

typedef struct raw_peer {
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
} raw_peer_t;

//  Where "front", "back", "sink" or "lane-N" of a broker is; over tcp N is the port.
const char *raw_peer_endpoint (const char *address, const char *name, char *endpoint, size_t size);

//  Connects to "front", "back" (both DEALER) or "sink" (PUSH) of a broker; with keys, which may be
//  NULL.
raw_peer_t *raw_peer_new (const char *address, const char *name);
raw_peer_t *raw_peer_with (const char *address, const char *name, const keys_t *keys);
void raw_peer_destroy (raw_peer_t **self_p);

//  Opens a client's session.
raw_peer_t *raw_peer_client (const char *address);
//  Opens a client's session on a connection by hand whose handshake is done; borrowed.
raw_peer_t *raw_peer_by_hand (zmtp_t *connection);

//  Says HELLO as a client with that UUID; true when the broker says WELCOME, false when it says
//  REFUSED.
bool raw_peer_greet (raw_peer_t *self, const uint8_t uuid [WIRE_UUID_BYTES]);

//  Says HELLO as a worker with that UUID, and that it came by `scheme`; true when the broker says
//  WELCOME.
bool raw_peer_register (raw_peer_t *self, const uint8_t uuid [WIRE_UUID_BYTES], const char *scheme,
                        const char *function);

//  Asks, and returns the code of the reply.
uint64_t raw_peer_request (raw_peer_t *self, const char *what);

//  Opens a job with that ref and returns the code of JOB_OPENED.
uint64_t raw_peer_open_job (raw_peer_t *self, uint64_t ref, unsigned kind, const char *function,
                            bool detached, const uint8_t uuid [WIRE_UUID_BYTES]);

//  What libzmq says of a handshake at a door: was it let in? Waits for its word, however long that
//  takes.
bool raw_peer_is_let_in (const char *address, const char *name, const keys_t *keys);

//  A worker that is registered connects its lane and sink, and opens the lane with a window of
//  `tasks`.
void raw_peer_open_lane (raw_peer_t *self, uint64_t tasks);

//  Registers as a worker that offers `function`, and opens its lane with a window of `tasks`.
raw_peer_t *raw_peer_worker (const char *address, const char *function, uint64_t tasks);
raw_peer_t *raw_peer_worker_with (const char *address, const keys_t *keys, const char *function,
                                  uint64_t tasks);

void raw_peer_send (raw_peer_t *self, const void *bytes, size_t size);
//  Sends and frees the frame.
void raw_peer_say (void *socket, buffer_t *frame);

//  Waits for the next frame from the broker that has this verb, and skips others. False after
//  timeout_ms.
bool raw_peer_hear (raw_peer_t *self, void *socket, uint8_t verb, cursor_t *body, int timeout_ms);

#endif
