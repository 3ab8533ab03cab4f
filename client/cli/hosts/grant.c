//  grant.c - see grant.h

#include "client/cli/hosts/grant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "client/cli/output/text.h"

cadre_error_t grant_make (const char *folder, keydir_entry_t *entry, const char *address,
                          bool replace, access_t *grant, fault_t *fault)
{
    char broker_secret [KEYS_TEXT_BYTES];
    *grant = (access_t){.role = entry->role};
    cadre_error_t error =
        keydir_broker (folder, !replace, grant->keys.server_key, broker_secret, fault);
    explicit_bzero (broker_secret, sizeof broker_secret);
    if (error)
        return error;
    if (zmq_curve_keypair (grant->keys.public_key, grant->keys.secret_key))
        return fault_set (fault, CADRE_ERROR_CONFIGURATION,
                          "this libzmq was built without CURVE: install one with it");
    memcpy (entry->public_key, grant->keys.public_key, KEYS_TEXT_BYTES);
    snprintf (grant->name, sizeof grant->name, "%s", entry->name);
    snprintf (grant->address, sizeof grant->address, "%s", address ? address : "");
    return keydir_put (folder, entry, replace, fault);
}

//  Is the key in the file still accepted by the broker?
static bool s_grant_fits (const char *folder, const access_t *grant)
{
    keydir_entry_t entry = {0};
    char server [KEYS_TEXT_BYTES] = "", secret [KEYS_TEXT_BYTES];
    bool fits = keydir_broker (folder, false, server, secret, NULL) == CADRE_OK
                && strcmp (server, grant->keys.server_key) == 0
                && keydir_get (folder, grant->name, &entry, NULL) == CADRE_OK
                && entry.role == grant->role
                && strcmp (entry.public_key, grant->keys.public_key) == 0;
    explicit_bzero (secret, sizeof secret);
    keydir_free (&entry);
    return fits;
}

cadre_error_t grant_keep (const char *folder, const char *name, role_t role, const char *address,
                          const char *path, access_t *grant, fault_t *fault)
{
    keydir_entry_t entry = {.role = role}, before = {0};
    if (access (path, F_OK) == 0 && access_read (grant, path, NULL) == CADRE_OK
        && s_grant_fits (folder, grant) && strcmp (grant->address, address) == 0)
        return CADRE_OK;
    snprintf (entry.name, sizeof entry.name, "%s", name);
    const bool replace =
        keydir_exists (folder) && keydir_get (folder, name, &before, NULL) == CADRE_OK;
    snprintf (entry.holder, sizeof entry.holder, "%s", before.holder);
    keydir_free (&before);
    cadre_error_t error = grant_make (folder, &entry, address, replace, grant, fault);
    return error ? error : access_write (grant, path, fault);
}

char *grant_text (const access_t *grant)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream (&text, &size);
    if (!stream || !access_print (grant, stream) || fclose (stream) != 0)
        return text_copy ("", 0);
    return text;
}
