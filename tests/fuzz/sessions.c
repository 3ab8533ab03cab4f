/*  sessions.c - whole sessions of clients and workers, with frames that are changed on their way
 *
 *      sessions [--seeds FILE] [--seed N] [--seconds S] [--odd N] [--keep]
 *
 *  A broker with a store, an honest worker and an honest client work as always. Beside them odd
 *  workers and odd clients (the command cadre, and a program that uses the library) reach the same
 *  broker through a proxy (tests/lib/hostile/mutating_proxy.h), which changes, drops, repeats and
 *  replaces frames in both directions. So each of broker, worker and client meets messages that fit
 *  its state but for one value. They may end sessions and fail tasks; they may not crash, trip a
 *  sanitizer, or disturb the honest ones. At the end a new broker must open the store.
 *
 *  Without --seed the seed is drawn, and printed. Before it, each seed in FILE runs for
 *  SEED_SECONDS: those that have found something are in sessions.seeds. Of 1,000 frames --odd are
 *  touched; without it the seed says how many. Exit 0 when all held, 1 with a line that says what
 *  did not; the folder with the store is kept then.
 */

#include "common/entropy.h"
#include "tests/lib/hostile/mutating_proxy.h"
#include "tests/lib/hostile/mutation.h"
#include "tests/lib/rigs/child.h"

#include <cadre.h>

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 3 //  Odd clients at a time
#define WORKERS 2 //  Odd workers
#define CLIENT_MS                                                                                  \
    20000 //  An odd client that works for longer is killed: its job may have lost its end
#define HONEST_MS 60000   //  The honest ones get their answers within this, on a loaded machine
#define HONEST_TASKS 200  //  In one job of the honest client
#define EXIT_SANITIZER 99 //  Of a sanitizer's report
#define SEED_SECONDS 5    //  Of a seed that is kept
#define ARGUMENTS_MAX 20
#define PATH_BYTES 160

typedef struct odd_client {
    child_t *child;      //  NULL: none
    int64_t until_ms;    //  Killed then
    const char *command; //  What it does
} odd_client_t;

typedef struct run {
    unsigned given;                 //  The seed that it began with
    unsigned seed;                  //  What happens next
    char folder [64];               //  Of everything
    char real [PATH_BYTES];         //  Address of the broker
    char odd [PATH_BYTES];          //  Address of the proxy
    char store [PATH_BYTES];        //  The broker's
    char plugin [PATH_BYTES * 3];   //  Of the workers
    child_t *broker;                //  cadre-broker
    child_t *worker;                //  The honest one
    child_t *workers [WORKERS];     //  Odd ones
    odd_client_t clients [CLIENTS]; //  Odd ones
    mutating_proxy_t *proxy;        //  Between odd ones and the broker
    cadre_t *pool;                  //  The honest client
    unsigned started;               //  Odd clients so far
    unsigned killed;                //  Of these, that had to be killed
    unsigned failed;                //  Of these, that ended with an error
    unsigned registered;            //  Odd workers started so far
    unsigned honest;                //  Honest jobs done
} run_t;

static int64_t s_now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

//  ---- the end of a run that failed ------------------------------------------------

static void s_kill_all (run_t *self)
{
    for (int i = 0; i < CLIENTS; i++)
        child_destroy (&self->clients [i].child);
    for (int i = 0; i < WORKERS; i++)
        child_destroy (&self->workers [i]);
    child_destroy (&self->worker);
    child_destroy (&self->broker);
}

//  Says what did not hold, and what that process has said, which may be NULL.
static void s_fail (run_t *self, const char *what, child_t *child)
{
    printf ("sessions: seed %u: %s\n%s\nstore: %s\n", self->given, what,
            child ? child_output (child) : "", self->folder);
    fflush (stdout);
    s_kill_all (self);
    _exit (1);
}

static void s_give_up (run_t *self, const char *who, int code, child_t *child)
{
    char what [200];
    snprintf (what, sizeof what, "%s ended with %d", who, code);
    s_fail (self, what, child);
}

//  A process that ended by a signal, an assertion or a sanitizer.
static bool s_is_crash (int code, const char *said)
{
    return code == EXIT_SANITIZER || code >= 128 || strstr (said, "Sanitizer")
           || strstr (said, "runtime error:") || strstr (said, "Assertion");
}

//  ---- processes -------------------------------------------------------------------

static void s_start_broker (run_t *self)
{
    const char *argv [] = {
        "bin/cadre-broker", "--listen", self->real, "--store", self->store, "--memory", "256M",
        "--beat",           "200ms",    "--lost",   "2s",      "--log",     "error",    NULL};
    self->broker = child_start (argv);
}

