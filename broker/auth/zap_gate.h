/*  zap_gate.h - accepts or refuses peers during ZeroMQ's handshake (ZAP, ZeroMQ RFC 27)
 *
 *  A thread (zactor) that answers libzmq's requests on inproc://zeromq.zap.01 of the broker's
 *  context. It shares no data: it gets its own copy of the keyring. Create it before the broker's
 *  sockets and destroy it after them; without a gate, sockets with an enforced domain refuse every
 *  peer. Owned by the main thread.
 */

#ifndef BROKER_AUTH_ZAP_GATE_H_INCLUDED
#define BROKER_AUTH_ZAP_GATE_H_INCLUDED

#include <stdint.h>

#include "broker/auth/keyring.h"
#include "common/fault.h"

typedef struct zap_gate zap_gate_t;

//  Takes the ring. NULL and a fault when another handler serves this context, or no thread can be
//  started.
zap_gate_t *zap_gate_new (void *context, keyring_t **keys_p, fault_t *fault);
void zap_gate_destroy (zap_gate_t **self_p);

//  Once this returns, handshakes are checked against these keys. Takes the ring. Any thread, one at
//  a time.
void zap_gate_change (zap_gate_t *self, keyring_t **keys_p);

//  Handshakes refused so far. Any thread.
uint64_t zap_gate_refused (const zap_gate_t *self);

#endif
