/*
 *  hosts_options.h - options of `worker deploy`, `up`, `down` and `run --hosts`: the hosts, how to
 *  connect to them, and what to send
 *
 *  An argp child; its input is a hosts_options_t. The result borrows from argv. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_HOSTS_OPTIONS_H_INCLUDED
#define CLIENT_CLI_HOSTS_HOSTS_OPTIONS_H_INCLUDED

#include <argp.h>
#include <stdbool.h>

#include "client/cli/hosts/bundle.h"
#include "client/cli/hosts/fleet.h"
#include "client/cli/hosts/hostlist.h"

typedef struct hosts_options {
    const char *hosts;   //  --hosts, or NULL
    const char *ssh;     //  --ssh, CADRE_SSH, or "ssh"
    unsigned parallel;   //  --parallel
    const char *address; //  --address: this machine as seen from the hosts, or NULL
    const char *worker;  //  --worker: path on the hosts, or NULL
    bool send;           //  --send
    const char **with;   //  --with, NULL-terminated, or NULL
    bool tunnel;         //  --tunnel
    uint16_t lane_first; //  --lanes
    uint16_t lane_last;  //  0: not given
    const char *
        *plugins; //  plugins to send, NULL-terminated, or NULL; set by commands with that option
} hosts_options_t;

extern const struct argp hosts_options_argp;

//  The files to send: NULL if none. A fault when a file is missing.
cadre_error_t hosts_options_bundle (const hosts_options_t *self, bundle_t **bundle, fault_t *fault);

//  Sets the members of an order that these options define: ssh, worker, bundle, tunnel.
void hosts_options_order (const hosts_options_t *self, const bundle_t *bundle,
                          remote_order_t *order);

void hosts_options_clear (hosts_options_t *self);

#endif
