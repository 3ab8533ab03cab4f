//  keys.c - identities of peers: a name, a role, and CURVE keys

#include "common/keys.h"

#include <ctype.h>
#include <string.h>
#include <zmq.h>

static const char *const s_roles [] = {"none", "client", "observer", "admin", "worker"};

cadre_error_t keys_parse_role (const char *text, role_t *role, fault_t *fault)
{
    for (unsigned i = ROLE_CLIENT; i <= ROLE_WORKER; i++)
        if (strcmp (text, s_roles [i]) == 0) {
            *role = (role_t) i;
            return CADRE_OK;
        }
    return fault_set (fault, CADRE_ERROR_ARGUMENT,
                      "'%.40s' is not a role: give client, worker, observer or admin", text);
}

const char *keys_role_name (role_t role)
{
    return role <= ROLE_WORKER ? s_roles [role] : s_roles [ROLE_NONE];
}

bool keys_is_key (const char *text)
{
    unsigned char raw [KEYS_RAW_BYTES];
    return strlen (text) == KEYS_TEXT_BYTES - 1 && zmq_z85_decode (raw, text) != NULL;
}

cadre_error_t keys_check_name (const char *name, fault_t *fault)
{
    size_t size = strlen (name);
    bool fine = size > 0 && size < KEYS_NAME_BYTES && isalnum ((unsigned char) *name);
    for (size_t i = 0; fine && i < size; i++)
        fine = isalnum ((unsigned char) name [i]) || strchr (".-_", name [i]);
    if (fine)
        return CADRE_OK;
    return fault_set (
        fault, CADRE_ERROR_ARGUMENT,
        "'%.70s' is not a name for a key: use up to %d letters, digits, dots, dashes and underscores",
        name, KEYS_NAME_BYTES - 1);
}
