/*
 *  deploy.h - runs an order on many hosts and shows the progress
 *
 *  On a terminal, a table on stderr is redrawn until all hosts are done. Otherwise each host is
 *  printed as a line on stdout as soon as it is done: name, state, reason. With -o json all of them
 *  are printed at the end. Ctrl-C ends the sessions that are not done; workers that already run
 *  stay. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_DEPLOY_H_INCLUDED
#define CLIENT_CLI_HOSTS_DEPLOY_H_INCLUDED

#include "client/cli/hosts/hostlist.h"
#include "client/cli/hosts/remote.h"
#include "client/cli/output/table.h"

typedef struct deploy_options {
    const hostlist_t *hosts; //  the hosts
    unsigned parallel;       //  concurrent sessions
    table_format_t format;   //  -o
    bool quiet;              //  print only hosts that failed
} deploy_options_t;

//  Returns 0, 1 if any host failed (each was reported), 130 after Ctrl-C. WELL, if not NULL, is
//  called for every host that did not fail.
int deploy_run (const deploy_options_t *options, const remote_order_t *order,
                void (*well) (void *argument, const remote_t *remote), void *argument);

#endif
