//  main.c - cadre-broker: options and signals; broker.c is the broker itself

#include <argp.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "broker/accept_guard.h"
#include "broker/auth/auth.h"
#include "broker/broker.h"
#include "broker/guard/throttle.h"
#include "broker/store/sqlite.h"
#include "common/descriptors.h"
#include "common/keydir.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/private.h"
#include "common/socket_folder.h"
#include "common/sockets.h"
#include "common/threads.h"
#include "common/units.h"

#define LISTEN_BYTES 2048
#define SOCKETS_MOST 65000
#define MEMORY_LEAST (16u << 20) //  Some frames in each direction, and tasks
#define STORE_BYTES 1024
#define LARGE_BYTES (8 * 1024 * 1024)

typedef struct settings {
    broker_options_t options;   //  For broker_new
    char listen [LISTEN_BYTES]; //  Addresses, separated by commas
    const char *keys;           //  --keys, or NULL
    const char *store;          //  --store, or NULL
    uint64_t quota_bytes;       //  --quota; 0: the file system's limit
    char path [STORE_BYTES];    //  The store's file
    bool reachable;             //  Other hosts can reach one of the addresses
    const char *health;         //  --health, or NULL
    fault_t fault;              //  The error of an option
} settings_t;

typedef struct watch {
    broker_t *broker; //  Target of signals
    int signal_fd;    //  signalfd of SIGTERM, SIGINT and SIGHUP
} watch_t;

//  argp reads it, so it must be exported.
__attribute__ ((visibility ("default"))) const char *argp_program_version =
    "cadre-broker " CADRE_VERSION_STRING;

enum {
    KEY_LISTEN = 'l',
    KEY_NAME = 'n',
    KEY_LANES = 256,
    KEY_MEMORY,
    KEY_BEAT,
    KEY_LOST,
    KEY_KEYS,
    KEY_INSECURE,
    KEY_HEALTH,
    KEY_STORE,
    KEY_QUOTA,
    KEY_LOG
};

static const struct argp_option s_options [] = {
    {"listen", KEY_LISTEN, "ADDRESS", 0,
     "Address: ipc:///FOLDER or tcp://HOST:PORT, with * for all interfaces; may "
     "be repeated, or a list with commas (default: ipc://$XDG_RUNTIME_DIR/cadre, "
     "for programs of this user; CADRE_LISTEN)",
     0},
    {"name", KEY_NAME, "NAME", 0, "Name for listings (default: host name; CADRE_NAME)", 0},
    {"lanes", KEY_LANES, "FIRST-LAST", 0,
     "tcp ports for lanes, one for each worker (default: from the address's port "
     "+ 100 on; CADRE_LANES)",
     0},
    {"memory", KEY_MEMORY, "SIZE", 0,
     "Memory for jobs and results: 512M, 8G; at least 16M (default: a quarter of "
     "the machine's; CADRE_MEMORY)",
     0},
    {"beat", KEY_BEAT, "DURATION", 0, "Interval of heartbeats (default 1s; CADRE_BEAT)", 0},
    {"lost", KEY_LOST, "DURATION", 0,
     "A peer without a message for this time is lost (default 10s; CADRE_LOST)", 0},
    {"keys", KEY_KEYS, "DIR", 0,
     "Folder of keys, made by 'cadre keygen'; every peer on tcp then needs a key "
     "(default, if other hosts can reach the broker: $XDG_CONFIG_HOME/cadre/keys; "
     "CADRE_KEYS)",
     0},
    {"insecure", KEY_INSECURE, NULL, 0,
     "Accept everybody, from any host, without keys and encryption "
     "(CADRE_INSECURE=1)",
     0},
    {"health", KEY_HEALTH, "FILE", 0,
     "Write the state to FILE every second, for 'cadre broker health' "
     "(CADRE_HEALTH)",
     0},
    {"store", KEY_STORE, "FILE", 0,
     "Keep durable jobs in FILE; none: no durable jobs (default: a file for each "
     "address in $XDG_STATE_HOME/cadre, shown by 'cadre broker info'; CADRE_STORE)",
     0},
    {"quota", KEY_QUOTA, "SIZE", 0,
     "Limit of the store's size, such as 10G (default: the disk; CADRE_QUOTA)", 0},
    {"log", KEY_LOG, "LEVEL", 0,
     "Level: none, error, warning, info or debug (default info; CADRE_LOG)", 0},
    {0},
};

