/*  enemy.h - a peer that says what it likes, for tests of what the broker does with it
 *
 *  One socket, a client's or a worker's, with or without a session. Frames are
 *  sent as they are given. Fails the test when the broker does not answer a
 *  proper HELLO.
 */

#ifndef TESTS_LIB_ENEMY_H_INCLUDED
#define TESTS_LIB_ENEMY_H_INCLUDED

#include "common/wire.h"

typedef struct enemy {
    void *context;    //  Of its own
    void *socket;     //  To front, back or sink
    void *lane;       //  A worker's, or NULL
    void *sink;       //  A worker's, or NULL
    uint64_t session; //  0 before there is one
    uint64_t tasks;   //  A client's window
    uint64_t epoch;   //  A worker's: of leases
    buffer_t frame;   //  The last frame received
} enemy_t;

//  Connects to "front", "back" (both DEALER) or "sink" (PUSH) of a broker at ipc.
enemy_t *enemy_new (const char *address, const char *name);
void enemy_destroy (enemy_t **self_p);

//  Opens a client's session.
enemy_t *enemy_client (const char *address);
//  Registers as a worker that offers `function`, and opens its lane with a window of `tasks`.
enemy_t *enemy_worker (const char *address, const char *function, uint64_t tasks);

void enemy_send (enemy_t *self, const void *bytes, size_t size);
//  Sends and frees the frame.
void enemy_say (void *socket, buffer_t *frame);

//  Waits for the next frame from the broker that has this verb, and skips others. False after timeout_ms.
bool enemy_hear (enemy_t *self, void *socket, uint8_t verb, cursor_t *body, int timeout_ms);

#endif
