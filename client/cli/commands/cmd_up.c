//  cmd_up.c - cadre up and cadre down: start and stop broker, keys and workers in one step

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/base/broker_launcher.h"
#include "client/cli/base/interrupt.h"
#include "client/cli/base/subcommand.h"
#include "client/cli/commands/commands.h"
#include "client/cli/hosts/deploy_record.h"
#include "client/cli/hosts/deployment.h"
#include "client/cli/hosts/grant.h"
#include "client/cli/hosts/hosts_options.h"
#include "client/cli/output/say.h"
#include "common/address.h"

#define DEPLOYMENT "up"
#define PORT 5700
#define DRAIN_MS 60000
#define PATH_BYTES (DEPLOY_RECORD_PATH_BYTES + 32)

typedef struct up {
    hosts_options_t hosts;                 //  --hosts and similar
    table_format_t format;                 //  -o
    uint16_t port;                         //  --port
    int64_t timeout_ms;                    //  --timeout; -1: not given
    const char **plugins;                  //  --plugin, NULL-terminated, or NULL
    char keys [KEYDIR_PATH_BYTES];         //  folder of keys
    char state [DEPLOY_RECORD_PATH_BYTES]; //  folder of the deployment's state
    char lock [PATH_BYTES];                //  lock file of the broker
    char folder [ADDRESS_NAME_BYTES];      //  of the broker's ipc sockets
    broker_launcher_t launcher;            //  the broker
    access_t admin;                        //  access for the operator from other hosts
    access_t workers;                      //  access file for workers
} up_t;

enum { KEY_PORT = 0x6001, KEY_TIMEOUT, KEY_PLUGIN };