static const struct {
    int key;              //  Key of the option
    const char *variable; //  Its environment variable
} s_variables [] = {
    {KEY_LISTEN, "CADRE_LISTEN"}, {KEY_NAME, "CADRE_NAME"},         {KEY_LANES, "CADRE_LANES"},
    {KEY_MEMORY, "CADRE_MEMORY"}, {KEY_BEAT, "CADRE_BEAT"},         {KEY_LOST, "CADRE_LOST"},
    {KEY_KEYS, "CADRE_KEYS"},     {KEY_INSECURE, "CADRE_INSECURE"}, {KEY_HEALTH, "CADRE_HEALTH"},
    {KEY_STORE, "CADRE_STORE"},   {KEY_QUOTA, "CADRE_QUOTA"},
};

static cadre_error_t s_take_duration (const char *text, uint32_t *ms, fault_t *fault)
{
    int64_t value;
    cadre_error_t error = units_parse_duration (text, &value, fault);
    if (error)
        return error;
    if (value < 1 || value > 3600 * 1000)
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "%s: a beat or loss is between 1ms and 1h",
                          text);
    *ms = (uint32_t) value;
    return CADRE_OK;
}

static cadre_error_t s_take_memory (const char *text, uint64_t *bytes, fault_t *fault)
{
    if (units_parse_size (text, bytes, fault) == CADRE_OK && *bytes < MEMORY_LEAST)
        fault_set (fault, CADRE_ERROR_ARGUMENT,
                   "%s of memory is too little for a broker: write 16M or more", text);
    return fault->code;
}

static cadre_error_t s_take_listen (settings_t *self, const char *text)
{
    size_t used = strlen (self->listen);
    if (used + strlen (text) + 2 > sizeof self->listen)
        return fault_set (&self->fault, CADRE_ERROR_ARGUMENT, "too many addresses after --listen");
    snprintf (self->listen + used, sizeof self->listen - used, "%s%s", used ? "," : "", text);
    return CADRE_OK;
}

static cadre_error_t s_main_take (settings_t *self, int key, const char *text)
{
    broker_options_t *options = &self->options;
    log_level_t level;
    switch (key) {
    case KEY_LISTEN: return s_take_listen (self, text);
    case KEY_NAME: options->name = text; return CADRE_OK;
    case KEY_LANES:
        return address_parse_lanes (text, &options->lane_first, &options->lane_last, &self->fault);
    case KEY_MEMORY: return s_take_memory (text, &options->memory_bytes, &self->fault);
    case KEY_BEAT: return s_take_duration (text, &options->beat_ms, &self->fault);
    case KEY_LOST: return s_take_duration (text, &options->lost_ms, &self->fault);
    case KEY_STORE: self->store = text; return CADRE_OK;
    case KEY_QUOTA: return units_parse_size (text, &self->quota_bytes, &self->fault);
    case KEY_KEYS: self->keys = text; return CADRE_OK;
    case KEY_INSECURE: options->insecure = !text || strcmp (text, "0") != 0; return CADRE_OK;
    case KEY_HEALTH: self->health = text; return CADRE_OK;
    case KEY_LOG:
        if (log_parse_level (text, &level, &self->fault) == CADRE_OK)
            log_set_level (level);
        return self->fault.code;
    default: return CADRE_OK;
    }
}

static error_t s_main_parse (int key, char *argument, struct argp_state *state)
{
    settings_t *self = state->input;
    if (key == ARGP_KEY_ARG)
        argp_error (state, "'%s' is not an option: give addresses with --listen", argument);
    if (!argument && key != KEY_INSECURE)
        return ARGP_ERR_UNKNOWN;
    if (s_main_take (self, key, argument))
        argp_error (state, "%s", self->fault.text);
    return 0;
}

//  Environment variables apply if the option is not given; addresses of both are not combined.
static cadre_error_t s_take_variables (settings_t *self)
{
    for (size_t i = 0; i < sizeof s_variables / sizeof s_variables [0]; i++) {
        const char *value = getenv (s_variables [i].variable);
        if (!value || !*value)
            continue;
        if (s_main_take (self, s_variables [i].key, value)) {
            fault_t fault = self->fault;
            return fault_set (&self->fault, fault.code, "%s: %s", s_variables [i].variable,
                              fault.text);
        }
    }
    return CADRE_OK;
}

