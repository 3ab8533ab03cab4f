//  worker_options.c - cadre-worker: reads options, runs, and maps signals to drain and stop

#include "worker/worker_options.h"

#include "worker/host.h"
#include "worker/shared/run_as.h"
#include "worker/worker.h"

#include "common/access.h"
#include "common/address.h"
#include "common/descriptors.h"
#include "common/libexec.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/private.h"
#include "common/sockets.h"
#include "common/threads.h"
#include "common/units.h"

#include <argp.h>
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define LIST_MAX 256
#define SLOTS_MAX 10000

typedef struct list {
    const char *texts [LIST_MAX + 1]; //  NULL-terminated
    size_t count;                     //  How many
} list_t;

typedef struct settings {
    worker_options_t worker;              //  Options for the library
    list_t plugins;                       //  --plugin
    list_t labels;                        //  --label
    list_t program;                       //  --program, split into words
    const char *health;                   //  --health, or NULL
    int commands;                         //  1 allowed, 0 refused, -1 depends on the address
    char broker [ADDRESS_ENDPOINT_BYTES]; //  The default address
    const char *access_file;              //  --access
    char *access_hidden;                  //  The same, when the argument was overwritten
    const char *run_as;                   //  --run-as, or NULL
    run_as_t run_as_user;                 //  The user of --run-as
    access_t access;                      //  Content of the access file
    char **again;                         //  The arguments, for a restart
    fault_t fault;                        //  The error of an option
} settings_t;

enum {
    KEY_SLOTS = 0x100,
    KEY_THREADS,
    KEY_PLUGIN,
    KEY_PROGRAM,
    KEY_LABEL,
    KEY_NAME,
    KEY_ALLOW,
    KEY_REFUSE,
    KEY_IDLE,
    KEY_LIFETIME,
    KEY_DRAIN,
    KEY_MAX_TASKS,
    KEY_HEALTH,
    KEY_SLOT_PATH,
    KEY_PROXY,
    KEY_ACCESS,
    KEY_RUN_AS,
    KEY_BROKER
};

static const struct argp_option s_options [] = {
    {"broker", KEY_BROKER, "ADDRESS,...", 0,
     "Address of the broker, such as tcp://hub:5700 or ipc:///run/cadre; several "
     "are tried in turn (default: the access file's, else "
     "ipc://$XDG_RUNTIME_DIR/cadre; CADRE_BROKER)",
     0},
    {"access", KEY_ACCESS, "FILE", 0,
     "Access file with the worker's key and the broker's address, made by 'cadre "
     "keygen' (CADRE_ACCESS)",
     0},
    {"run-as", KEY_RUN_AS, "USER", 0,
     "If the worker is root: run tasks as this user, who can neither read the "
     "worker's key nor gain privileges; root: run them as root, without a warning "
     "(CADRE_RUN_AS)",
     0},
    {"slots", KEY_SLOTS, "N", 0,
     "Number of tasks that run at a time (default: usable CPUs; CADRE_SLOTS)", 0},
    {"threads", KEY_THREADS, 0, 0,
     "Use threads as slots instead of processes; excludes commands (CADRE_THREADS)", 0},
    {"plugin", KEY_PLUGIN, "FILE", 0,
     "Plugin with functions to offer; may be repeated (CADRE_PLUGIN, separated by "
     "colons)",
     0},
    {"program", KEY_PROGRAM, "ARGV", 0,
     "Program that serves functions, with its arguments, in one word "
     "(CADRE_PROGRAM)",
     0},
    {"label", KEY_LABEL, "NAME", 0,
     "Label that jobs can ask for with --needs; may be repeated (CADRE_LABEL, "
     "separated by commas)",
     0},
    {"name", KEY_NAME, "NAME", 0, "Name for listings (default HOST:PID; CADRE_NAME)", 0},
    {"allow-commands", KEY_ALLOW, 0, 0,
     "Run commands even for a broker on another host that uses no keys "
     "(CADRE_ALLOW_COMMANDS=1)",
     0},
    {"no-commands", KEY_REFUSE, 0, 0,
     "Refuse commands; run functions only (CADRE_ALLOW_COMMANDS=0)", 0},
    {"proxy", KEY_PROXY, "HOST:PORT", 0,
     "Connect to a broker on tcp through a SOCKS proxy, such as 'ssh -R PORT' "
     "opens (CADRE_PROXY)",
     0},
    {"idle-timeout", KEY_IDLE, "TIME", 0,
     "Exit after TIME without a task: 90s, 5m (default: never; CADRE_IDLE_TIMEOUT)", 0},
    {"lifetime", KEY_LIFETIME, "TIME", 0,
     "Drain and exit after TIME: 1h (default: never; CADRE_LIFETIME)", 0},
    {"drain-timeout", KEY_DRAIN, "TIME", 0,
     "When draining, kill tasks that still run after TIME (default 30s; "
     "CADRE_DRAIN_TIMEOUT)",
     0},
    {"max-tasks", KEY_MAX_TASKS, "N", 0,
     "Replace a slot after N tasks, or items of maps (default: never; "
     "CADRE_MAX_TASKS)",
     0},
    {"health", KEY_HEALTH, "FILE", 0,
     "Write the state to FILE every second, for 'cadre worker health' "
     "(CADRE_HEALTH)",
     0},
    {"slot-path", KEY_SLOT_PATH, "FILE", OPTION_HIDDEN, "Executable of the slots (CADRE_SLOT_PATH)",
     0},
    {0}};