static error_t s_up_parse (int key, char *argument, struct argp_state *state)
{
    up_t *self = state->input;
    fault_t fault = {0};
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs [0] = &self->hosts; return 0;
    case KEY_PORT: self->port = (uint16_t) subcommand_count (argument, 1, 60000, state); return 0;
    case KEY_TIMEOUT: self->timeout_ms = subcommand_duration (argument, state); return 0;
    case KEY_PLUGIN: subcommand_add (&self->plugins, argument); return 0;
    case 'o':
        if (table_parse_format (argument, &self->format, &fault) != CADRE_OK)
            argp_error (state, "%s", fault.text);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child s_children [] = {{&hosts_options_argp, 0, NULL, 0}, {0}};

//  ==== paths ===================================================================

static cadre_error_t s_find_addresses (up_t *self, fault_t *fault)
{
    address_t address;
    const char *keys = getenv ("CADRE_KEYS");
    if (deploy_record_folder (self->state, sizeof self->state, true, fault) != CADRE_OK)
        return fault->code;
    snprintf (self->lock, sizeof self->lock, "%s/broker.lock", self->state);
    if (keys && *keys)
        snprintf (self->keys, sizeof self->keys, "%s", keys);
    else if (keydir_default (self->keys, fault) != CADRE_OK)
        return fault->code;
    if (address_default (&address, fault) != CADRE_OK)
        return fault->code;
    snprintf (self->folder, sizeof self->folder, "%s", address.name);
    return CADRE_OK;
}

//  ==== up ======================================================================

//  The name of this machine for people and keys. Unless --address is given, hosts connect to the
//  address from which ssh came.
static const char *s_host (const up_t *self, char *name, size_t size)
{
    if (self->hosts.address)
        return self->hosts.address;
    if (gethostname (name, size) != 0)
        snprintf (name, size, "localhost");
    name [size - 1] = '\0';
    return name;
}

//  Keys are created first, because the broker reads them when it starts.
static cadre_error_t s_make_keys (up_t *self, fault_t *fault)
{
    char name [ADDRESS_NAME_BYTES], address [ADDRESS_ENDPOINT_BYTES], path [PATH_BYTES];
    snprintf (address, sizeof address, "tcp://%s:%u", s_host (self, name, sizeof name), self->port);
    snprintf (path, sizeof path, "%s/workers.access", self->state);
    if (grant_keep (self->keys, "workers", ROLE_WORKER, address, path, &self->workers, fault)
        != CADRE_OK)
        return fault->code;
    snprintf (path, sizeof path, "%.*s", (int) sizeof path - 1, self->keys);
    char *slash = strrchr (path, '/');
    snprintf (slash ? slash : path, sizeof path - (size_t) ((slash ? slash : path) - path),
              "/admin.access");
    if (grant_keep (self->keys, "admin", ROLE_ADMIN, address, path, &self->admin, fault)
        != CADRE_OK)
        return fault->code;
    say ("keys in %s; to use the broker from another host, copy %s there (CADRE_ACCESS)",
         self->keys, path);
    return CADRE_OK;
}

static cadre_error_t s_start_broker (up_t *self, fault_t *fault)
{
    char log [PATH_BYTES];
    snprintf (log, sizeof log, "%s/broker.log", self->state);
    const broker_launcher_options_t options = {.host = self->hosts.tunnel ? "127.0.0.1" : "*",
                                               .port = self->port,
                                               .folder = self->folder,
                                               .keys = self->keys,
                                               .log = log,
                                               .lock = self->lock};
    if (broker_launcher_start (&self->launcher, &options, fault) != CADRE_OK)
        return fault->code;
    say ("the broker listens at tcp://%s:%u and ipc://%s; its log is %s", options.host, self->port,
         self->folder, log);
    return CADRE_OK;
}

static int s_deploy (up_t *self, const hostlist_t *list)
{
    char address [ADDRESS_ENDPOINT_BYTES];
    char *access = grant_text (&self->workers);
    snprintf (address, sizeof address, "tcp://%s:%u",
              self->hosts.address ? self->hosts.address : "@", self->port);
    const deployment_t deployment = {.name = DEPLOYMENT,
                                     .hosts = &self->hosts,
                                     .list = list,
                                     .format = self->format,
                                     .timeout_ms = self->timeout_ms < 0 ? 0 : self->timeout_ms,
                                     .access = access,
                                     .address = address,
                                     .lane_first = broker_launcher_lane_first (self->port),
                                     .lane_last = broker_launcher_lane_last (self->port),
                                     .plugins = self->plugins};
    int exit_code = deployment_start (&deployment);
    explicit_bzero (access, strlen (access));
    free (access);
    return exit_code;
}

//  Starts the broker; one that is running reloads its keys.
static cadre_error_t s_up_raise (up_t *self, fault_t *fault)
{
    if (s_find_addresses (self, fault) != CADRE_OK)
        return fault->code;
    const bool runs = broker_launcher_find (&self->launcher, self->lock);
    if (runs)
        self->port = self->launcher.port;
    if (s_make_keys (self, fault) != CADRE_OK)
        return fault->code;
    if (!runs)
        return s_start_broker (self, fault);
    kill (self->launcher.pid, SIGHUP);
    say ("the broker is already running, at port %u", self->port);
    return CADRE_OK;
}

static int s_up (up_t *self)
{
    fault_t fault = {0};
    hostlist_t *list = hostlist_new ();
    const bool here = !self->hosts.hosts && !getenv ("SLURM_JOB_NODELIST");
    int exit_code;
    if (hostlist_read (list, here ? ":" : self->hosts.hosts, &fault) || s_up_raise (self, &fault))
        exit_code = say_fault (&fault);
    else
        exit_code = s_deploy (self, list);
    access_wipe (&self->admin);
    access_wipe (&self->workers);
    hostlist_destroy (&list);
    return exit_code;
}

static void s_up_clear (up_t *self)
{
    free (self->plugins);
    hosts_options_clear (&self->hosts);
}

int cmd_up (int argc, char **argv)
{
    static const struct argp_option options [] = {
        {"port", KEY_PORT, "PORT", 0,
         "tcp port of the broker; it also uses PORT + 1, PORT + 2, and ports from "
         "PORT + 100 on (default 5700)",
         1},
        {"plugin", KEY_PLUGIN, "FILE", 0, "send this plugin to the workers; may be repeated", 1},
        {"timeout", KEY_TIMEOUT, "TIME", 0,
         "give up on a host that does not answer within TIME (default 60s)", 1},
        {"output", 'o', "FORMAT", 0, "output format: table, json or ndjson (default table)", 1},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = s_up_parse,
        .doc = "Start a broker on this machine, and workers here or on many hosts, with "
               "keys.\v"
               "Missing keys are created: the broker's, one for the workers, and one for "
               "you (admin.access, beside the folder of keys). A second call starts what is "
               "not running. 'cadre down' stops and removes everything.\n\n"
               "Examples:\n"
               "  cadre up\n"
               "  cadre up --hosts node[01-64]\n"
               "  cadre up --hosts hosts.txt --send --plugin ./words.so",
        .children = s_children};
    up_t self = {.port = PORT, .timeout_ms = -1};
    int first = argc;
    subcommand_parse (&argp, false, argc, argv, &first, &self);
    if (first < argc)
        return subcommand_usage (argv [0], "'%s' is not an option", argv [first]);
    interrupt_watch ();
    int exit_code = s_up (&self);
    s_up_clear (&self);
    return exit_code;
}

//  ==== down ====================================================================

//  Ends the jobs first, while their workers run; then the broker; then the workers.
static int s_down (up_t *self)
{
    fault_t fault = {0};
    const int64_t drain_ms = self->timeout_ms < 0 ? DRAIN_MS : self->timeout_ms;
    int exit_code = 0;
    if (s_find_addresses (self, &fault) != CADRE_OK)
        return say_fault (&fault);
    hostlist_t *list = hostlist_new ();
    const bool found = deploy_record_read (DEPLOYMENT, list, NULL) == CADRE_OK;
    const bool runs = broker_launcher_find (&self->launcher, self->lock);
    if (runs)
        broker_launcher_end (&self->launcher, self->lock, drain_ms);
    const deployment_t deployment = {
        .name = DEPLOYMENT, .hosts = &self->hosts, .list = list, .format = self->format};
    if (found)
        exit_code = deployment_end (&deployment, 0, true);
    if (runs)
        say ("the broker has ended");
    if (!found && !runs)
        exit_code =
            say_fault ((fault_set (&fault, CADRE_ERROR_NOT_FOUND,
                                   "nothing is running that 'cadre up' has started from here"),
                        &fault));
    hostlist_destroy (&list);
    return exit_code;
}

int cmd_down (int argc, char **argv)
{
    static const struct argp_option options [] = {
        {"timeout", KEY_TIMEOUT, "TIME", 0,
         "wait at most TIME for jobs to end; 0 stops at once (default 60s)", 1},
        {"output", 'o', "FORMAT", 0, "output format: table, json or ndjson (default table)", 1},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = s_up_parse,
        .doc = "Stop what 'cadre up' started: the broker after its jobs have ended, and the "
               "workers. Remove what was sent to the hosts.\v"
               "Keys and access files are kept.\n\n"
               "Example:\n"
               "  cadre down --timeout 5m",
        .children = s_children};
    up_t self = {.port = PORT, .timeout_ms = -1};
    int first = argc;
    subcommand_parse (&argp, false, argc, argv, &first, &self);
    if (first < argc)
        return subcommand_usage (argv [0], "'%s' is not an option", argv [first]);
    interrupt_watch ();
    int exit_code = s_down (&self);
    s_up_clear (&self);
    return exit_code;
}
