//  cmd_doctor.c - cadre doctor: checks this machine and the broker, and suggests remedies

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cli/base/program.h"
#include "client/cli/base/subcommand.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/json.h"
#include "client/cli/output/line.h"
#include "client/cli/output/say.h"
#include "client/cli/output/text.h"
#include "common/address.h"
#include "common/cpus.h"
#include "common/descriptors.h"
#include "common/socket_folder.h"
#include "common/units.h"

#define DESCRIPTORS_GOOD 4096u //  enough for a broker with hundreds of workers
#define DESCRIPTORS_LEAST 256u //  too few even for a small pool
#define MEMORY_LEAST (256u << 20)
#define REQUEST_TIMEOUT_MS 5000
#define CLOSE_TIMEOUT_MS 1000

typedef enum verdict { VERDICT_OK, VERDICT_WARN, VERDICT_BAD } verdict_t;

typedef struct doctor {
    subcommand_shared_t shared; //  --broker, -o
    cadre_value_t *findings;    //  in order
    bool bad;                   //  some check failed
} doctor_t;

static const char *const s_verdicts [] = {"ok", "warn", "bad"};

static void s_doctor_set (cadre_value_t *map, const char *key, const char *text)
{
    cadre_value_t *value = cadre_value_of_text (text);
    cadre_value_set (map, key, &value);
}

//  Adds a finding; CURE is NULL if nothing is wrong.
static void s_doctor_find (doctor_t *self, verdict_t verdict, const char *what, const char *cure,
                           const char *format, ...) __attribute__ ((format (printf, 5, 6)));

static void s_doctor_find (doctor_t *self, verdict_t verdict, const char *what, const char *cure,
                           const char *format, ...)
{
    char text [512];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    cadre_value_t *finding = cadre_value_map ();
    s_doctor_set (finding, "verdict", s_verdicts [verdict]);
    s_doctor_set (finding, "what", what);
    s_doctor_set (finding, "finding", text);
    s_doctor_set (finding, "cure", verdict == VERDICT_OK || !cure ? "" : cure);
    cadre_value_append (self->findings, &finding);
    self->bad = self->bad || verdict == VERDICT_BAD;
}

//  ==== the machine =============================================================

static void s_check_descriptors (doctor_t *self)
{
    struct rlimit limit = {0};
    getrlimit (RLIMIT_NOFILE, &limit);
    const rlim_t most = limit.rlim_max;
    s_doctor_find (self,
                   most < DESCRIPTORS_LEAST  ? VERDICT_BAD
                   : most < DESCRIPTORS_GOOD ? VERDICT_WARN
                                             : VERDICT_OK,
                   "descriptors",
                   "raise the hard limit: ulimit -Hn 65536, or LimitNOFILE= of the service",
                   "%llu may be open, up to %llu", (unsigned long long) limit.rlim_cur,
                   (unsigned long long) most);
}

static void s_check_memory (doctor_t *self)
{
    char text [UNITS_TEXT_BYTES];
    const uint64_t bytes = cpus_memory_bytes (NULL);
    s_doctor_find (self, bytes && bytes < MEMORY_LEAST ? VERDICT_WARN : VERDICT_OK, "memory",
                   "give the container or the machine more memory", "%s may be used",
                   bytes ? units_print_size (bytes, text, sizeof text) : "an unknown amount");
    int descriptor = memfd_create ("cadre-doctor", MFD_CLOEXEC);
    s_doctor_find (self, descriptor < 0 ? VERDICT_BAD : VERDICT_OK, "shared memory",
                   "allow memfd_create (Linux 3.17 or newer, no seccomp filter against it)", "%s",
                   descriptor < 0 ? strerror (errno) : "can be made");
    if (descriptor >= 0)
        close (descriptor);
}

static void s_check_cpus (doctor_t *self)
{
    const int usable = cpus_usable (NULL);
    const int quota = cpus_quota (NULL);
    if (quota > 0)
        s_doctor_find (self, VERDICT_OK, "CPUs", NULL,
                       "%d may be used (the control group's quota is %d)", usable, quota);
    else
        s_doctor_find (self, VERDICT_OK, "CPUs", NULL, "%d may be used", usable);
}

static void s_check_address (doctor_t *self)
{
    const char *folder = getenv ("XDG_RUNTIME_DIR");
    struct stat status;
    address_t address;
    fault_t fault = {0};
    char text [ADDRESS_ENDPOINT_BYTES];
    if (!folder || !*folder)
        s_doctor_find (self, VERDICT_WARN, "runtime folder",
                       "set XDG_RUNTIME_DIR to a folder that you own, with mode 0700",
                       "XDG_RUNTIME_DIR is not set, so the default broker is at /tmp/cadre-%u",
                       (unsigned) getuid ());
    else if (stat (folder, &status) != 0 || !S_ISDIR (status.st_mode) || status.st_uid != getuid ())
        s_doctor_find (self, VERDICT_BAD, "runtime folder",
                       "create it, owned by you and with mode 0700, or unset XDG_RUNTIME_DIR",
                       "XDG_RUNTIME_DIR is %s, which is not a folder of yours", folder);
    else
        s_doctor_find (self, VERDICT_OK, "runtime folder", NULL, "%s", folder);
    if (address_default (&address, &fault) != CADRE_OK) {
        s_doctor_find (self, VERDICT_BAD, "default place", "set XDG_RUNTIME_DIR to a shorter path",
                       "%s", fault.text);
        return;
    }
    address_endpoint (&address, ADDRESS_FRONT, text, sizeof text);
    if (socket_folder_check (text + strlen ("ipc://"), &fault) != CADRE_OK)
        s_doctor_find (self, VERDICT_BAD, "default place",
                       "remove that folder, or name a broker elsewhere", "%s", fault.text);
}

