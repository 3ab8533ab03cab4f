/*  zap_gate.h - decides, in ZeroMQ's handshake, who is let in (ZAP, ZeroMQ RFC 27)
 *
 *  A thread (zactor) that answers libzmq's questions on inproc://zeromq.zap.01 of
 *  the broker's context. It shares nothing: keys reach it as a ring of its own. Make
 *  it before the broker's sockets and destroy it after them; sockets whose domain is
 *  enforced let nobody in while there is no gate. Owned by main's thread.
 */

#ifndef BROKER_AUTH_ZAP_GATE_H_INCLUDED
#define BROKER_AUTH_ZAP_GATE_H_INCLUDED

#include <stdint.h>

#include "broker/auth/keyring.h"
#include "common/fault.h"

typedef struct zap_gate zap_gate_t;

//  Takes the ring. NULL and a fault when another handler serves this context, or no thread can be
//  had.
zap_gate_t *zap_gate_new (void *context, keyring_t **keys_p, fault_t *fault);
void zap_gate_destroy (zap_gate_t **self_p);

//  From the return on, handshakes are judged by these keys. Takes the ring. One thread at a time,
//  any one.
void zap_gate_change (zap_gate_t *self, keyring_t **keys_p);

//  Handshakes refused so far. Any thread.
uint64_t zap_gate_refused (const zap_gate_t *self);

#endif
