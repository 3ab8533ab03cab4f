//  deployment.c - see deployment.h

#include "client/cli/hosts/deployment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/base/broker_launcher.h"
#include "client/cli/base/subcommand.h"
#include "client/cli/hosts/deploy.h"
#include "client/cli/hosts/deploy_record.h"
#include "client/cli/hosts/tunnel.h"
#include "client/cli/output/say.h"
#include "client/cli/output/text.h"
#include "common/address.h"

#define TIMEOUT_MS 60000
#define HERE "tcp://@:"

static void s_add_host (void *argument, const remote_t *remote)
{
    char *line = hostlist_line (remote_host (remote));
    hostlist_add_lines (argument, line, strlen (line), "", NULL);
    free (line);
}

static void s_count_running (void *argument, const remote_t *remote)
{
    size_t *running = argument;
    *running += strcmp (remote_word (remote), "running") == 0;
}

static remote_order_t s_deployment_order (const deployment_t *self, const char *verb)
{
    remote_order_t order = {.verb = verb,
                            .name = self->name,
                            .timeout_ms = self->timeout_ms ? self->timeout_ms : TIMEOUT_MS};
    hosts_options_order (self->hosts, NULL, &order);
    order.tunnel = false; //  a session's own tunnel would end with it
    return order;
}

static int s_deployment_run (const deployment_t *self, const remote_order_t *order,
                             void (*well) (void *argument, const remote_t *remote), void *argument)
{
    const deploy_options_t options = {
        .hosts = self->list, .parallel = self->hosts->parallel, .format = self->format};
    return deploy_run (&options, order, well, argument);
}

//  ==== tunnels =================================================================

//  Starts a tunnel for each host, which stays as long as its worker. They start in parallel; each
//  session waits for its own.
static cadre_error_t s_start_tunnels (const deployment_t *self, const char *broker, fault_t *fault)
{
    address_t address;
    if (address_parse (&address, broker, fault) != CADRE_OK)
        return fault->code;
    const bool told = self->hosts->lane_last != 0;
    const uint16_t first = told ? self->hosts->lane_first : self->lane_first;
    const uint16_t last = told ? self->hosts->lane_last : self->lane_last;
    char *doors = broker_launcher_doors (address.name, address.port, first, last);
    const tunnel_options_t options = {
        .ssh = self->hosts->ssh, .open = doors, .deployment = self->name};
    for (size_t i = 0; i < hostlist_count (self->list) && !fault->code; i++)
        if (hostlist_at (self->list, i)->target [0])
            tunnel_start (&options, hostlist_at (self->list, i), fault);
    free (doors);
    return fault->code;
}

//  Stops the tunnels of hosts that are in the list, or of those that are not.
static void s_stop_tunnels (const deployment_t *self, const hostlist_t *list, bool listed)
{
    for (size_t i = 0; i < hostlist_count (self->list); i++) {
        const hostlist_host_t *host = hostlist_at (self->list, i);
        if ((hostlist_find (list, host->name) != NULL) == listed)
            tunnel_stop (self->name, host);
    }
}

//  ==== start ===================================================================

//  The paths of plugins on the hosts. The caller frees the texts and the list.
static const char **s_offers (const deployment_t *self)
{
    const char **offers = NULL;
    for (size_t i = 0; self->plugins && self->plugins [i]; i++) {
        const char *slash = strrchr (self->plugins [i], '/');
        text_t offer = {0};
        text_print (&offer, "--plugin=../plugins/%s", slash ? slash + 1 : self->plugins [i]);
        subcommand_add (&offers, text_take (&offer));
    }
    return offers;
}

static void s_free_offers (const char **offers)
{
    for (size_t i = 0; offers && offers [i]; i++)
        free ((void *) (uintptr_t) offers [i]);
    free (offers);
}

static int s_deployment_start (const deployment_t *self, remote_order_t *order)
{
    fault_t fault = {0};
    if (self->hosts->tunnel && s_start_tunnels (self, order->address, &fault) != CADRE_OK)
        return say_fault (&fault);
    order->tunnelled = self->hosts->tunnel;
    hostlist_t *there = hostlist_new ();
    int exit_code = s_deployment_run (self, order, s_add_host, there);
    s_stop_tunnels (self, there, false);
    if (deploy_record_change (self->name, there, NULL, &fault) != CADRE_OK && exit_code == 0)
        exit_code = say_fault (&fault);
    hostlist_destroy (&there);
    return exit_code;
}

int deployment_start (const deployment_t *self)
{
    fault_t fault = {0};
    bundle_t *bundle = NULL;
    text_t address = {0};
    const char **offers = s_offers (self), **arguments = NULL;
    hosts_options_t hosts = *self->hosts;
    hosts.plugins = self->plugins;
    if (hosts_options_bundle (&hosts, &bundle, &fault) != CADRE_OK) {
        s_free_offers (offers);
        return say_fault (&fault);
    }
    for (size_t i = 0; offers && offers [i]; i++)
        subcommand_add (&arguments, offers [i]);
    for (size_t i = 0; self->arguments && self->arguments [i]; i++)
        subcommand_add (&arguments, self->arguments [i]);
    //  Through a tunnel, this machine is the one on which ssh runs.
    const bool here = hosts.tunnel && strncmp (self->address, HERE, strlen (HERE)) == 0;
    text_print (&address, here ? "tcp://127.0.0.1:%s" : "%s",
                self->address + (here ? strlen (HERE) : 0));
    remote_order_t order = s_deployment_order (self, "start");
    order.bundle = bundle;
    order.access = self->access;
    order.address = address.bytes;
    order.arguments = arguments;
    int exit_code = s_deployment_start (self, &order);
    text_free (&address);
    bundle_destroy (&bundle);
    s_free_offers (offers);
    free (arguments);
    return exit_code;
}

//  ==== status and end ==========================================================

int deployment_look (const deployment_t *self)
{
    size_t running = 0;
    const remote_order_t order = s_deployment_order (self, "status");
    int exit_code = s_deployment_run (self, &order, s_count_running, &running);
    return exit_code == 0 && running < hostlist_count (self->list) ? SAY_EXIT_FAILED : exit_code;
}

int deployment_end (const deployment_t *self, int64_t drain_ms, bool remove)
{
    fault_t fault = {0};
    remote_order_t order = s_deployment_order (self, remove     ? "remove"
                                                     : drain_ms ? "drain"
                                                                : "stop");
    order.drain_ms = drain_ms;
    hostlist_t *gone = hostlist_new ();
    int exit_code = s_deployment_run (self, &order, s_add_host, gone);
    s_stop_tunnels (self, gone, true);
    if (deploy_record_change (self->name, NULL, gone, &fault) != CADRE_OK && exit_code == 0)
        exit_code = say_fault (&fault);
    hostlist_destroy (&gone);
    return exit_code;
}
