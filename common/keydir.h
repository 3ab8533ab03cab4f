/*
 *  keydir.h - the folder with a broker's keys
 *
 *      DIR/broker.key    the broker's own pair of keys                               mode 0600
 *      DIR/NAME.pub      a peer's public key, with its name, role and functions      mode 0600
 *
 *  The folder must belong to its user or to root, and must not be writable by others, who could add
 *  keys. The files are certificates of czmq (ZPL). A peer's secret key is not here but in its
 *  access file. So a key is revoked by removing its file. Used by the broker and the commands, not
 *  by libcadre. One thread: czmq sets the process's umask while it writes.
 */
#ifndef COMMON_KEYDIR_H_INCLUDED
#define COMMON_KEYDIR_H_INCLUDED

#include "common/keys.h"

#define KEYDIR_PATH_BYTES 1024
#define KEYDIR_FUNCTIONS_MAX 64

//  One peer's entry. A job belongs to the key that opened it, and to renewed keys: those written by
//  keydir_put with REPLACE and an entry that was read before. For clients, all_jobs is a setting in
//  the file ("jobs", own or all; default own); observers and admins always have it. FUNCTIONS are
//  fnmatch patterns; none: all functions and commands.
typedef struct keydir_entry {
    char name [KEYS_NAME_BYTES];       //  of the key
    role_t role;                       //  its role
    char public_key [KEYS_TEXT_BYTES]; //  the peer's
    char holder [KEYS_TEXT_BYTES]; //  owner of its jobs: the first key with this name; "": this key
    bool all_jobs;                 //  it may access jobs of other keys
    const char *functions [KEYDIR_FUNCTIONS_MAX]; //  borrowed
    size_t functions_count;                       //  how many
} keydir_entry_t;

//  $XDG_CONFIG_HOME/cadre/keys or ~/.config/cadre/keys. CADRE_ERROR_CONFIGURATION if there is
//  neither variable.
cadre_error_t keydir_default (char path [KEYDIR_PATH_BYTES], fault_t *fault);

//  Does it contain a broker's key?
bool keydir_exists (const char *path);

//  Reads the broker's own keys. MAKE: creates the folder (0700) and the key when missing.
//  CADRE_ERROR_CONFIGURATION when there is no key or it is damaged, CADRE_ERROR_REFUSED when others
//  can read it, CADRE_ERROR_IO.
cadre_error_t keydir_broker (const char *path, bool make, char public_key [KEYS_TEXT_BYTES],
                             char secret_key [KEYS_TEXT_BYTES], fault_t *fault);

//  Calls take for each peer's entry, in no order, until it returns an error, which is then
//  returned. CADRE_ERROR_CONFIGURATION names a damaged file, CADRE_ERROR_REFUSED one that others
//  can write.
typedef cadre_error_t keydir_take_fn (void *owner, const keydir_entry_t *entry, fault_t *fault);
cadre_error_t keydir_each (const char *path, keydir_take_fn *take, void *owner, fault_t *fault);

//  Writes an entry. CADRE_ERROR_ARGUMENT for an invalid name or pattern. With REPLACE an entry of
//  that name must exist (CADRE_ERROR_NOT_FOUND), otherwise it must not (CADRE_ERROR_ARGUMENT).
cadre_error_t keydir_put (const char *path, const keydir_entry_t *entry, bool replace,
                          fault_t *fault);

//  Reads one entry by its name, with role and functions. Free the functions with keydir_free.
cadre_error_t keydir_get (const char *path, const char *name, keydir_entry_t *entry,
                          fault_t *fault);
void keydir_free (keydir_entry_t *entry);

//  Removes an entry: the key is revoked once the broker has reloaded its keys.
//  CADRE_ERROR_NOT_FOUND.
cadre_error_t keydir_remove (const char *path, const char *name, fault_t *fault);

#endif
