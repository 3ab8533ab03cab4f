/*
 *  grant.h - creates keys for peers: the entry in the broker's key folder, and the access file
 *
 *  Used by `cadre keygen`, and by `cadre up` and `cadre run --hosts` for their own peers. One
 *  thread.
 */
#ifndef CLIENT_CLI_HOSTS_GRANT_H_INCLUDED
#define CLIENT_CLI_HOSTS_GRANT_H_INCLUDED

#include "common/access.h"
#include "common/keydir.h"

//  Creates the key that ENTRY describes (name, role, functions) in FOLDER, and the broker's own key
//  when it is missing; ADDRESS may be NULL. REPLACE: a key with that name exists and is revoked.
//  Fills ACCESS: write it, then erase it from memory. CADRE_ERROR_CONFIGURATION,
//  CADRE_ERROR_REFUSED, CADRE_ERROR_IO, CADRE_ERROR_ARGUMENT, CADRE_ERROR_NOT_FOUND.
cadre_error_t grant_make (const char *folder, keydir_entry_t *entry, const char *address,
                          bool replace, access_t *access, fault_t *fault);

//  The same for a name and a role, unless PATH is already an access file for that folder. ACCESS is
//  read or created, and stored in PATH.
cadre_error_t grant_keep (const char *folder, const char *name, role_t role, const char *address,
                          const char *path, access_t *access, fault_t *fault);

//  The text of an access file; the caller erases and frees it.
char *grant_text (const access_t *access);

#endif