//  The same options as environment variables, which are read before the command line.
static const struct {
    const char *variable; //  Name
    int key;              //  Option
    char separator;       //  Between several values, or 0
} s_variables [] = {{"CADRE_BROKER", KEY_BROKER, 0},       {"CADRE_SLOTS", KEY_SLOTS, 0},
                    {"CADRE_THREADS", KEY_THREADS, 0},     {"CADRE_PLUGIN", KEY_PLUGIN, ':'},
                    {"CADRE_PROGRAM", KEY_PROGRAM, 0},     {"CADRE_LABEL", KEY_LABEL, ','},
                    {"CADRE_NAME", KEY_NAME, 0},           {"CADRE_ALLOW_COMMANDS", KEY_ALLOW, 0},
                    {"CADRE_IDLE_TIMEOUT", KEY_IDLE, 0},   {"CADRE_LIFETIME", KEY_LIFETIME, 0},
                    {"CADRE_DRAIN_TIMEOUT", KEY_DRAIN, 0}, {"CADRE_MAX_TASKS", KEY_MAX_TASKS, 0},
                    {"CADRE_SLOT_PATH", KEY_SLOT_PATH, 0}, {"CADRE_PROXY", KEY_PROXY, 0},
                    {ACCESS_VARIABLE, KEY_ACCESS, 0},      {"CADRE_HEALTH", KEY_HEALTH, 0},
                    {"CADRE_RUN_AS", KEY_RUN_AS, 0}};

static cadre_error_t s_worker_options_add (list_t *list, const char *text, fault_t *fault)
{
    if (list->count == LIST_MAX)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "more than %d values for one option; give fewer", LIST_MAX);
    list->texts [list->count++] = text;
    return CADRE_OK;
}

//  Adds the words of a line; quotes keep spaces together.
static cadre_error_t s_add_words (list_t *list, const char *line, fault_t *fault)
{
    char *at = strdup (line), *out; //  Lives as long as the process, like every argument
    assert (at);
    for (;;) {
        char quote = 0;
        at += strspn (at, " \t");
        if (!*at)
            return CADRE_OK;
        cadre_error_t error = s_worker_options_add (list, at, fault);
        if (error != CADRE_OK)
            return error;
        for (out = at; *at && (quote || !strchr (" \t", *at)); at++) {
            if (quote ? *at == quote : *at == '"' || *at == '\'')
                quote = quote ? 0 : *at;
            else
                *out++ = *at;
        }
        if (quote)
            return fault_set (fault, CADRE_ERROR_ARGUMENT,
                              "a quote (%c) is not closed in \"%s\"; close it", quote, line);
        bool more = *at != 0;
        *out = 0;
        at += more;
    }
}

static cadre_error_t s_duration (const char *text, uint32_t *ms, fault_t *fault)
{
    int64_t value;
    cadre_error_t error = units_parse_duration (text, &value, fault);
    if (error != CADRE_OK)
        return error;
    *ms = (uint32_t) (value < UINT32_MAX ? value : UINT32_MAX);
    return CADRE_OK;
}

