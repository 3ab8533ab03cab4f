//  hosts_options.c - see hosts_options.h

#include "client/cli/hosts/hosts_options.h"

#include <stdlib.h>

#include "client/cli/base/subcommand.h"
#include "common/address.h"

#define LANES_MOST 4000

enum {
    KEY_HOSTS = 0x4001,
    KEY_SSH,
    KEY_PARALLEL,
    KEY_ADDRESS,
    KEY_WORKER,
    KEY_SEND,
    KEY_WITH,
    KEY_TUNNEL,
    KEY_LANES
};

static const struct argp_option s_options [] = {
    {"hosts", KEY_HOSTS, "HOSTS", 0,
     "hosts: a,b,8/c,node[01-64] (8 slots on c; : is this machine), or a file "
     "with lines HOST [slots=N] [label=NAME] (default: $SLURM_JOB_NODELIST)",
     80},
    {"ssh", KEY_SSH, "COMMAND", 0,
     "ssh command, such as 'ssh -p 2222 -i key' (default: CADRE_SSH, else ssh)", 80},
    {"parallel", KEY_PARALLEL, "N", 0, "start on N hosts at a time (default 32)", 80},
    {"send", KEY_SEND, NULL, 0,
     "send the worker and its libraries to the hosts: they need no installed cadre", 80},
    {"with", KEY_WITH, "FILE", 0,
     "send FILE to the hosts, into the directory where tasks run; may be repeated", 80},
    {"tunnel", KEY_TUNNEL, NULL, 0,
     "connect workers through ssh, for hosts that cannot reach the broker", 80},
    {"lanes", KEY_LANES, "FIRST-LAST", 0,
     "with --tunnel: forward only these ports, as the broker's --lanes (default: "
     "all ports of its host)",
     80},
    {"address", KEY_ADDRESS, "HOST", 0,
     "address of this machine for the hosts (default: where their ssh connections "
     "come from)",
     80},
    {"worker", KEY_WORKER, "PATH", 0,
     "path of cadre-worker on the hosts (default: from their PATH)", 80},
    {0}};

static error_t s_hosts_options_parse (int key, char *argument, struct argp_state *state)
{
    hosts_options_t *self = state->input;
    const char *ssh = getenv ("CADRE_SSH");
    fault_t fault = {0};
    switch (key) {
    case ARGP_KEY_INIT:
        self->ssh = ssh && *ssh ? ssh : "ssh";
        self->parallel = FLEET_PARALLEL;
        return 0;
    case KEY_HOSTS: self->hosts = argument; return 0;
    case KEY_SSH: self->ssh = argument; return 0;
    case KEY_PARALLEL:
        self->parallel = (unsigned) subcommand_count (argument, 1, 1000, state);
        return 0;
    case KEY_ADDRESS: self->address = argument; return 0;
    case KEY_WORKER: self->worker = argument; return 0;
    case KEY_SEND: self->send = true; return 0;
    case KEY_WITH: subcommand_add (&self->with, argument); return 0;
    case KEY_LANES:
        if (address_parse_lanes (argument, &self->lane_first, &self->lane_last, &fault) != CADRE_OK)
            argp_error (state, "%s", fault.text);
        if (self->lane_last - self->lane_first >= LANES_MOST)
            argp_error (state, "--lanes %s: at most %d ports can be forwarded by ssh", argument,
                        LANES_MOST);
        return 0;
    case KEY_TUNNEL: self->tunnel = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp hosts_options_argp = {.options = s_options, .parser = s_hosts_options_parse};

cadre_error_t hosts_options_bundle (const hosts_options_t *self, bundle_t **bundle, fault_t *fault)
{
    *bundle = NULL;
    if (!self->send && !self->with && !self->plugins)
        return CADRE_OK;
    bundle_t *made = bundle_new ();
    cadre_error_t error = self->send ? bundle_add_worker (made, fault) : CADRE_OK;
    for (size_t i = 0; !error && self->plugins && self->plugins [i]; i++)
        error = bundle_add_plugin (made, self->plugins [i], fault);
    for (size_t i = 0; !error && self->with && self->with [i]; i++)
        error = bundle_add_file (made, self->with [i], fault);
    if (error)
        bundle_destroy (&made);
    *bundle = made;
    return error;
}

void hosts_options_order (const hosts_options_t *self, const bundle_t *bundle,
                          remote_order_t *order)
{
    order->ssh = self->ssh;
    order->worker = self->worker;
    order->bundle = bundle;
    order->own = self->send;
    order->tunnel = self->tunnel;
}

void hosts_options_clear (hosts_options_t *self)
{
    free (self->with);
    self->with = NULL;
}
