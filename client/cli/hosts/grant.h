/*
 *  grant: a key for a peer, made on the broker's side: the entry in the folder of keys, and the
 *  access file to hand out.
 *
 *  What `cadre keygen` does, and `cadre up` and `cadre run --hosts` for themselves. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_GRANT_H_INCLUDED
#define CLIENT_CLI_HOSTS_GRANT_H_INCLUDED

#include "common/access.h"
#include "common/keydir.h"

//  Makes the key that ENTRY describes (name, role, functions) in FOLDER, and the broker's own when
//  it is missing; ADDRESS may be NULL. REPLACE: there is one of that name, which is let in no more.
//  ACCESS is filled: write it, then wipe it. CADRE_ERROR_CONFIGURATION, CADRE_ERROR_REFUSED,
//  CADRE_ERROR_IO, CADRE_ERROR_ARGUMENT, CADRE_ERROR_NOT_FOUND.
cadre_error_t grant_make (const char *folder, keydir_entry_t *entry, const char *address,
                          bool replace, access_t *access, fault_t *fault);

//  The same for a name and a role, unless PATH is an access file that goes with the folder already.
//  ACCESS is read or made, and lies in PATH.
cadre_error_t grant_keep (const char *folder, const char *name, role_t role, const char *address,
                          const char *path, access_t *access, fault_t *fault);

//  The text of an access file; the caller's to wipe and free.
char *grant_text (const access_t *access);

#endif
