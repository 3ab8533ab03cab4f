/*  authz.h - authorization: whether keys are required, and what each peer may do
 *
 *  The interface by which authentication is plugged into a broker. Its owner (main) reads the keys
 *  and runs the gate, which decides during ZeroMQ's handshake. The broker asks here what the sender
 *  of a frame may do. Without an authz_t, every peer that can connect may do everything. Called by
 *  the broker's thread only.
 */

#ifndef BROKER_AUTH_AUTHZ_H_INCLUDED
#define BROKER_AUTH_AUTHZ_H_INCLUDED

#include <stdint.h>

#include "broker/auth/keyring.h"
#include "broker/core/context.h"

#define AUTHZ_DOMAIN_BYTES 64

typedef struct authz {
    char secret_key [KEYS_TEXT_BYTES]; //  The broker's, for CURVE on tcp
    keyring_t *keys;                   //  Keys that are accepted
    //  Reads the keys again, passes them to the gate and replaces self->keys. When they cannot be
    //  read it returns a fault and the old keys stay valid.
    cadre_error_t (*reload) (struct authz *self, fault_t *fault);
    //  Number of handshakes that the gate refused.
    uint64_t (*refused) (const struct authz *self);
    void *owner; //  Context of the implementation
} authz_t;

//  Sets the security options of SOCKET for the next bind to an address of that kind. DOMAIN names
//  the endpoint: "front", "back", "sink", or the text of authz_lane. Sets nothing when self is
//  NULL.
void authz_guard (const authz_t *self, void *socket, address_kind_t kind, const char *domain);

//  The ZAP domain of one peer's lane; only the holder of that key is accepted.
const char *authz_lane (const char *peer, char domain [AUTHZ_DOMAIN_BYTES]);

//  What a peer may do, by its User-Id. NULL: its frames must be ignored.
const rights_t *authz_rights (const authz_t *self, const char *peer);

//  Is it accepted as a worker, or as a client? Peers that need no key are both.
bool authz_is_worker (const authz_t *self, const char *peer);
bool authz_is_client (const authz_t *self, const char *peer);

//  May that peer have jobs of that kind (WIRE_KIND_...) and function run? If not: a fault
//  (CADRE_ERROR_REFUSED) that names its key.
cadre_error_t authz_check_job (const authz_t *self, const char *peer, const char *key,
                               uint64_t kind, const char *function, fault_t *fault);

//  The gate's decision in a handshake. Returns the peer's User-Id, or NULL when it is refused.
//  MECHANISM is "NULL" or "CURVE"; KEY is the public key in Z85 (CURVE) or "".
const char *authz_admit (const keyring_t *keys, const char *domain, const char *mechanism,
                         const char *key);

//  Reloads the keys; sessions are checked against them in this turn. CADRE_ERROR_CONFIGURATION when
//  there are no keys or they cannot be read.
cadre_error_t authz_reload (context_t *ctx, fault_t *fault);

#endif