static cadre_error_t s_worker_options_count (const char *text, uint64_t most, uint64_t *count,
                                             fault_t *fault)
{
    return units_parse_count (text, 1, most, count, fault);
}

static cadre_error_t s_proxy (settings_t *self, const char *text)
{
    const char *colon = strrchr (text, ':');
    uint64_t port;
    if (!colon || colon == text
        || units_parse_count (colon + 1, 1, UINT16_MAX, &port, NULL) != CADRE_OK)
        return fault_set (&self->fault, CADRE_ERROR_ARGUMENT,
                          "\"%.100s\" is not a proxy; write HOST:PORT, such as 127.0.0.1:1080",
                          text);
    self->worker.proxy = text;
    return CADRE_OK;
}

static cadre_error_t s_worker_options_set (settings_t *self, int key, const char *text)
{
    fault_t *fault = &self->fault;
    uint64_t count = 0;
    cadre_error_t error;
    switch (key) {
    case KEY_BROKER: self->worker.broker = text; return CADRE_OK;
    case KEY_ACCESS: self->access_file = text; return CADRE_OK;
    case KEY_RUN_AS: self->run_as = text; return CADRE_OK;
    case KEY_THREADS: self->worker.threads = true; return CADRE_OK;
    case KEY_PLUGIN: return s_worker_options_add (&self->plugins, text, fault);
    case KEY_LABEL: return s_worker_options_add (&self->labels, text, fault);
    case KEY_PROGRAM: return s_add_words (&self->program, text, fault);
    case KEY_NAME: self->worker.name = text; return CADRE_OK;
    case KEY_ALLOW: self->commands = 1; return CADRE_OK;
    case KEY_REFUSE: self->commands = 0; return CADRE_OK;
    case KEY_IDLE: return s_duration (text, &self->worker.idle_timeout_ms, fault);
    case KEY_LIFETIME: return s_duration (text, &self->worker.lifetime_ms, fault);
    case KEY_DRAIN: return s_duration (text, &self->worker.drain_timeout_ms, fault);
    case KEY_MAX_TASKS:
        return s_worker_options_count (text, UINT64_MAX, &self->worker.max_tasks, fault);
    case KEY_HEALTH: self->health = text; return CADRE_OK;
    case KEY_PROXY: return s_proxy (self, text);
    case KEY_SLOT_PATH: self->worker.slot_path = text; return CADRE_OK;
    default:
        error = s_worker_options_count (text, SLOTS_MAX, &count, fault);
        self->worker.slots = (unsigned) count;
        return error;
    }
}

static error_t s_worker_options_parse (int key, char *text, struct argp_state *state)
{
    settings_t *self = state->input;
    if (key == ARGP_KEY_ARG) {
        fault_set (&self->fault, CADRE_ERROR_ARGUMENT,
                   "\"%s\" is not an option; see cadre-worker --help", text);
        return EINVAL;
    }
    if (key < KEY_SLOTS || key > KEY_BROKER)
        return ARGP_ERR_UNKNOWN;
    return s_worker_options_set (self, key, text) == CADRE_OK ? 0 : EINVAL;
}

static cadre_error_t s_take_variable (settings_t *self, size_t i)
{
    const char *value = getenv (s_variables [i].variable);
    char separator [2] = {s_variables [i].separator, 0};
    cadre_error_t error = CADRE_OK;
    int key = s_variables [i].key;
    if (!value || !*value)
        return CADRE_OK;
    if (key == KEY_THREADS && strcmp (value, "0") == 0)
        return CADRE_OK;
    if (key == KEY_ALLOW)
        key = strcmp (value, "0") == 0 ? KEY_REFUSE : KEY_ALLOW;
    if (!separator [0])
        return s_worker_options_set (self, key, value);
    char *copy = strdup (value), *rest = copy, *part; //  Lives as long as the process
    while (error == CADRE_OK && (part = strsep (&rest, separator)))
        error = *part ? s_worker_options_set (self, key, part) : CADRE_OK;
    return error;
}

static cadre_error_t s_variable (settings_t *self, size_t i)
{
    if (s_take_variable (self, i) == CADRE_OK)
        return CADRE_OK;
    fault_t fault = self->fault;
    return fault_set (&self->fault, fault.code, "%s: %s", s_variables [i].variable, fault.text);
}