static child_t *s_start_worker (const run_t *self, const char *address, const char *label,
                                bool threads)
{
    const char *argv [] = {"bin/cadre-worker",
                           "--broker",
                           address,
                           "--plugin",
                           self->plugin,
                           "--label",
                           label,
                           "--slots",
                           "2",
                           threads ? "--threads" : NULL,
                           NULL};
    return child_start (argv);
}

static void s_start_client (run_t *self, odd_client_t *client)
{
    static const char *const commands [] = {
        "run true ::: 1 2 3",
        "run echo ::: a b c d",
        "run --retries 1 false ::: 1",
        "call square [7]",
        "call --timeout 2s square [7]",
        "submit --durable echo ::: a b c",
        "submit --no-durable echo ::: a b c",
        "submit --once nightly echo ::: a",
        "submit --wait square ::: 1",
        "job list",
        "job list -o json",
        "job info 1",
        "job info 2 -o json",
        "job results 1",
        "job logs 1",
        "job wait 1",
        "job cancel 2",
        "job retry 1",
        "job forget 3",
        "task list 1",
        "task info 1.0",
        "task explain 1.0",
        "task logs 1.1",
        "worker list",
        "worker list -o json",
        "broker info",
        "broker info -o json",
        "doctor",
        "library",
        "library",
        "library",
        "library",
        "library",
    };
    const char *command =
        commands [mutation_chance (&self->seed, sizeof commands / sizeof *commands)];
    char words [256], seed [16];
    const char *argv [ARGUMENTS_MAX] = {"bin/cadre"};
    size_t count = 1;
    snprintf (words, sizeof words, "%s", command);
    char *rest = words, *word;
    while ((word = strsep (&rest, " ")) && count < ARGUMENTS_MAX - 1)
        argv [count++] = word;
    snprintf (seed, sizeof seed, "%u", self->seed);
    const char *library [] = {"fuzz/sessions", "--client", self->odd, seed, NULL};
    bool own = strcmp (command, "library") == 0;
    *client = (odd_client_t){.child = child_start (own ? library : argv),
                             .until_ms = s_now_ms () + CLIENT_MS,
                             .command = command};
    self->started++;
}

static void s_look_at_client (run_t *self, odd_client_t *client)
{
    int code = client->child ? child_wait (client->child, 0) : 0;
    if (client->child && code == -1 && s_now_ms () < client->until_ms)
        return;
    if (client->child && code == -1)
        self->killed++;
    else if (client->child && s_is_crash (code, child_output (client->child)))
        s_give_up (self, client->command, code, client->child);
    else
        self->failed += code != 0;
    child_destroy (&client->child);
    s_start_client (self, client);
}

static void s_look_at_worker (run_t *self, int number)
{
    child_t **worker = &self->workers [number];
    int code = *worker ? child_wait (*worker, 0) : 0;
    if (*worker && code == -1)
        return;
    if (*worker && s_is_crash (code, child_output (*worker)))
        s_give_up (self, "an odd worker", code, *worker);
    child_destroy (worker);
    *worker = s_start_worker (self, self->odd, "odd", number % 2);
    self->registered++;
}

static void s_look_at_all (run_t *self)
{
    for (int i = 0; i < CLIENTS; i++)
        s_look_at_client (self, &self->clients [i]);
    for (int i = 0; i < WORKERS; i++)
        s_look_at_worker (self, i);
    int code = child_wait (self->broker, 0);
    if (code != -1)
        s_give_up (self, "the broker", code, self->broker);
    code = child_wait (self->worker, 0);
    if (code != -1)
        s_give_up (self, "the honest worker", code, self->worker);
}

//  ---- the honest client -----------------------------------------------------------

//  An odd client may cancel any job of this user. Another end of a task, or a wrong value, is a
//  fault.
static void s_check_task (run_t *self, cadre_future_t *future, int64_t n)
{
    char what [300];
    int64_t value = 0;
    cadre_error_t error = cadre_future_wait_int (future, &value, HONEST_MS);
    if ((error == CADRE_OK && value == n * n)
        || cadre_future_outcome (future) == CADRE_OUTCOME_CANCELLED)
        return;
    snprintf (what, sizeof what, "the honest task %" PRId64 ": %s, value %" PRId64 ": %s", n,
              cadre_error_name (error), value, cadre_future_message (future));
    s_fail (self, what, self->broker);
}

static void s_be_honest (run_t *self)
{
    static const char *const needs [] = {"honest", NULL};
    cadre_future_t *futures [HONEST_TASKS];
    for (int64_t i = 0; i < HONEST_TASKS; i++) {
        cadre_value_t *arguments = cadre_value_build ("[i]", i);
        futures [i] = cadre_submit_value (self->pool, "square", arguments,
                                          &(cadre_job_options_t){.needs = needs});
        cadre_value_destroy (&arguments);
        if (!futures [i])
            s_fail (self, cadre_message (self->pool), self->broker);
    }
    for (int64_t i = 0; i < HONEST_TASKS; i++) {
        s_check_task (self, futures [i], i);
        cadre_future_destroy (&futures [i]);
    }
    self->honest++;
}

