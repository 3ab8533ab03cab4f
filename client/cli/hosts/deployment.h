/*
 *  deployment: workers that were put on hosts under one name: started, looked at, and taken away
 *  again.
 *
 *  What `cadre worker deploy`, `cadre up` and `cadre down` have in common: the order, the tunnels,
 *  and the record of what was deployed from here. Prints as deploy does; gives the exit code. One
 *  thread.
 */
#ifndef CLIENT_CLI_HOSTS_DEPLOYMENT_H_INCLUDED
#define CLIENT_CLI_HOSTS_DEPLOYMENT_H_INCLUDED

#include "client/cli/hosts/hosts_options.h"
#include "client/cli/output/table.h"

typedef struct deployment {
    const char *name;             // of the deployment
    const hosts_options_t *hosts; // how hosts are reached, and what is sent
    const hostlist_t *list;       // where
    table_format_t format;        // -o
    int64_t timeout_ms;           // for one host; 0: a minute
    const char *access;           // text of the workers' access file, or NULL
    const char *address;          // of the broker; tcp://@:PORT is this machine, as hosts see it
    uint16_t lane_first;          // ports of its lanes, for tunnels, where --lanes does not say
    uint16_t lane_last;           // 0: nobody knows
    const char **plugins;         // to send and offer, NULL-terminated, or NULL
    const char **arguments;       // more of cadre-worker's, NULL-terminated, or NULL
} deployment_t;

//  0, or 1 if any host failed.
int deployment_start (const deployment_t *self);

//  0, or 1 if not every host has a worker that runs.
int deployment_look (const deployment_t *self);

//  Let tasks end for at most DRAIN_MS; take the workers away, and with REMOVE also files that were
//  sent. 0, or 1 if any host failed.
int deployment_end (const deployment_t *self, int64_t drain_ms, bool remove);

#endif
