/*  zap.h - handles libzmq's authentication requests (ZAP, ZeroMQ RFC 27)
 *
 *  A zap_t belongs to the gate's thread. It checks peers against a keyring, counts refusals, and
 *  logs them at most once a second.
 */

#ifndef BROKER_AUTH_ZAP_H_INCLUDED
#define BROKER_AUTH_ZAP_H_INCLUDED

#include <stdatomic.h>
#include <stdint.h>

#include "broker/auth/keyring.h"

typedef struct zap {
    void *handler;   //  REP socket, bound to libzmq's ZAP endpoint; NULL when that failed
    keyring_t *keys; //  Keys that are accepted
    atomic_uint_least64_t *refusals; //  Handshakes refused; read by other threads
    uint64_t logged;                 //  Refusals that have been logged
    int64_t logged_us;               //  When they were last logged
} zap_t;

//  Binds the handler in that context. False when another handler is bound there.
bool zap_open (zap_t *self, void *context);
void zap_close (zap_t *self);

//  Answers one request, if there is one.
void zap_answer (zap_t *self);

#endif
