//  auth.c - loads the key folder and runs the authentication gate

#include "broker/auth/auth.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/auth/zap_gate.h"
#include "common/keydir.h"

struct auth {
    authz_t authz;                   //  Interface for the broker
    zap_gate_t *gate;                //  What libzmq asks
    char folder [KEYDIR_PATH_BYTES]; //  Of the keys
};

static cadre_error_t s_auth_take (void *owner, const keydir_entry_t *entry, fault_t *fault)
{
    keyring_t *keys = owner;
    rights_t rights = {.name = entry->name,
                       .role = entry->role,
                       .holder = entry->holder,
                       .all_jobs = entry->all_jobs,
                       .functions = entry->functions,
                       .functions_count = entry->functions_count};
    if (keyring_add (keys, entry->public_key, &rights))
        return CADRE_OK;
    return fault_set (fault, CADRE_ERROR_CONFIGURATION,
                      "two names have the same key, and %s is one of them: revoke one",
                      entry->name);
}

static keyring_t *s_auth_read (const char *folder, fault_t *fault)
{
    keyring_t *keys = keyring_new ();
    if (keydir_each (folder, s_auth_take, keys, fault))
        keyring_destroy (&keys);
    return keys;
}

static cadre_error_t s_auth_reload (authz_t *authz, fault_t *fault)
{
    auth_t *self = authz->owner;
    keyring_t *keys = s_auth_read (self->folder, fault);
    if (!keys)
        return fault->code;
    keyring_t *copy = keyring_copy (keys);
    zap_gate_change (self->gate, &copy);
    keyring_destroy (&authz->keys);
    authz->keys = keys;
    return CADRE_OK;
}

static uint64_t s_refused (const authz_t *authz)
{
    const auth_t *self = authz->owner;
    return zap_gate_refused (self->gate);
}

static cadre_error_t s_auth_open (auth_t *self, void *context, fault_t *fault)
{
    char public_key [KEYS_TEXT_BYTES];
    if (keydir_broker (self->folder, false, public_key, self->authz.secret_key, fault))
        return fault->code;
    self->authz.keys = s_auth_read (self->folder, fault);
    if (!self->authz.keys)
        return fault->code;
    keyring_t *copy = keyring_copy (self->authz.keys);
    self->gate = zap_gate_new (context, &copy, fault);
    return self->gate ? CADRE_OK : fault->code;
}

auth_t *auth_new (void *context, const char *folder, fault_t *fault)
{
    auth_t *self = calloc (1, sizeof *self);
    assert (self);
    self->authz = (authz_t){.reload = s_auth_reload, .refused = s_refused, .owner = self};
    if (strlen (folder) >= sizeof self->folder)
        fault_set (fault, CADRE_ERROR_CONFIGURATION, "the path of the keys is too long: %.100s...",
                   folder);
    else {
        memcpy (self->folder, folder, strlen (folder) + 1);
        if (s_auth_open (self, context, fault) == CADRE_OK)
            return self;
    }
    auth_destroy (&self);
    return NULL;
}

void auth_destroy (auth_t **self_p)
{
    assert (self_p);
    auth_t *self = *self_p;
    if (!self)
        return;
    zap_gate_destroy (&self->gate);
    keyring_destroy (&self->authz.keys);
    explicit_bzero (self, sizeof *self);
    free (self);
    *self_p = NULL;
}

authz_t *auth_doors (auth_t *self)
{
    return &self->authz;
}
