/*
 *  keys.h - identities of peers: a name, a role, and CURVE keys
 *
 *  Keys are texts of 40 characters in Z85 (ZeroMQ RFC 32), as libzmq uses them. A role says at
 *  which endpoints a key is accepted:
 *
 *      client      submits and manages jobs                                  front
 *      observer    reads only                                                front
 *      admin       all of that, and drains, stops and reloads                front
 *      worker      runs tasks                                                back, sink, its own
 *                  lane
 *
 *  Plain values, any thread.
 */
#ifndef COMMON_KEYS_H_INCLUDED
#define COMMON_KEYS_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

#define KEYS_TEXT_BYTES 41
#define KEYS_RAW_BYTES 32
#define KEYS_NAME_BYTES 64

typedef enum role { ROLE_NONE, ROLE_CLIENT, ROLE_OBSERVER, ROLE_ADMIN, ROLE_WORKER } role_t;

//  The keys with which a peer connects to a broker.
typedef struct keys {
    char server_key [KEYS_TEXT_BYTES]; //  the broker's public key
    char public_key [KEYS_TEXT_BYTES]; //  its own
    char secret_key [KEYS_TEXT_BYTES]; //  its own; must stay secret
} keys_t;

//  "worker" → ROLE_WORKER. CADRE_ERROR_ARGUMENT with a fault that lists the roles.
cadre_error_t keys_parse_role (const char *text, role_t *role, fault_t *fault);
const char *keys_role_name (role_t role);

//  Is it a key: 40 characters of Z85 that encode 32 bytes?
bool keys_is_key (const char *text);

//  Names consist of letters, digits, dots, dashes and underscores, begin with a letter or digit,
//  and have at most 63 bytes, so they can be file names. CADRE_ERROR_ARGUMENT.
cadre_error_t keys_check_name (const char *name, fault_t *fault);

#endif