//  ---- an odd client that uses the library -----------------------------------------

static cadre_value_t *s_next_item (void *context)
{
    int *left = context;
    return (*left)-- > 0 ? cadre_value_of_int (*left) : NULL;
}

static void s_use_job (cadre_t *pool, unsigned *seed)
{
    cadre_job_options_t options = {.detached = mutation_chance (seed, 2),
                                   .durable = mutation_chance (seed, 2)};
    cadre_job_t *job = cadre_job_open (pool, "square", &options);
    for (int64_t i = 0; job && i < 20; i++)
        cadre_job_add (job, NULL, "i", i);
    if (job && mutation_chance (seed, 2))
        cadre_job_seal (job);
    if (job && mutation_chance (seed, 4) == 0)
        cadre_job_cancel (job);
    cadre_event_t event;
    for (int i = 0; job && i < 40 && cadre_job_next (job, &event, 100) == CADRE_OK; i++)
        ;
    cadre_job_destroy (&job);
}

static void s_use_futures (cadre_t *pool, unsigned *seed)
{
    static char large [600000];
    for (int64_t i = 0; i < 10; i++) {
        cadre_future_t *future = mutation_chance (seed, 5)
                                     ? cadre_submit (pool, "square", "i", i)
                                     : cadre_submit (pool, "square", "B", large, sizeof large);
        if (mutation_chance (seed, 4) == 0)
            cadre_future_cancel (future);
        cadre_future_wait (future, 200);
        cadre_future_destroy (&future);
    }
}

static void s_use_maps (cadre_t *pool)
{
    int left = 30;
    cadre_imap_t *imap = cadre_imap (pool, "square", s_next_item, &left, NULL);
    cadre_value_t *value = NULL;
    size_t index;
    for (int i = 0;
         imap && i < 30 && cadre_imap_next (imap, &value, &index, 100) != CADRE_ERROR_END; i++)
        cadre_value_destroy (&value);
    cadre_value_destroy (&value);
    cadre_imap_destroy (&imap);
}

static int s_client (const char *address, unsigned seed)
{
    cadre_t *pool = cadre_open (address, &(cadre_options_t){.connect_timeout_ms = 3000});
    if (!pool)
        return 0;
    for (int i = 0; i < 4; i++) {
        cadre_value_t *body = NULL;
        switch (mutation_chance (&seed, 4)) {
        case 0: s_use_job (pool, &seed); break;
        case 1: s_use_futures (pool, &seed); break;
        case 2: s_use_maps (pool); break;
        default: cadre_request (pool, "job.list", NULL, &body, 500); cadre_value_destroy (&body);
        }
    }
    if (mutation_chance (&seed, 2))
        cadre_close (&pool, 500);
    else
        cadre_abort (&pool);
    return 0;
}

//  ---- a run -----------------------------------------------------------------------

static void s_start (run_t *self, unsigned odd)
{
    snprintf (self->folder, sizeof self->folder, "/tmp/cadre-sessions-XXXXXX");
    if (!mkdtemp (self->folder))
        s_fail (self, "no folder in /tmp", NULL);
    snprintf (self->real, sizeof self->real, "ipc://%s/real", self->folder);
    snprintf (self->odd, sizeof self->odd, "ipc://%s/odd", self->folder);
    snprintf (self->store, sizeof self->store, "%s/store", self->folder);
    snprintf (self->plugin, sizeof self->plugin, "%s/plugins/arithmetic.so",
              getenv ("CADRE_BUILD_DIR"));
    setenv ("CADRE_BROKER", self->odd, 1); // what odd commands use
    setenv ("CADRE_RECONNECT", "5s", 1);
    setenv ("HOME", self->folder, 1);
    setenv ("ASAN_OPTIONS", "exitcode=99:detect_leaks=1", 1);
    setenv ("UBSAN_OPTIONS", "exitcode=99:print_stacktrace=1", 1);
    s_start_broker (self);
    self->pool = cadre_open (self->real, &(cadre_options_t){.connect_timeout_ms = HONEST_MS});
    if (!self->pool)
        s_fail (self, "the broker does not answer", self->broker);
    self->worker = s_start_worker (self, self->real, "honest", false);
    self->proxy = mutating_proxy_new (self->odd, self->real, self->seed, odd);
}

