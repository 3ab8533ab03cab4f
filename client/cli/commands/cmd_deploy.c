//  cmd_deploy.c - cadre worker deploy: workers on many hosts, over ssh

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/base/broker_choice.h"
#include "client/cli/base/interrupt.h"
#include "client/cli/base/subcommand.h"
#include "client/cli/commands/commands.h"
#include "client/cli/hosts/deploy_record.h"
#include "client/cli/hosts/deployment.h"
#include "client/cli/hosts/grant.h"
#include "client/cli/hosts/hosts_options.h"
#include "client/cli/output/say.h"
#include "common/access.h"
#include "common/address.h"

#define DRAIN_MS 60000

typedef struct deploying {
    subcommand_shared_t shared;                 //  --broker, --access, -o
    hosts_options_t hosts;                      //  --hosts and similar
    const char *name;                           //  --name
    const char *verb;                           //  start, status, drain, stop
    int64_t timeout_ms;                         //  --timeout; 0: not given
    const char **plugins;                       //  --plugin, NULL-terminated, or NULL
    const char **arguments;                     //  for cadre-worker, NULL-terminated, or NULL
    hostlist_t *list;                           //  the hosts
    char *access;                               //  text of the access file, or NULL
    char address [BROKER_CHOICE_ADDRESS_BYTES]; //  of the broker
} deploying_t;

enum { KEY_NAME = 0x5001, KEY_STATUS, KEY_DRAIN, KEY_STOP, KEY_TIMEOUT, KEY_PLUGIN };

static const struct argp_option s_options [] = {
    {"status", KEY_STATUS, NULL, 0, "show the state of the deployed workers", 1},
    {"drain", KEY_DRAIN, NULL, 0,
     "stop and remove the workers after their running tasks have ended", 1},
    {"stop", KEY_STOP, NULL, 0, "stop and remove the workers at once", 1},
    {"plugin", KEY_PLUGIN, "FILE", 0, "send this plugin to the workers; may be repeated", 2},
    {"name", KEY_NAME, "NAME", 0,
     "name of the deployment; a host can have several (default 'workers')", 2},
    {"timeout", KEY_TIMEOUT, "TIME", 0,
     "give up on a host that does not answer within TIME; with --drain, let "
     "running tasks end for TIME (default 60s)",
     2},
    {0}};