static bool s_names_listen (int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strncmp (argv [i], "--l", 3) == 0 && strncmp (argv [i], "--la", 4) != 0
            && strncmp (argv [i], "--lo", 4) != 0)
            return true;
        else if (strncmp (argv [i], "-l", 2) == 0)
            return true;
    return false;
}

static int s_main_fail (const fault_t *fault)
{
    log_say ("%s", fault->text);
    return cadre_error_exit_code (fault->code);
}

static cadre_error_t s_check_listen (settings_t *self)
{
    address_t addresses [ADDRESS_LIST_MAX];
    size_t count = 0;
    char text [ADDRESS_ENDPOINT_BYTES];
    if (!self->listen [0]) {
        if (address_default (&addresses [0], &self->fault))
            return self->fault.code;
        address_print (&addresses [0], self->listen, sizeof self->listen);
    }
    if (address_parse_list (self->listen, addresses, ADDRESS_LIST_MAX, &count, &self->fault))
        return self->fault.code;
    for (size_t i = 0; i < count; i++) {
        address_print (&addresses [i], text, sizeof text);
        if (addresses [i].kind == ADDRESS_INPROC)
            return fault_set (
                &self->fault, CADRE_ERROR_CONFIGURATION,
                "%s: a broker of its own cannot listen there: use ipc:///FOLDER or tcp://127.0.0.1:PORT",
                text);
        self->reachable = self->reachable || !address_is_loopback (&addresses [i]);
    }
    accept_guard_open (addresses, count);
    self->options.listen = self->listen;
    self->options.turned_away = accept_guard_turned_away;
    self->options.throttle = throttle_open (broker_memory_bytes (&self->options));
    return CADRE_OK;
}

