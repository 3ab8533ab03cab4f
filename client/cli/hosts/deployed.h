/*
 *  deployed: what was deployed from here, so that --status, --drain and --stop need no list of
 *  hosts.
 *
 *  A file of hosts for each deployment, as hostlist reads it, in $XDG_STATE_HOME/cadre or
 *  ~/.local/state/cadre: NAME.hosts. It goes when the last host has gone. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_DEPLOYED_H_INCLUDED
#define CLIENT_CLI_HOSTS_DEPLOYED_H_INCLUDED

#include <stdbool.h>

#include "client/cli/hosts/hostlist.h"

#define DEPLOYED_PATH_BYTES 1024

//  The folder for such files; made (0700) if MAKE. CADRE_ERROR_IO, CADRE_ERROR_CONFIGURATION
//  without HOME.
cadre_error_t deployed_folder (char *path, size_t size, bool make, fault_t *fault);

//  Adds the hosts of the deployment to the list. CADRE_ERROR_NOT_FOUND if nothing was deployed.
cadre_error_t deployed_read (const char *name, hostlist_t *hosts, fault_t *fault);

//  The hosts in MORE are there now, those in LESS are not any more; either may be NULL.
cadre_error_t deployed_change (const char *name, const hostlist_t *more, const hostlist_t *less,
                               fault_t *fault);

#endif