static error_t s_deploy_parse (int key, char *argument, struct argp_state *state)
{
    deploying_t *self = state->input;
    fault_t fault = {0};
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs [0] = &self->shared;
        state->child_inputs [1] = &self->hosts;
        return 0;
    case KEY_STATUS: self->verb = "status"; return 0;
    case KEY_DRAIN: self->verb = "drain"; return 0;
    case KEY_STOP: self->verb = "stop"; return 0;
    case KEY_PLUGIN: subcommand_add (&self->plugins, argument); return 0;
    case KEY_TIMEOUT: self->timeout_ms = subcommand_duration (argument, state); return 0;
    case KEY_NAME:
        if (keys_check_name (argument, &fault) != CADRE_OK)
            argp_error (state, "%s", fault.text);
        self->name = argument;
        return 0;
    case ARGP_KEY_ARG: subcommand_add (&self->arguments, argument); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child s_children [] = {
    {&subcommand_list_argp, 0, NULL, 0}, {&hosts_options_argp, 0, NULL, 0}, {0}};
static const struct argp s_argp = {
    .options = s_options,
    .parser = s_deploy_parse,
    .args_doc = "[-- WORKER-OPTION...]",
    .doc = "Start workers on many hosts over ssh. They keep running after this command; "
           "a supervisor on each host restarts a worker that dies.\v"
           "Prints one line per host: name, state, reason. Hosts need sh, coreutils, "
           "and cadre-worker or --send. The access file is sent over ssh's stdin. "
           "Without --hosts, the options --status, --drain and --stop apply to all "
           "hosts deployed from here.\n\n"
           "Exit codes: 0; 1 if any host failed; 64 usage; 130 interrupted.\n\n"
           "Examples:\n"
           "  cadre worker deploy --hosts node[01-64] --access workers.access\n"
           "  cadre worker deploy --hosts a,8/b --send -- --max-tasks 100\n"
           "  cadre worker deploy --status",
    .children = s_children};

//  ==== options of workers ======================================================

static cadre_error_t s_read_access (deploying_t *self, const char *path, fault_t *fault)
{
    access_t access;
    if (access_read_for (&access, path, true, fault) != CADRE_OK)
        return fault->code;
    self->access = grant_text (&access);
    if (!self->shared.broker)
        snprintf (self->address, sizeof self->address, "%s", access.address);
    access_wipe (&access);
    return fault->code;
}

//  Workers on other hosts need tcp.
static cadre_error_t s_check_address (deploying_t *self, fault_t *fault)
{
    address_t addresses [ADDRESS_LIST_MAX];
    size_t count = 0;
    if (strncmp (self->address, "tcp://@:", 8) == 0)
        return CADRE_OK;
    if (address_parse_list (self->address, addresses, ADDRESS_LIST_MAX, &count, fault) != CADRE_OK)
        return fault->code;
    for (size_t i = 0; i < count; i++)
        if (addresses [i].kind != ADDRESS_TCP)
            return fault_set (
                fault, CADRE_ERROR_ADDRESS,
                "workers on other hosts cannot connect to the broker at %s; give a tcp address with --broker",
                self->address);
    return CADRE_OK;
}

static cadre_error_t s_find_broker (deploying_t *self, fault_t *fault)
{
    const char *path = access_path (self->shared.access);
    broker_choice_t choice;
    if (path && s_read_access (self, path, fault) != CADRE_OK)
        return fault->code;
    if (self->shared.broker)
        snprintf (self->address, sizeof self->address, "%s", self->shared.broker);
    if (!self->address [0]) {
        if (broker_choice_find (&choice, NULL, NULL, false, fault) != CADRE_OK)
            return fault->code;
        memcpy (self->address, choice.address, sizeof choice.address);
    }
    return s_check_address (self, fault);
}

//  ==== actions =================================================================

static int s_deploy_run (deploying_t *self)
{
    fault_t fault = {0};
    const bool starts = strcmp (self->verb, "start") == 0,
               drains = strcmp (self->verb, "drain") == 0;
    if (self->hosts.hosts || starts)
        hostlist_read (self->list, self->hosts.hosts, &fault);
    else
        deploy_record_read (self->name, self->list, &fault);
    if (!fault.code && starts)
        s_find_broker (self, &fault);
    if (fault.code)
        return say_fault (&fault);
    const deployment_t deployment = {.name = self->name,
                                     .hosts = &self->hosts,
                                     .list = self->list,
                                     .format = self->shared.format,
                                     .timeout_ms = drains ? 0 : self->timeout_ms,
                                     .access = self->access,
                                     .address = self->address,
                                     .plugins = self->plugins,
                                     .arguments = self->arguments};
    if (starts)
        return deployment_start (&deployment);
    if (strcmp (self->verb, "status") == 0)
        return deployment_look (&deployment);
    return deployment_end (&deployment,
                           !drains            ? 0
                           : self->timeout_ms ? self->timeout_ms
                                              : DRAIN_MS,
                           false);
}

int cmd_deploy (int argc, char **argv)
{
    deploying_t self = {.name = "workers", .verb = "start", .list = hostlist_new ()};
    int first = argc;
    subcommand_parse (&s_argp, true, argc, argv, &first, &self);
    interrupt_watch ();
    int exit_code = s_deploy_run (&self);
    hostlist_destroy (&self.list);
    if (self.access)
        explicit_bzero (self.access, strlen (self.access));
    free (self.access);
    free (self.plugins);
    free (self.arguments);
    hosts_options_clear (&self.hosts);
    return exit_code;
}