//  The access file has been read: tasks must not learn its path.
static void s_hide_access (settings_t *self)
{
    char *named = getenv (ACCESS_VARIABLE);
    private_process ();
    self->access_hidden = private_hide ((char *) (uintptr_t) self->access_file);
    self->access_file = self->access_hidden;
    if (named)
        free (private_hide (named));
    unsetenv (ACCESS_VARIABLE);
}

static cadre_error_t s_read_access (settings_t *self)
{
    if (!self->access_file)
        return CADRE_OK;
    cadre_error_t error = access_read_for (&self->access, self->access_file, true, &self->fault);
    if (error)
        return error;
    self->worker.keys = &self->access.keys;
    s_hide_access (self);
    if (!self->worker.broker && self->access.address [0])
        self->worker.broker = self->access.address;
    return CADRE_OK;
}

static cadre_error_t s_decide_user (settings_t *self)
{
    if (!self->run_as && self->worker.keys && geteuid () == 0)
        log_line (
            LOG_WARNING, "W065",
            "this worker is root, so its tasks can do everything here, and read its key: name the user to run "
            "them with --run-as USER (or --run-as root if that is meant)");
    if (!self->run_as || run_as_find (&self->run_as_user, self->run_as, &self->fault))
        return self->fault.code;
    self->worker.run_as_user = &self->run_as_user;
    if (self->worker.threads && self->run_as_user.other)
        return fault_set (
            &self->fault, CADRE_ERROR_ARGUMENT,
            "slots that are threads run tasks as the worker itself: leave out --threads or --run-as");
    return CADRE_OK;
}

static cadre_error_t s_default_broker (settings_t *self)
{
    address_t address;
    if (self->worker.broker)
        return CADRE_OK;
    cadre_error_t error = address_default (&address, &self->fault);
    self->worker.broker = address_print (&address, self->broker, sizeof (self->broker));
    return error;
}

//  Commands are run for brokers that only programs of this host can be, for brokers that are
//  authenticated by a key, and for others by option.
static cadre_error_t s_decide_commands (settings_t *self)
{
    address_t addresses [ADDRESS_LIST_MAX];
    size_t count = 0;
    cadre_error_t error =
        address_parse_list (self->worker.broker, addresses, ADDRESS_LIST_MAX, &count, &self->fault);
    self->worker.commands = self->commands != 0;
    for (size_t i = 0; error == CADRE_OK && i < count; i++)
        if (self->commands < 0 && !self->worker.keys
            && (self->worker.proxy || !address_is_loopback (&addresses [i])))
            self->worker.commands = false;
    return error;
}

static cadre_error_t s_read_settings (settings_t *self, int argc, char **argv)
{
    static const struct argp argp = {
        s_options,
        s_worker_options_parse,
        NULL,
        "Runs tasks for a broker. Each slot runs one task at a time.\v"
        "Tasks run as the worker's user, and can then read every file that the "
        "worker can, its access file too. To run programs of others, start the "
        "worker as root with --run-as.\n\n"
        "SIGTERM drains: running tasks end first. A second one stops at once.\n\n"
        "Exit codes: 0 drained or stopped, 64 usage, 69 unavailable, 77 permission "
        "denied, 78 configuration.\n\n"
        "Examples:\n"
        "  cadre-worker --broker tcp://127.0.0.1:5700 --slots 4 --plugin ./words.so\n"
        "  cadre-worker --access node7.access --label gpu",
        NULL,
        NULL,
        NULL};
    cadre_error_t error = CADRE_OK;
    self->commands = -1;
    for (size_t i = 0; i < sizeof (s_variables) / sizeof (s_variables [0]) && error == CADRE_OK;
         i++)
        error = s_variable (self, i);
    if (error != CADRE_OK)
        return error;
    argp_err_exit_status = cadre_error_exit_code (CADRE_ERROR_ARGUMENT);
    if (argp_parse (&argp, argc, argv, 0, NULL, self) != 0)
        return self->fault.code ? self->fault.code : CADRE_ERROR_ARGUMENT;
    error = s_read_access (self);
    if (error == CADRE_OK)
        error = s_decide_user (self);
    if (error == CADRE_OK)
        error = s_default_broker (self);
    if (error == CADRE_OK)
        error = s_decide_commands (self);
    self->worker.plugins = self->plugins.texts;
    self->worker.labels = self->labels.texts;
    self->worker.program = self->program.texts;
    return error;
}