//  All that odd ones have left behind must be readable.
static void s_reopen (run_t *self)
{
    s_start_broker (self);
    setenv ("CADRE_BROKER", self->real, 1);
    child_t *list = child_new ("bin/cadre", "job", "list", NULL);
    int code = child_wait (list, HONEST_MS);
    if (code != 0)
        s_give_up (self, "job list at a new broker", code, list);
    child_destroy (&list);
}

static void s_stop_broker (run_t *self)
{
    kill (child_pid (self->broker), SIGTERM);
    int code = child_wait (self->broker, 1000);
    if (code == -1)
        kill (child_pid (self->broker), SIGTERM); // what odd jobs left need not be finished
    code = child_wait (self->broker, HONEST_MS);
    if (code != 0 || s_is_crash (code, child_output (self->broker)))
        s_give_up (self, "the broker, told to stop,", code, self->broker);
    child_destroy (&self->broker);
}

static int s_remove_one (const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void) status, (void) kind, (void) walk;
    return remove (path);
}

static void s_end (run_t *self)
{
    for (int i = 0; i < CLIENTS; i++)
        child_destroy (&self->clients [i].child);
    for (int i = 0; i < WORKERS; i++)
        child_destroy (&self->workers [i]);
    mutating_proxy_destroy (&self->proxy);
    s_be_honest (self);
    cadre_abort (&self->pool);
    s_stop_broker (self);
    s_reopen (self);
    s_stop_broker (self);
    child_destroy (&self->worker);
}

static void s_run (unsigned seed, unsigned seconds, unsigned odd, bool keep)
{
    run_t self = {.given = seed, .seed = seed};
    uint64_t passed, touched;
    s_start (&self, odd ? odd : 5u << mutation_chance (&self.seed, 6));
    int64_t end_ms = s_now_ms () + seconds * 1000;
    while (s_now_ms () < end_ms) {
        for (int i = 0; i < 20; i++) {
            s_look_at_all (&self);
            usleep (20000);
        }
        s_be_honest (&self);
    }
    passed = mutating_proxy_passed (self.proxy), touched = mutating_proxy_touched (self.proxy);
    s_end (&self);
    if (!keep)
        nftw (self.folder, s_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    printf ("sessions: seed %u: %u clients (%u failed, %u killed), %u workers, %" PRIu64
            " frames, %" PRIu64 " touched, %u honest jobs: all held\n",
            seed, self.started, self.failed, self.killed, self.registered, passed, touched,
            self.honest);
    fflush (stdout);
}

typedef struct options {
    unsigned seed;     //  0: drawn
    unsigned seconds;  //  Of that seed
    unsigned odd;      //  Of 1,000 frames; 0: the seed says
    bool keep;         //  The folder
    const char *seeds; //  File, or NULL
} options_t;

static options_t s_options (int argc, char **argv)
{
    options_t self = {.seconds = 20};
    for (int i = 1; i < argc; i++) {
        unsigned number = i + 1 < argc ? (unsigned) strtoul (argv [i + 1], NULL, 10) : 0;
        if (strcmp (argv [i], "--seed") == 0)
            self.seed = number;
        else if (strcmp (argv [i], "--seconds") == 0)
            self.seconds = number;
        else if (strcmp (argv [i], "--odd") == 0)
            self.odd = number;
        else if (strcmp (argv [i], "--seeds") == 0)
            self.seeds = argv [i + 1];
        else if (strcmp (argv [i], "--keep") == 0)
            self.keep = true;
    }
    return self;
}

static void s_run_kept (const char *path)
{
    char line [200];
    FILE *file = fopen (path, "re");
    if (!file) {
        perror (path);
        exit (64);
    }
    while (fgets (line, sizeof line, file)) {
        unsigned seed = (unsigned) strtoul (line, NULL, 10);
        if (seed)
            s_run (seed, SEED_SECONDS, 0, false);
    }
    fclose (file);
}

int main (int argc, char **argv)
{
    if (argc == 4 && strcmp (argv [1], "--client") == 0)
        return s_client (argv [2], (unsigned) strtoul (argv [3], NULL, 10));
    options_t options = s_options (argc, argv);
    if (!getenv ("CADRE_BUILD_DIR")) {
        fprintf (stderr, "sessions: run it by ctest, or set CADRE_BUILD_DIR to the build tree\n");
        return 64;
    }
    const char *seconds = getenv ("SESSIONS_SECONDS");
    if (seconds)
        options.seconds = (unsigned) strtoul (seconds, NULL, 10);
    while (!options.seed)
        entropy_fill (&options.seed, sizeof options.seed);
    if (options.seeds)
        s_run_kept (options.seeds);
    printf ("sessions: seed %u, %u s\n", options.seed, options.seconds);
    fflush (stdout);
    s_run (options.seed, options.seconds, options.odd, options.keep);
    return 0;
}