//  The first signal drains, the second one stops.
static void *s_main_watch (void *argument)
{
    watch_t *watch = argument;
    struct signalfd_siginfo info;
    int count = 0;
    while (read (watch->signal_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            break;
        if (info.ssi_signo == SIGHUP) {
            broker_signal (watch->broker, BROKER_RELOAD);
            continue;
        }
        log_line (LOG_INFO, "B001", "signal %u: %s", info.ssi_signo,
                  count ? "stopping at once" : "draining");
        broker_signal (watch->broker, count++ ? BROKER_STOP : BROKER_DRAIN);
    }
    return NULL;
}

//  ---- the store: opened at the start if it exists, otherwise with the first durable job

static store_t *s_open_store (void *owner, fault_t *fault)
{
    settings_t *self = owner;
    return sqlite_open (self->path, &(sqlite_options_t){.quota_bytes = self->quota_bytes}, fault);
}

//  Each address has its own store, because two brokers cannot share one. Without a folder for it
//  there are no durable jobs.
static cadre_error_t s_find_store (settings_t *self)
{
    address_t addresses [ADDRESS_LIST_MAX];
    size_t count = 0;
    if (self->store && strcmp (self->store, "none") == 0)
        return CADRE_OK;
    if (self->store) {
        snprintf (self->path, sizeof self->path, "%s", self->store);
    } else if (address_parse_list (self->listen, addresses, ADDRESS_LIST_MAX, &count,
                                   &self->fault)) {
        return self->fault.code;
    } else if (socket_folder_state (&addresses [0], self->path, sizeof self->path, &self->fault)) {
        log_line (LOG_WARNING, "B033", "%s: without --store FILE no job is durable",
                  self->fault.text);
        fault_clear (&self->fault);
        return CADRE_OK;
    }
    self->options.store_name = self->path;
    self->options.store_open = s_open_store;
    self->options.store_owner = self;
    self->options.store_now = self->store || access (self->path, F_OK) == 0;
    return CADRE_OK;
}

static int s_main_serve (settings_t *self, void *context, sigset_t *signals)
{
    fault_t fault = {0};
    if (s_find_store (self))
        return s_main_fail (&self->fault);
    broker_t *broker = broker_new (context, &self->options, &fault);
    if (!broker)
        return s_main_fail (&fault);
    watch_t watch = {.broker = broker, .signal_fd = signalfd (-1, signals, SFD_CLOEXEC)};
    pthread_t thread;
    if (watch.signal_fd < 0)
        fault_set (&fault, CADRE_ERROR_DESCRIPTORS,
                   "signals cannot be watched: %s; raise the limit (ulimit -n)", strerror (errno));
    if (watch.signal_fd < 0 || threads_start (&thread, s_main_watch, &watch, &fault)) {
        broker_destroy (&broker);
        return s_main_fail (&fault);
    }
    log_say ("ready at %s", self->listen);
    cadre_error_t error = broker_run (broker, &fault);
    if (error)
        log_say ("%s", fault.text);
    kill (getpid (), SIGUSR1);
    pthread_join (thread, NULL);
    close (watch.signal_fd);
    broker_destroy (&broker);
    return cadre_error_exit_code (error);
}

//  Addresses that other hosts can reach require keys, or an explicit --insecure.
static cadre_error_t s_find_keys (settings_t *self, char folder [KEYDIR_PATH_BYTES])
{
    if (self->keys && self->options.insecure)
        return fault_set (&self->fault, CADRE_ERROR_ARGUMENT,
                          "--keys and --insecure exclude each other: give one");
    if (self->keys || self->options.insecure || !self->reachable)
        return CADRE_OK;
    if (keydir_default (folder, &self->fault))
        return self->fault.code;
    if (!keydir_exists (folder))
        return fault_set (
            &self->fault, CADRE_ERROR_CONFIGURATION,
            "other hosts can reach %s, and there are no keys in %s: make one for each peer (cadre keygen "
            "NAME --role ROLE), or listen at tcp://127.0.0.1:PORT or an ipc address",
            self->listen, folder);
    self->keys = folder;
    return CADRE_OK;
}

static int s_serve_with_keys (settings_t *self, void *context, sigset_t *signals)
{
    auth_t *auth = auth_new (context, self->keys, &self->fault);
    if (!auth)
        return s_main_fail (&self->fault);
    private_process (); //  The broker's secret key is in its memory now
    self->options.authz = auth_doors (auth);
    int code = s_main_serve (self, context, signals);
    auth_destroy (&auth);
    return code;
}

int main (int argc, char **argv)
{
    static const struct argp argp = {
        .options = s_options,
        .parser = s_main_parse,
        .doc = "Accepts tasks from clients, distributes them to workers, and returns the "
               "results.\v"
               "SIGTERM drains: no new jobs, and exit after the last job. A second one "
               "stops at once. SIGHUP reads the keys again.\n\n"
               "Exit codes: 0 drained or stopped, 64 usage, 69 unavailable (port or store "
               "in use), 77 permission denied, 78 configuration, 125 damaged store or "
               "failing disk.\n\n"
               "Examples:\n"
               "  cadre-broker --listen tcp://127.0.0.1:5700\n"
               "  cadre keygen alice --role client --address tcp://hub:5700\n"
               "  cadre-broker --listen 'tcp://*:5700'",
    };
    settings_t settings = {0};
    sigset_t signals;
    sigemptyset (&signals);
    sigaddset (&signals, SIGTERM);
    sigaddset (&signals, SIGINT);
    sigaddset (&signals, SIGHUP);
    sigaddset (&signals, SIGUSR1);
    pthread_sigmask (SIG_BLOCK, &signals, NULL);
    descriptors_hold_standard ();
    log_open ("cadre-broker", LOG_INFO);
    log_set_timestamps (true);
    if (s_names_listen (argc, argv))
        unsetenv ("CADRE_LISTEN");
    if (s_take_variables (&settings))
        return s_main_fail (&settings.fault);
    argp_err_exit_status = 64;
    argp_parse (&argp, argc, argv, 0, NULL, &settings);
    char folder [KEYDIR_PATH_BYTES];
    if (s_check_listen (&settings) || s_find_keys (&settings, folder))
        return s_main_fail (&settings.fault);
    //  Blocks larger than batches and frames would leave gaps in the heap; smaller ones are
    //  allocated by the thousand, and separate pages for each would cost more than copies
    mallopt (M_MMAP_THRESHOLD, LARGE_BYTES);
    descriptors_raise ();
    void *context = sockets_context_new (1, SOCKETS_MOST, &settings.fault);
    if (!context)
        return s_main_fail (&settings.fault);
    notify_t *notify = settings.options.notify = notify_new (NULL, settings.health);
    int code = settings.keys ? s_serve_with_keys (&settings, context, &signals)
                             : s_main_serve (&settings, context, &signals);
    notify_destroy (&notify);
    sockets_context_destroy (&context);
    return code;
}