static void s_worker_options_say (const char *line)
{
    log_say ("%s", line);
}

//  ---- signals are handled by a separate thread ---------------------------------------------

typedef struct watch {
    int signals;      //  signalfd
    int end;          //  eventfd: the worker has ended
    worker_t *worker; //  Receives the orders
    unsigned count;   //  Number of signals
} watch_t;

static void *s_watch_signals (void *argument)
{
    watch_t *self = argument;
    struct signalfd_siginfo info;
    struct pollfd items [2] = {{.fd = self->signals, .events = POLLIN},
                               {.fd = self->end, .events = POLLIN}};
    while (poll (items, 2, -1) >= 0 && !items [1].revents)
        if (read (self->signals, &info, sizeof (info)) == sizeof (info))
            worker_signal (self->worker, self->count++ ? WORKER_STOP : WORKER_DRAIN);
    return NULL;
}

static cadre_error_t s_worker_options_serve (worker_t *worker, int signals, fault_t *fault)
{
    watch_t watch = {.signals = signals, .end = eventfd (0, EFD_CLOEXEC), .worker = worker};
    pthread_t thread;
    uint64_t one = 1;
    if (watch.end < 0)
        return fault_set (fault, CADRE_ERROR_DESCRIPTORS,
                          "no eventfd: %s; raise the limit (ulimit -n)", strerror (errno));
    if (threads_start (&thread, s_watch_signals, &watch, fault)) {
        close (watch.end);
        return fault->code;
    }
    cadre_error_t error = worker_run (worker, fault);
    if (write (watch.end, &one, sizeof (one)) == sizeof (one))
        pthread_join (thread, NULL);
    close (watch.end);
    return error;
}

static int s_block_signals (void)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    pthread_sigmask (SIG_BLOCK, &set, NULL);
    return signalfd (-1, &set, SFD_CLOEXEC);
}

//  The overwritten arguments are needed when it restarts itself.
static char **s_copy_arguments (char *const *argv)
{
    size_t count = 0;
    while (argv [count])
        count++;
    char **copy = calloc (count + 1, sizeof *copy);
    assert (copy);
    for (size_t i = 0; i < count; i++)
        copy [i] = strdup (argv [i]);
    return copy;
}

static void s_restart (const settings_t *self, const notify_t *notify)
{
    sigset_t none;
    if (self->access_hidden)
        setenv (ACCESS_VARIABLE, self->access_hidden, 1);
    notify_hand_on (notify);
    sigemptyset (&none);
    pthread_sigmask (SIG_SETMASK, &none, NULL);
    char own [LIBEXEC_PATH_BYTES];
    execv (libexec_again (own), self->again);
    log_line (LOG_ERROR, "W031", "cannot restart itself; start it again by hand");
}

int worker_options_run (int argc, char **argv, char **again, const struct cadre_function *functions)
{
    static settings_t settings;
    fault_t *fault = &settings.fault;
    bool restart = false;
    void *context = NULL;
    worker_t *worker = NULL;
    notify_t *notify = NULL;
    char own [LIBEXEC_PATH_BYTES];
    descriptors_hold_standard ();
    log_open ("cadre-worker", LOG_WARNING);
    log_set_timestamps (true);
    settings.again = s_copy_arguments (again);
    int signals = s_block_signals ();
    descriptors_raise ();
    cadre_error_t error = s_read_settings (&settings, argc, argv);
    if (functions) {
        settings.worker.functions = functions;
        if (!settings.worker.slot_path)
            settings.worker.slot_path = libexec_again (own);
    }
    if (error == CADRE_OK) {
        settings.worker.say = s_worker_options_say;
        settings.worker.notify = notify = notify_new (NULL, settings.health);
        context = sockets_context_new (1, 64, fault);
        worker = context ? worker_new (context, &settings.worker, fault) : NULL;
        access_wipe (&settings.access);
        error = worker ? s_worker_options_serve (worker, signals, fault) : fault->code;
        restart = worker && worker_wants_restart (worker);
    }
    worker_destroy (&worker);
    sockets_context_destroy (&context);
    if (restart && error == CADRE_OK)
        s_restart (&settings, notify);
    notify_destroy (&notify);
    if (error != CADRE_OK)
        log_say ("%s", fault->text);
    return error == CADRE_OK ? 0 : cadre_error_exit_code (error);
}
