//  authz.c - authorization: whether keys are required, and what each peer may do

#include "broker/auth/authz.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/notify.h"
#include "common/sockets.h"
#include "common/wire.h"

#define LANE "lane:"

void authz_guard (const authz_t *self, void *socket, address_kind_t kind, const char *domain)
{
    if (!self)
        return;
    bool locked = kind == ADDRESS_TCP;
    sockets_guard (socket, locked ? domain : SOCKETS_DOMAIN_LOCAL,
                   locked ? self->secret_key : NULL);
}

const char *authz_lane (const char *peer, char domain [AUTHZ_DOMAIN_BYTES])
{
    snprintf (domain, AUTHZ_DOMAIN_BYTES, LANE "%s", peer);
    return domain;
}

const rights_t *authz_rights (const authz_t *self, const char *peer)
{
    if (!self)
        return rights_of_all ();
    if (!peer)
        return NULL;
    return strcmp (peer, SOCKETS_DOMAIN_LOCAL) == 0 ? rights_of_all ()
                                                    : keyring_find (self->keys, peer);
}

bool authz_is_worker (const authz_t *self, const char *peer)
{
    const rights_t *rights = authz_rights (self, peer);
    return rights && (rights == rights_of_all () || rights->role == ROLE_WORKER);
}

bool authz_is_client (const authz_t *self, const char *peer)
{
    const rights_t *rights = authz_rights (self, peer);
    return rights && rights->role != ROLE_WORKER;
}

cadre_error_t authz_check_job (const authz_t *self, const char *peer, const char *key,
                               uint64_t kind, const char *function, fault_t *fault)
{
    const rights_t *rights = authz_rights (self, peer);
    bool command = kind == WIRE_KIND_COMMAND;
    if (!rights || rights->role == ROLE_OBSERVER)
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "the key %s has role observer and cannot submit: use a key of role client or admin",
            key);
    if (rights_cover (rights, command ? NULL : function))
        return CADRE_OK;
    return fault_set (
        fault, CADRE_ERROR_REFUSED,
        command ? "the key %s may call certain functions and run no commands%s: ask for another key"
                : "the key %s may not call %s: ask for a key that may",
        key, command ? "" : function);
}

const char *authz_admit (const keyring_t *keys, const char *domain, const char *mechanism,
                         const char *key)
{
    if (strcmp (domain, SOCKETS_DOMAIN_LOCAL) == 0)
        return strcmp (mechanism, "NULL") == 0 ? SOCKETS_DOMAIN_LOCAL : NULL;
    const rights_t *rights = strcmp (mechanism, "CURVE") == 0 ? keyring_find (keys, key) : NULL;
    if (!rights)
        return NULL;
    bool worker = rights->role == ROLE_WORKER;
    if (strcmp (domain, "front") == 0)
        return worker ? NULL : key;
    if (strcmp (domain, "back") == 0 || strcmp (domain, "sink") == 0)
        return worker ? key : NULL;
    bool own_lane =
        strncmp (domain, LANE, strlen (LANE)) == 0 && strcmp (domain + strlen (LANE), key) == 0;
    return worker && own_lane ? key : NULL;
}

static cadre_error_t s_authz_reload (context_t *ctx, fault_t *fault)
{
    if (!ctx->authz)
        fault_set (fault, CADRE_ERROR_CONFIGURATION,
                   "this broker uses no keys, so there are none to reload: start it with --keys");
    else if (ctx->authz->reload (ctx->authz, fault) == CADRE_OK) {
        ctx->keys_changed = true;
        log_line (LOG_INFO, "B031", "keys reloaded: %zu are accepted",
                  keyring_count (ctx->authz->keys));
        return CADRE_OK;
    }
    log_line (LOG_WARNING, "B032", "keys were not reloaded: %s", fault->text);
    return fault->code;
}

cadre_error_t authz_reload (context_t *ctx, fault_t *fault)
{
    fault_t own = {0};
    notify_reloading (ctx->notify);
    cadre_error_t error = s_authz_reload (ctx, fault ? fault : &own);
    if (ctx->state == CONTEXT_RUNNING)
        notify_ready (ctx->notify);
    return error;
}
