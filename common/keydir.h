/*
 *  keydir: the folder in which a broker's operator keeps keys.
 *
 *      DIR/broker.key    the broker's own pair of keys                               mode 0600
 *      DIR/NAME.pub      a peer's public key, with its name, role and functions      mode 0600
 *
 *  It is its user's own, or root's, and nobody else may write into it: whoever could would let in
 *  whom he likes. Files are certificates of czmq (ZPL). A peer's secret is not here: it is in the
 *  access file that was handed to it. So revoking is removing a file. For the broker and the
 *  commands, not part of libcadre. One thread: czmq sets the process's umask while it writes.
 */
#ifndef COMMON_KEYDIR_H_INCLUDED
#define COMMON_KEYDIR_H_INCLUDED

#include "common/keys.h"

#define KEYDIR_PATH_BYTES 1024
#define KEYDIR_FUNCTIONS_MAX 64

//  One peer's entry. A job belongs to the key that opened it, and to those that were made of it by
//  keydir_put with REPLACE and the entry as it was read before. Of clients, all_jobs is a matter of
//  the file ("jobs", own or all; own if it says nothing); observers and admins have it. FUNCTIONS
//  are patterns as of fnmatch; none: all functions and commands.
typedef struct keydir_entry {
    char name [KEYS_NAME_BYTES];       // of the key
    role_t role;                       // what it is for
    char public_key [KEYS_TEXT_BYTES]; // the peer's
    char holder [KEYS_TEXT_BYTES]; // whose its jobs are: the first key of this name; "": this one
    bool all_jobs;                 // it reaches those of others, too
    const char *functions [KEYDIR_FUNCTIONS_MAX]; // borrowed
    size_t functions_count;                       // how many
} keydir_entry_t;

//  $XDG_CONFIG_HOME/cadre/keys or ~/.config/cadre/keys. CADRE_ERROR_CONFIGURATION if there is
//  neither variable.
cadre_error_t keydir_default (char path [KEYDIR_PATH_BYTES], fault_t *fault);

//  Is there a broker's key in it?
bool keydir_exists (const char *path);

//  The broker's own keys. With MAKE, folder (0700) and key are made when missing.
//  CADRE_ERROR_CONFIGURATION when there is none or it is damaged, CADRE_ERROR_REFUSED when others
//  can read it, CADRE_ERROR_IO.
cadre_error_t keydir_broker (const char *path, bool make, char public_key [KEYS_TEXT_BYTES],
                             char secret_key [KEYS_TEXT_BYTES], fault_t *fault);

//  Each peer's entry, in no order, until take returns an error, which is then returned.
//  CADRE_ERROR_CONFIGURATION names a file that is damaged, CADRE_ERROR_REFUSED one that others can
//  write.
typedef cadre_error_t keydir_take_fn (void *owner, const keydir_entry_t *entry, fault_t *fault);
cadre_error_t keydir_each (const char *path, keydir_take_fn *take, void *owner, fault_t *fault);

//  Write an entry. CADRE_ERROR_ARGUMENT for a name or pattern that cannot be written. There must be
//  one of that name already if REPLACE, else none: CADRE_ERROR_NOT_FOUND, CADRE_ERROR_ARGUMENT.
cadre_error_t keydir_put (const char *path, const keydir_entry_t *entry, bool replace,
                          fault_t *fault);

//  One entry by its name; role and functions. The functions are the caller's to free with
//  keydir_free.
cadre_error_t keydir_get (const char *path, const char *name, keydir_entry_t *entry,
                          fault_t *fault);
void keydir_free (keydir_entry_t *entry);

//  Remove an entry: once the broker has read its keys again, that peer is let in no more.
//  CADRE_ERROR_NOT_FOUND.
cadre_error_t keydir_remove (const char *path, const char *name, fault_t *fault);

#endif
