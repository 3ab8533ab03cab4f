//  temp_workers.c - see temp_workers.h

#include "client/cli/hosts/temp_workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/base/broker_launcher.h"
#include "client/cli/base/interrupt.h"
#include "client/cli/hosts/fleet.h"
#include "client/cli/hosts/grant.h"
#include "client/cli/output/say.h"
#include "client/cli/output/text.h"
#include "common/address.h"
#include "common/entropy.h"
#include "common/folder.h"

#define TIMEOUT_MS 60000
#define TURN_MS 500
#define NAP_MS 20
#define EXPLAIN_MS 5000 //  a longer wait is explained to the user

struct temp_workers {
    hostlist_t *hosts;                          //  the hosts
    bundle_t *bundle;                           //  files to send, or NULL
    remote_order_t order;                       //  the order
    char name [64];                             //  of the deployment
    char address [BROKER_CHOICE_ADDRESS_BYTES]; //  of the broker, as workers connect to it
    char *access;                               //  text of the workers' access file, or NULL
    char *doors;                                //  permitted destinations of the tunnel, or NULL
    folder_t *folder; //  of a broker started here: keys, sockets, log; NULL: a configured broker
    broker_launcher_t launcher; //  the broker started here
    unsigned parallel;          //  sessions in progress at a time
    fleet_t *fleet;             //  used by the thread
    pthread_t thread;           //  runs the sessions
    bool threaded;              //  the thread was started
    int wake;                   //  eventfd that wakes the thread
    atomic_bool closing;        //  the thread must end
    atomic_size_t running;      //  hosts with a worker now
    atomic_bool lost;           //  all sessions are over
};

//  ==== the thread ==============================================================

static void s_on_change (void *argument, const remote_t *remote)
{
    temp_workers_t *self = argument;
    const remote_state_t state = remote_state (remote);
    if (state == REMOTE_FAILED && !self->closing)
        say ("host %s: %s", remote_host (remote)->name, remote_why (remote));
    if (state == REMOTE_DONE && !self->closing)
        say ("host %s: its worker has ended", remote_host (remote)->name);
    self->running = fleet_in_state (self->fleet, REMOTE_RUNNING);
}

static void *s_look_after (void *argument)
{
    temp_workers_t *self = argument;
    bool told = false;
    while (fleet_turn (self->fleet, TURN_MS, self->wake)) {
        if (!self->closing || told)
            continue;
        told = true;
        fleet_close (self->fleet);
    }
    self->lost = true;
    return NULL;
}

//  ==== a broker started here ===================================================

//  Splits HOST, HOST:PORT or :PORT of --address.
static uint16_t s_cut_address (const char *given, char *host, size_t size)
{
    const char *colon = given ? strrchr (given, ':') : NULL;
    if (colon && given [0] != '[' && strchr (given, ':') != colon)
        colon = NULL; //  an IPv6 address without brackets has no port
    if (colon && given [0] == '[' && colon > given && colon [-1] != ']')
        colon = NULL;
    snprintf (host, size, "%.*s",
              !given  ? 0
              : colon ? (int) (colon - given)
                      : (int) strlen (given),
              given ? given : "");
    if (host [0] == '\0')
        snprintf (host, size, "@");
    return colon ? (uint16_t) strtoul (colon + 1, NULL, 10) : 0;
}

static cadre_error_t s_make_access (temp_workers_t *self, const char *keys, fault_t *fault)
{
    keydir_entry_t entry = {.name = "crew", .role = ROLE_WORKER};
    access_t grant;
    cadre_error_t error = grant_make (keys, &entry, NULL, false, &grant, fault);
    if (!error)
        self->access = grant_text (&grant);
    access_wipe (&grant);
    return error;
}

static cadre_error_t s_start_hub (temp_workers_t *self, const hosts_options_t *options,
                                  broker_choice_t *choice, fault_t *fault)
{
    char host [ADDRESS_NAME_BYTES], log [256];
    const uint16_t port = s_cut_address (options->address, host, sizeof host);
    self->folder = folder_new (fault);
    if (!self->folder || s_make_access (self, folder_path (self->folder), fault) != CADRE_OK)
        return fault->code;
    snprintf (log, sizeof log, "%s/broker.log", folder_path (self->folder));
    const broker_launcher_options_t launcher = {.host = options->tunnel ? "127.0.0.1" : "*",
                                                .port = port,
                                                .folder = folder_path (self->folder),
                                                .keys = folder_path (self->folder),
                                                .log = log};
    if (broker_launcher_start (&self->launcher, &launcher, fault) != CADRE_OK)
        return fault->code;
    snprintf (self->address, sizeof self->address, "tcp://%s:%u",
              options->tunnel ? "127.0.0.1" : host, self->launcher.port);
    self->doors = broker_launcher_doors ("127.0.0.1", self->launcher.port,
                                         broker_launcher_lane_first (self->launcher.port),
                                         broker_launcher_lane_last (self->launcher.port));
    *choice = (broker_choice_t){0};
    snprintf (choice->address, sizeof choice->address, "ipc://%s", folder_path (self->folder));
    snprintf (choice->origin, sizeof choice->origin, "--hosts");
    return CADRE_OK;
}