//  Runs one command in a pool in this process, which needs everything that `cadre run` needs.
static void s_check_slot (doctor_t *self)
{
    char path [PATH_MAX + 64];
    static const char cure [] =
        "install cadre-slot (libexec/cadre), or set CADRE_LIBEXEC to its folder";
    if (!program_find ("cadre-slot", path, sizeof path)) {
        s_doctor_find (self, VERDICT_BAD, "slot", cure, "cadre-slot was not found");
        return;
    }
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.slots = 1});
    if (!pool) {
        s_doctor_find (self, VERDICT_BAD, "slot", cure, "%s does not start: %s", path,
                       cadre_open_message ());
        return;
    }
    const char *const argv [] = {"true", NULL};
    cadre_future_t *future = cadre_submit_command (pool, argv, NULL);
    if (cadre_future_wait (future, REQUEST_TIMEOUT_MS) == CADRE_OK)
        s_doctor_find (self, VERDICT_OK, "slot", NULL, "%s runs commands", path);
    else
        s_doctor_find (self, VERDICT_BAD, "slot", cure, "%s cannot run commands: %s", path,
                       cadre_future_message (future));
    cadre_future_destroy (&future);
    cadre_abort (&pool);
}

//  ==== the broker ==============================================================

static void s_check_workers (doctor_t *self, cadre_t *pool, const cadre_value_t *info)
{
    const uint64_t workers = cadre_value_uint (cadre_value_get (info, "workers"));
    const uint64_t slots = cadre_value_uint (cadre_value_get (info, "slots"));
    s_doctor_find (self, workers ? VERDICT_OK : VERDICT_BAD, "workers",
                   "start one: cadre worker start", "%" PRIu64 " with %" PRIu64 " slots", workers,
                   slots);
    cadre_value_t *functions = NULL;
    if (cadre_request (pool, "function.list", NULL, &functions, REQUEST_TIMEOUT_MS) == CADRE_OK) {
        char *names = table_cell (functions, TABLE_NAMES);
        s_doctor_find (self, VERDICT_OK, "functions", NULL, "%s",
                       *names ? names : "none; commands only");
        free (names);
    }
    cadre_value_destroy (&functions);
}

//  Jobs without a running task although tasks wait: asks for the reason.
static void s_check_jobs (doctor_t *self, cadre_t *pool)
{
    cadre_value_t *jobs = NULL;
    size_t stuck = 0;
    if (cadre_request (pool, "job.list", NULL, &jobs, REQUEST_TIMEOUT_MS) != CADRE_OK)
        return;
    for (size_t i = 0; i < cadre_value_count (jobs); i++) {
        const cadre_value_t *job = cadre_value_at (jobs, i);
        const uint64_t number = cadre_value_uint (cadre_value_get (job, "job"));
        if (!cadre_value_uint (cadre_value_get (job, "waiting"))
            || cadre_value_uint (cadre_value_get (job, "running")))
            continue;
        stuck++;
        s_doctor_find (self, VERDICT_WARN, "waiting job",
                       "start a worker that fits it, or cancel it: cadre job cancel",
                       "job %" PRIu64 " is stuck: no task of it runs; 'cadre task list %" PRIu64
                       " --state waiting' and 'cadre task explain' say more",
                       number, number);
    }
    if (stuck == 0)
        s_doctor_find (self, VERDICT_OK, "jobs", NULL, "%zu, and none is stuck",
                       cadre_value_count (jobs));
    cadre_value_destroy (&jobs);
}

static void s_check_outputs (doctor_t *self, const cadre_value_t *info)
{
    const uint64_t cuts = cadre_value_uint (cadre_value_get (info, "cut_outputs"));
    if (cuts > 0)
        s_doctor_find (self, VERDICT_WARN, "output",
                       "give the store more room; a task may write 16 MiB, more belongs in a file",
                       "output of %" PRIu64
                       " tasks was cut since the broker started: its log and 'cadre job info' "
                       "tell which jobs",
                       cuts);
}

