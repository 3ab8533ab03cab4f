/*  zmtp.h - attack: a peer that speaks ZMTP by hand, for what libzmq would never say
 *
 *  ZMTP 3.0 (ZeroMQ RFC 23) over tcp or ipc with NULL or CURVE (RFC 26), byte by byte on a socket
 *  of one's own: greetings that end in the middle, properties that a peer has no right to, frames
 *  that never end. Reads give up after ZMTP_PATIENCE_MS.
 */

#ifndef TESTS_LIB_HOSTILE_ZMTP_H_INCLUDED
#define TESTS_LIB_HOSTILE_ZMTP_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/keys.h"

#define ZMTP_GREETING_BYTES 64
#define ZMTP_PATIENCE_MS 20000
#define ZMTP_MORE 1    //  Flags of a frame
#define ZMTP_COMMAND 4 //  Another one

typedef struct zmtp {
    int fd;               //  The connection; -1 when it could not be had
    bool curve;           //  Frames are boxed
    uint8_t precomp [32]; //  The key of the boxes
    uint64_t nonce;       //  Of the last box
} zmtp_t;

//  Connects to tcp://127.0.0.1:PORT or ipc:///PATH. False when nobody listens.
bool zmtp_connect (zmtp_t *self, const char *endpoint);
void zmtp_close (zmtp_t *self);

//  The greeting of a client with that mechanism.
void zmtp_greeting (uint8_t greeting [ZMTP_GREETING_BYTES], const char *mechanism);

//  Sends bytes as they are. False when the connection was cut.
bool zmtp_put (zmtp_t *self, const void *bytes, size_t size);

//  Waits until the other side cuts the connection, and reads what it says before. False when it
//  does not.
bool zmtp_is_cut (zmtp_t *self);

//  The handshake as a DEALER or PUSH, with a property User-Id where that is not NULL; with keys by
//  CURVE. False when it is refused.
bool zmtp_shake (zmtp_t *self, const char *type, const keys_t *keys, const char *user_id);

//  One frame of a message, boxed where the connection is. False when the connection was cut.
bool zmtp_send (zmtp_t *self, unsigned flags, const void *bytes, size_t size);

//  The size of the next frame of a message, in the clear; commands are skipped. -1 when the
//  connection was cut or patience ended.
int64_t zmtp_receive (zmtp_t *self, uint8_t *bytes, size_t max);

#endif
