/*
 *  socket_folder.h - the folders of a broker's ipc sockets and of its store
 *
 *  A program that can write to the folder of the sockets can impersonate the broker. So only we may
 *  write to it if we bind there, and only we or root if we connect. Any thread.
 */
#ifndef COMMON_SOCKET_FOLDER_H_INCLUDED
#define COMMON_SOCKET_FOLDER_H_INCLUDED

#include "common/address.h"

//  Prepares to bind a socket at PATH: creates its folder (0700) if needed, refuses a folder that
//  others own or may write to, removes a dead socket file, and refuses one that is in use. *LOCK
//  locks the folder against other programs that do the same, until socket_folder_release.
//  CADRE_ERROR_REFUSED, CADRE_ERROR_ADDRESS, CADRE_ERROR_ADDRESS_IN_USE, CADRE_ERROR_IO.
cadre_error_t socket_folder_prepare (const char *path, int *lock, fault_t *fault);
void socket_folder_release (int *lock);

//  Removes what a killed broker left in the folder: dead sockets whose names begin with PREFIX. The
//  caller must have bound its own sockets there.
void socket_folder_sweep (const char *folder, const char *prefix);

//  Is it safe to connect to PATH? CADRE_ERROR_REFUSED if its folder belongs to another user (except
//  root), or others may write to it. A folder that does not exist is not an error.
cadre_error_t socket_folder_check (const char *path, fault_t *fault);

//  The store of a broker at ADDRESS: in $XDG_STATE_HOME/cadre or ~/.local/state/cadre, which is
//  created (0700). CADRE_ERROR_IO when neither variable is set, or the folder cannot be created.
cadre_error_t socket_folder_state (const address_t *address, char *path, size_t size,
                                   fault_t *fault);

#endif
