//  cmd_deploy.c - cadre worker deploy: workers on many hosts, over ssh

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/command.h"
#include "client/cli/commands.h"
#include "client/cli/deploy.h"
#include "client/cli/deployed.h"
#include "client/cli/grant.h"
#include "client/cli/hosts_options.h"
#include "client/cli/hub.h"
#include "client/cli/reach.h"
#include "client/cli/say.h"
#include "client/cli/stop.h"
#include "client/cli/text.h"
#include "client/cli/tunnel.h"
#include "common/access.h"
#include "common/address.h"

#define TIMEOUT_MS 60000
#define DRAIN_MS 60000

typedef struct deployment {
    command_shared_t shared;            // --broker, --access, -o
    hosts_options_t hosts;              // --hosts and its like
    const char *name;                   // --name
    const char *verb;                   // start, status, drain, stop
    int64_t timeout_ms;                 // --timeout; 0: not given
    const char **plugins;               // --plugin, NULL-terminated, or NULL
    const char **arguments;             // for cadre-worker, NULL-terminated, or NULL
    const char **offers;                // --plugin=..., ours, NULL-terminated, or NULL
    hostlist_t *list;                   // the hosts
    bundle_t *bundle;                   // what is sent, or NULL
    char *access;                       // text of the access file, or NULL
    char address [REACH_ADDRESS_BYTES]; // of the broker
} deployment_t;

enum { KEY_NAME = 0x5001, KEY_STATUS, KEY_DRAIN, KEY_STOP, KEY_TIMEOUT, KEY_PLUGIN };

static const struct argp_option s_options [] = {
    {"status", KEY_STATUS, NULL, 0, "say how the deployed workers are", 1},
    {"drain", KEY_DRAIN, NULL, 0, "let them finish what runs, and take them away", 1},
    {"stop", KEY_STOP, NULL, 0, "take them away at once", 1},
    {"plugin", KEY_PLUGIN, "FILE", 0, "send this plugin, and let the workers offer it; may be repeated", 2},
    {"name", KEY_NAME, "NAME", 0, "of the deployment; several may be on one host; 'workers'", 2},
    {"timeout", KEY_TIMEOUT, "TIME", 0, "a host that has not answered within TIME has failed; 60s", 2},
    {0}};

static error_t s_parse (int key, char *argument, struct argp_state *state)
{
    deployment_t *self = state->input;
    fault_t fault = {0};
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs [0] = &self->shared;
        state->child_inputs [1] = &self->hosts;
        return 0;
    case KEY_STATUS: self->verb = "status"; return 0;
    case KEY_DRAIN: self->verb = "drain"; return 0;
    case KEY_STOP: self->verb = "stop"; return 0;
    case KEY_PLUGIN: command_add (&self->plugins, argument); return 0;
    case KEY_TIMEOUT: self->timeout_ms = command_duration (argument, state); return 0;
    case KEY_NAME:
        if (keys_check_name (argument, &fault) != CADRE_OK)
            argp_error (state, "%s", fault.text);
        self->name = argument;
        return 0;
    case ARGP_KEY_ARG: command_add (&self->arguments, argument); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child s_children [] = {
    {&command_list_argp, 0, NULL, 0}, {&hosts_options_argp, 0, NULL, 0}, {0}};
static const struct argp s_argp = {
    .options = s_options,
    .parser = s_parse,
    .args_doc = "[-- WORKER-OPTION...]",
    .doc =
        "Start workers on many hosts over ssh, and leave them there: they outlive the session, and a small supervisor restarts those "
        "that die.\vEach host is one line: name, state, why. Hosts need sh and coreutils, and cadre-worker or --send. The access "
        "file travels over ssh's stdin. Without --hosts, --status, --drain and --stop mean what was deployed from here.\n\n"
        "Exit codes: 0; 1 if any host failed; 64 usage; 130 interrupted.\n\nExamples:\n"
        "  cadre worker deploy --hosts node[01-64] --access workers.access\n"
        "  cadre worker deploy --hosts a,8/b --send --plugin ./words.so -- --max-tasks 100\n"
        "  cadre worker deploy --status",
    .children = s_children};

//  ==== what a worker is told ===================================================

static cadre_error_t s_read_access (deployment_t *self, const char *path, fault_t *fault)
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

//  Workers elsewhere need tcp.
static cadre_error_t s_check_address (deployment_t *self, fault_t *fault)
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
                "workers on other hosts cannot reach the broker at %s; name an address on tcp with --broker",
                self->address);
    return CADRE_OK;
}

static cadre_error_t s_find_broker (deployment_t *self, fault_t *fault)
{
    const char *path = access_path (self->shared.access);
    reach_t reach;
    if (path && s_read_access (self, path, fault) != CADRE_OK)
        return fault->code;
    if (self->shared.broker)
        snprintf (self->address, sizeof self->address, "%s", self->shared.broker);
    if (!self->address [0]) {
        if (reach_find (&reach, NULL, NULL, false, fault) != CADRE_OK)
            return fault->code;
        memcpy (self->address, reach.address, sizeof reach.address);
    }
    return s_check_address (self, fault);
}

//  Plugins are offered from where they will lie.
static void s_offer_plugins (deployment_t *self, const char ***arguments)
{
    for (size_t i = 0; self->plugins && self->plugins [i]; i++) {
        const char *slash = strrchr (self->plugins [i], '/');
        text_t place = {0};
        text_print (&place, "--plugin=../plugins/%s", slash ? slash + 1 : self->plugins [i]);
        command_add (&self->offers, text_take (&place));
        command_add (arguments, self->offers [i]);
    }
}

