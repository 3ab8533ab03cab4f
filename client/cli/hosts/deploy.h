/*
 *  deploy: an order to many hosts, with a live table, from the first session to the last.
 *
 *  On a terminal the table is redrawn on stderr while hosts are on their way; elsewhere each host
 *  is one line on stdout as soon as it is done: name, state, why. -o json gives all of them at the
 *  end. Ctrl-C ends the sessions that are still on their way: what runs already, stays. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_DEPLOY_H_INCLUDED
#define CLIENT_CLI_HOSTS_DEPLOY_H_INCLUDED

#include "client/cli/hosts/hostlist.h"
#include "client/cli/hosts/remote.h"
#include "client/cli/output/table.h"

typedef struct deploy_options {
    const hostlist_t *hosts; // where
    unsigned parallel;       // sessions at a time
    table_format_t format;   // -o
    bool quiet;              // tell only of hosts that failed
} deploy_options_t;

//  0, 1 if any host failed (each was told), 130 after Ctrl-C. WELL, if not NULL, is told of every
//  host that did not fail.
int deploy_run (const deploy_options_t *options, const remote_order_t *order,
                void (*well) (void *argument, const remote_t *remote), void *argument);

#endif
