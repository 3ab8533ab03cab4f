/*  zap.h - libzmq's question whether a peer is let in, and the answer (ZAP, ZeroMQ RFC 27)
 *
 *  A zap_t belongs to the gate's thread. It judges by a ring of keys, counts refusals, and tells
 *  the log of them, a line a second at most.
 */

#ifndef BROKER_AUTH_ZAP_H_INCLUDED
#define BROKER_AUTH_ZAP_H_INCLUDED

#include <stdatomic.h>
#include <stdint.h>

#include "broker/auth/keyring.h"

typedef struct zap {
    void *handler;                   //  REP, bound where libzmq asks; NULL when that failed
    keyring_t *keys;                 //  Who is let in
    atomic_uint_least64_t *refusals; //  Handshakes refused; read by others
    uint64_t logged;                 //  Refusals that the log knows of
    int64_t logged_us;               //  When it was told last
} zap_t;

//  Binds the handler in that context. False when somebody else has.
bool zap_open (zap_t *self, void *context);
void zap_close (zap_t *self);

//  Answers one question, if there is one.
void zap_answer (zap_t *self);

#endif