//  ==== what is done ============================================================

static void s_add_host (void *argument, const remote_t *remote)
{
    char *line = hostlist_line (remote_host (remote));
    hostlist_add_lines (argument, line, strlen (line), "", NULL);
    free (line);
}

//  One for each host, which stays as long as its worker. They come up side by side; each session waits for its own.
static cadre_error_t s_start_tunnels (deployment_t *self, remote_order_t *order, fault_t *fault)
{
    address_t address;
    if (address_parse (&address, self->address, fault) != CADRE_OK)
        return fault->code;
    char *doors = hub_doors (address.name, address.port, 0);
    const tunnel_options_t options = {.ssh = self->hosts.ssh, .open = doors, .deployment = self->name};
    for (size_t i = 0; i < hostlist_count (self->list) && !fault->code; i++)
        if (hostlist_at (self->list, i)->target [0])
            tunnel_start (&options, hostlist_at (self->list, i), fault);
    free (doors);
    order->tunnel = false;
    order->tunnelled = true;
    return fault->code;
}

//  Those of hosts that are in the list, or that are not.
static void s_stop_tunnels (const deployment_t *self, const hostlist_t *list, bool listed)
{
    for (size_t i = 0; i < hostlist_count (self->list); i++) {
        const hostlist_host_t *host = hostlist_at (self->list, i);
        if ((hostlist_find (list, host->name) != NULL) == listed)
            tunnel_stop (self->name, host);
    }
}

static int s_deploy (deployment_t *self, const deploy_options_t *options, remote_order_t *order)
{
    fault_t fault = {0};
    if (self->hosts.tunnel && s_start_tunnels (self, order, &fault) != CADRE_OK)
        return say_fault (&fault);
    hostlist_t *there = hostlist_new ();
    int exit_code = deploy_run (options, order, s_add_host, there);
    s_stop_tunnels (self, there, false);
    if (deployed_change (self->name, there, NULL, &fault) != CADRE_OK && exit_code == 0)
        exit_code = say_fault (&fault);
    hostlist_destroy (&there);
    return exit_code;
}

static int s_start (deployment_t *self, const deploy_options_t *options, remote_order_t *order)
{
    fault_t fault = {0};
    const char **arguments = NULL;
    self->hosts.plugins = self->plugins;
    if (s_find_broker (self, &fault) || hosts_options_bundle (&self->hosts, &self->bundle, &fault))
        return say_fault (&fault);
    s_offer_plugins (self, &arguments);
    for (size_t i = 0; self->arguments && self->arguments [i]; i++)
        command_add (&arguments, self->arguments [i]);
    order->access = self->access;
    order->address = self->address;
    order->arguments = arguments;
    order->bundle = self->bundle;
    int exit_code = s_deploy (self, options, order);
    free (arguments);
    return exit_code;
}

static int s_finish (deployment_t *self, const deploy_options_t *options, const remote_order_t *order)
{
    fault_t fault = {0};
    hostlist_t *gone = hostlist_new ();
    int exit_code = deploy_run (options, order, s_add_host, gone);
    s_stop_tunnels (self, gone, true);
    if (deployed_change (self->name, NULL, gone, &fault) != CADRE_OK && exit_code == 0)
        exit_code = say_fault (&fault);
    hostlist_destroy (&gone);
    return exit_code;
}

static void s_count_running (void *argument, const remote_t *remote)
{
    size_t *running = argument;
    *running += strcmp (remote_word (remote), "running") == 0;
}

//  Well is only where a worker runs.
static int s_status (const deployment_t *self, const deploy_options_t *options, const remote_order_t *order)
{
    size_t running = 0;
    int exit_code = deploy_run (options, order, s_count_running, &running);
    return exit_code == 0 && running < hostlist_count (self->list) ? SAY_EXIT_FAILED : exit_code;
}

static int s_run (deployment_t *self)
{
    fault_t fault = {0};
    const bool starts = strcmp (self->verb, "start") == 0;
    const char *given = self->hosts.hosts;
    if (given || starts)
        hostlist_read (self->list, given, &fault);
    else
        deployed_read (self->name, self->list, &fault);
    if (fault.code)
        return say_fault (&fault);
    const deploy_options_t options = {
        .hosts = self->list, .parallel = self->hosts.parallel, .format = self->shared.format};
    remote_order_t order = {.verb = self->verb,
                            .name = self->name,
                            .timeout_ms = self->timeout_ms ? self->timeout_ms : TIMEOUT_MS};
    hosts_options_order (&self->hosts, NULL, &order);
    if (strcmp (self->verb, "drain") == 0)
        order.drain_ms = self->timeout_ms ? self->timeout_ms : DRAIN_MS;
    if (starts)
        return s_start (self, &options, &order);
    if (strcmp (self->verb, "status") == 0)
        return s_status (self, &options, &order);
    return s_finish (self, &options, &order);
}

int cmd_deploy (int argc, char **argv)
{
    deployment_t self = {.name = "workers", .verb = "start", .list = hostlist_new ()};
    int first = argc;
    command_parse (&s_argp, true, argc, argv, &first, &self);
    stop_watch ();
    int exit_code = s_run (&self);
    hostlist_destroy (&self.list);
    bundle_destroy (&self.bundle);
    if (self.access)
        explicit_bzero (self.access, strlen (self.access));
    free (self.access);
    free (self.plugins);
    free (self.arguments);
    for (size_t i = 0; self.offers && self.offers [i]; i++)
        free ((void *) (uintptr_t) self.offers [i]);
    free (self.offers);
    hosts_options_clear (&self.hosts);
    return exit_code;
}