static void s_check_security (doctor_t *self, const broker_choice_t *choice,
                              const cadre_value_t *info)
{
    const char *security = cadre_value_text (cadre_value_get (info, "security"));
    if (!security)
        return;
    const uint64_t keys = cadre_value_uint (cadre_value_get (info, "keys"));
    if (strcmp (security, "insecure") == 0)
        s_doctor_find (self, VERDICT_BAD, "security",
                       "make keys (cadre keygen), and start the broker without --insecure",
                       "the broker runs with --insecure: everybody who can connect may use it, and "
                       "the traffic is not encrypted");
    else if (strcmp (security, "curve") == 0)
        s_doctor_find (self, VERDICT_OK, "security", NULL,
                       "CURVE on tcp, %" PRIu64 " keys are accepted", keys);
    else
        s_doctor_find (
            self, choice->local ? VERDICT_OK : VERDICT_WARN, "security",
            "listen at an ipc address, which only you can use, or start the broker with --keys",
            choice->local ? "only this host can connect to the broker"
                          : "every user of that host can connect to the broker without a key");
}

static void s_check_broker (doctor_t *self)
{
    broker_choice_t choice;
    fault_t fault = {0};
    static const char cure [] =
        "start one there (cadre broker start --listen ADDRESS), or correct the address";
    if (broker_choice_find (&choice, self->shared.broker, self->shared.access, true, &fault)
        != CADRE_OK) {
        s_doctor_find (self, VERDICT_BAD, "broker", "correct the address", "%s", fault.text);
        return;
    }
    if (choice.embedded) {
        s_doctor_find (self, VERDICT_OK, "broker", NULL,
                       "none; run, call and map work without one");
        return;
    }
    cadre_t *pool = broker_choice_open (&choice, NULL, &fault);
    cadre_value_t *info = NULL;
    if (pool && cadre_request (pool, "broker.info", NULL, &info, REQUEST_TIMEOUT_MS) != CADRE_OK)
        fault_set (&fault, CADRE_ERROR_TIMEOUT, "%s", cadre_message (pool));
    if (!info) {
        s_doctor_find (self, VERDICT_BAD, "broker", cure, "%s", fault.text);
        cadre_abort (&pool);
        return;
    }
    const char *version = cadre_value_text (cadre_value_get (info, "version"));
    s_doctor_find (self, VERDICT_OK, "broker", NULL, "%s answers (from %s)", choice.address,
                   choice.origin);
    s_doctor_find (self, strcmp (version, cadre_version ()) == 0 ? VERDICT_OK : VERDICT_WARN,
                   "version", "install the same version on both sides",
                   "the broker is %s, this is %s", version, cadre_version ());
    if (strcmp (cadre_value_text (cadre_value_get (info, "state")), "draining") == 0)
        s_doctor_find (self, VERDICT_WARN, "state", "start another broker",
                       "the broker drains and takes no new jobs");
    s_check_security (self, &choice, info);
    s_check_workers (self, pool, info);
    s_check_outputs (self, info);
    s_check_jobs (self, pool);
    cadre_value_destroy (&info);
    cadre_close (&pool, CLOSE_TIMEOUT_MS);
}

static void s_doctor_print (const doctor_t *self)
{
    static const table_column_t columns [] = {{0}};
    if (self->shared.format != TABLE_PLAIN) {
        table_print (self->shared.format, self->findings, columns);
        return;
    }
    const bool colours = say_colours (STDOUT_FILENO);
    for (size_t i = 0; i < cadre_value_count (self->findings); i++) {
        const cadre_value_t *finding = cadre_value_at (self->findings, i);
        const char *verdict = cadre_value_text (cadre_value_get (finding, "verdict"));
        const char *cure = cadre_value_text (cadre_value_get (finding, "cure"));
        const char *colour = *verdict == 'o'   ? "\033[32m"
                             : *verdict == 'w' ? "\033[33m"
                                               : "\033[31m";
        line_print_behind (colours ? colour : NULL, verdict, "  %s: %s%s%s",
                           cadre_value_text (cadre_value_get (finding, "what")),
                           cadre_value_text (cadre_value_get (finding, "finding")),
                           *cure ? "; cure: " : "", cure);
    }
}

static error_t s_doctor_parse (int key, char *argument, struct argp_state *state)
{
    (void) argument;
    doctor_t *self = state->input;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs [0] = &self->shared;
    return 0;
}

int cmd_doctor (int argc, char **argv)
{
    static const struct argp_child children [] = {{&subcommand_list_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = s_doctor_parse,
        .doc = "Check this machine and the broker, and suggest fixes.\v"
               "Each line is ok, warn or bad. Exit codes: 0; 1 something is bad.\n\n"
               "Examples:\n"
               "  cadre doctor\n"
               "  cadre doctor --broker tcp://hub:5700",
        .children = children};
    doctor_t self = {0};
    int first = argc;
    subcommand_parse (&argp, false, argc, argv, &first, &self);
    if (first < argc)
        return subcommand_usage (argv [0], "'%s' is one word too many", argv [first]);
    self.findings = cadre_value_list ();
    s_check_descriptors (&self);
    s_check_memory (&self);
    s_check_cpus (&self);
    s_check_address (&self);
    s_check_slot (&self);
    s_check_broker (&self);
    s_doctor_print (&self);
    cadre_value_destroy (&self.findings);
    return self.bad ? 1 : 0;
}
