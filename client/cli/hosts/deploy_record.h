/*
 *  deploy_record.h - records the hosts of each deployment, so that --status, --drain and --stop
 *  need no list of hosts
 *
 *  One file of hosts per deployment, in hostlist's format: NAME.hosts in $XDG_STATE_HOME/cadre or
 *  ~/.local/state/cadre. It is removed with the last host. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_DEPLOY_RECORD_H_INCLUDED
#define CLIENT_CLI_HOSTS_DEPLOY_RECORD_H_INCLUDED

#include <stdbool.h>

#include "client/cli/hosts/hostlist.h"

#define DEPLOY_RECORD_PATH_BYTES 1024

//  The folder of these files; created (0700) if MAKE. CADRE_ERROR_IO, CADRE_ERROR_CONFIGURATION
//  without HOME.
cadre_error_t deploy_record_folder (char *path, size_t size, bool make, fault_t *fault);

//  Adds the hosts of the deployment to the list. CADRE_ERROR_NOT_FOUND if there is no such
//  deployment.
cadre_error_t deploy_record_read (const char *name, hostlist_t *hosts, fault_t *fault);

//  Adds the hosts in MORE and removes those in LESS; either may be NULL.
cadre_error_t deploy_record_change (const char *name, const hostlist_t *more,
                                    const hostlist_t *less, fault_t *fault);

#endif