//  ==== a configured broker =====================================================

static cadre_error_t s_use_broker (temp_workers_t *self, const hosts_options_t *options,
                                   const char *workers, broker_choice_t *choice, fault_t *fault)
{
    access_t grant = {0};
    address_t address;
    if (workers && access_read_for (&grant, workers, true, fault) != CADRE_OK)
        return fault->code;
    snprintf (self->address, sizeof self->address, "%s",
              grant.address [0] ? grant.address : choice->address);
    if (workers)
        self->access = grant_text (&grant);
    access_wipe (&grant);
    if (address_parse (&address, self->address, fault) != CADRE_OK)
        return fault->code;
    if (address.kind != ADDRESS_TCP)
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "workers on other hosts cannot connect to the broker at %s (from %s); give a tcp address, or none, and this command starts its own broker",
            self->address, choice->origin);
    self->doors =
        broker_launcher_doors (address.name, address.port, options->lane_first, options->lane_last);
    choice->local = false;
    return CADRE_OK;
}

//  ==== creation and destruction ================================================

static cadre_error_t s_temp_workers_start (temp_workers_t *self, const hosts_options_t *options,
                                           const char *workers, broker_choice_t *choice,
                                           fault_t *fault)
{
    cadre_error_t error = hostlist_read (self->hosts, options->hosts, fault);
    if (!error)
        error = hosts_options_bundle (options, &self->bundle, fault);
    if (!error && choice->embedded)
        error = s_start_hub (self, options, choice, fault);
    else if (!error)
        error = s_use_broker (self, options, workers, choice, fault);
    if (error)
        return error;
    self->order = (remote_order_t){.verb = "attach",
                                   .name = self->name,
                                   .access = self->access,
                                   .address = self->address,
                                   .open = self->doors,
                                   .timeout_ms = TIMEOUT_MS};
    hosts_options_order (options, self->bundle, &self->order);
    self->fleet = fleet_new (&self->order, self->hosts, self->parallel, s_on_change, self);
    self->threaded = pthread_create (&self->thread, NULL, s_look_after, self) == 0;
    return self->threaded ? CADRE_OK
                          : fault_set (fault, CADRE_ERROR_IO,
                                       "no thread for the hosts; raise the limit on threads");
}

temp_workers_t *temp_workers_new (const hosts_options_t *options, const char *workers,
                                  broker_choice_t *choice, fault_t *fault)
{
    temp_workers_t *self = text_resize (NULL, sizeof *self);
    *self = (temp_workers_t){.parallel = options->parallel, .hosts = hostlist_new ()};
    self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    snprintf (self->name, sizeof self->name, "run-%d-%08x", (int) getpid (),
              (unsigned) entropy_u64 ());
    if (s_temp_workers_start (self, options, workers, choice, fault) != CADRE_OK)
        temp_workers_destroy (&self);
    return self;
}

void temp_workers_destroy (temp_workers_t **self_p)
{
    temp_workers_t *self = *self_p;
    const uint64_t one = 1;
    if (!self)
        return;
    self->closing = true;
    if (self->threaded && write (self->wake, &one, sizeof one) == sizeof one)
        pthread_join (self->thread, NULL);
    fleet_destroy (&self->fleet);
    broker_launcher_end (&self->launcher, NULL, 0);
    folder_destroy (&self->folder);
    hostlist_destroy (&self->hosts);
    bundle_destroy (&self->bundle);
    if (self->access)
        explicit_bzero (self->access, strlen (self->access));
    free (self->access);
    free (self->doors);
    if (self->wake >= 0)
        close (self->wake);
    free (self);
    *self_p = NULL;
}

bool temp_workers_is_lost (temp_workers_t *self)
{
    return self->lost;
}

cadre_error_t temp_workers_wait (temp_workers_t *self, fault_t *fault)
{
    for (int64_t waited_ms = 0; self->running == 0; waited_ms += NAP_MS) {
        if (interrupt_asked ())
            return fault_set (fault, CADRE_ERROR_CANCELLED, "interrupted");
        if (self->lost)
            return fault_set (fault, CADRE_ERROR_UNAVAILABLE,
                              "no host has a worker: nothing was run");
        if (waited_ms == EXPLAIN_MS)
            say ("no worker has connected yet; waiting for %zu host%s",
                 hostlist_count (self->hosts), hostlist_count (self->hosts) == 1 ? "" : "s");
        nanosleep (&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
    }
    return CADRE_OK;
}
