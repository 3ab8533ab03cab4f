/*  authz.h - whether a broker's doors are locked, and who is let in where
 *
 *  The seam by which authentication is plugged into a broker: its owner (main)
 *  has the keys read and runs the gate, which decides in ZeroMQ's handshake; the broker
 *  asks here what the peer of a frame may do. Without doors everybody who
 *  reaches the broker may do everything. One thread, the broker's.
 */

#ifndef BROKER_AUTH_AUTHZ_H_INCLUDED
#define BROKER_AUTH_AUTHZ_H_INCLUDED

#include <stdint.h>

#include "broker/auth/keyring.h"
#include "broker/core/hub.h"

#define AUTHZ_DOMAIN_BYTES 64

typedef struct authz {
    char secret_key [KEYS_TEXT_BYTES]; //  The broker's, for CURVE on tcp
    keyring_t *keys;                   //  Who is let in
    //  Reads the keys anew, has the gate use them and changes self->keys; a fault when they cannot
    //  be read: then the old ones hold.
    cadre_error_t (*reload) (struct authz *self, fault_t *fault);
    //  How many handshakes the gate has refused.
    uint64_t (*refused) (const struct authz *self);
    void *owner; //  Of whoever made it
} authz_t;

//  Sets what is asked of peers that connect to SOCKET at an address of that kind, for the bind that
//  follows. DOMAIN names the door: "front", "back", "sink", or authz_lane's text. Nothing is asked
//  where self is NULL.
void authz_guard (const authz_t *self, void *socket, address_kind_t kind, const char *domain);

//  The domain of the lane of one peer: nobody but the holder of that key is let in.
const char *authz_lane (const char *peer, char domain [AUTHZ_DOMAIN_BYTES]);

//  What a peer may do, by its User-Id. NULL: it is not to be heard.
const rights_t *authz_rights (const authz_t *self, const char *peer);

//  Is it let in as a worker, or as a client? Those who need no key are both.
bool authz_is_worker (const authz_t *self, const char *peer);
bool authz_is_client (const authz_t *self, const char *peer);

//  May that peer have jobs of that kind (WIRE_KIND_...) and function run? A fault
//  (CADRE_ERROR_REFUSED) that names its key if not.
cadre_error_t authz_check_job (const authz_t *self, const char *peer, const char *key,
                               uint64_t kind, const char *function, fault_t *fault);

//  The gate's decision in a handshake: what the peer is called from then on, or NULL when it is
//  refused. MECHANISM is "NULL" or "CURVE", KEY the public key in Z85 (CURVE) or "".
const char *authz_admit (const keyring_t *keys, const char *domain, const char *mechanism,
                         const char *key);

//  Has the keys read anew; sessions are checked in this turn. CADRE_ERROR_CONFIGURATION when there
//  are none or they cannot be read.
cadre_error_t authz_reload (hub_t *hub, fault_t *fault);

#endif
