/*
 *  deployment.h - workers on hosts under one name: start, status, end
 *
 *  The common part of `cadre worker deploy`, `cadre up` and `cadre down`: the order, the tunnels,
 *  and the record of deployed hosts. Prints as deploy does; returns the exit code. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_DEPLOYMENT_H_INCLUDED
#define CLIENT_CLI_HOSTS_DEPLOYMENT_H_INCLUDED

#include "client/cli/hosts/hosts_options.h"
#include "client/cli/output/table.h"

typedef struct deployment {
    const char *name;             //  of the deployment
    const hosts_options_t *hosts; //  how to connect to hosts, and what to send
    const hostlist_t *list;       //  the hosts
    table_format_t format;        //  -o
    int64_t timeout_ms;           //  per host; 0: a minute
    const char *access;           //  text of the workers' access file, or NULL
    const char *address;    //  of the broker; tcp://@:PORT is this machine, as seen from the hosts
    uint16_t lane_first;    //  lane ports, for tunnels, if --lanes does not give them
    uint16_t lane_last;     //  0: unknown
    const char **plugins;   //  plugins to send and load, NULL-terminated, or NULL
    const char **arguments; //  further arguments of cadre-worker, NULL-terminated, or NULL
} deployment_t;

//  Starts workers. 0, or 1 if any host failed.
int deployment_start (const deployment_t *self);

//  Shows the status. 0, or 1 if any host has no running worker.
int deployment_look (const deployment_t *self);

//  Drains workers for at most DRAIN_MS and ends them; REMOVE: also removes the files that were
//  sent. 0, or 1 if any host failed.
int deployment_end (const deployment_t *self, int64_t drain_ms, bool remove);

#endif
