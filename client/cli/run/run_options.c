//  run_options.c - see run_options.h

#include "client/cli/run/run_options.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/output/say.h"
#include "client/cli/output/text.h"
#include "common/cpus.h"

enum {
    KEY_ALL_TRIES = 0x2001,
    KEY_BAR,
    KEY_DRY_RUN,
    KEY_DURABLE,
    KEY_ENV,
    KEY_HALT,
    KEY_LINE_BUFFER,
    KEY_NAME,
    KEY_NO_DURABLE,
    KEY_ONCE,
    KEY_SLOTS,
    KEY_STDIN,
    KEY_TAG,
    KEY_WAIT,
    KEY_WORKDIR,
    KEY_WORKERS
};

#define COMMON_OPTIONS                                                                             \
    {"arg-file", 'a', "FILE", 0, "read inputs from FILE, as with :::: FILE; - is stdin", 1},       \
        {"null", '0', NULL, 0, "inputs in files and stdin end with NUL instead of newline", 1},    \
        {"max-args", 'n', "N", 0, "pass up to N inputs to each task (default 1)", 1},              \
        {"stdin",                                                                                  \
         KEY_STDIN,                                                                                \
         NULL,                                                                                     \
         0,                                                                                        \
         "write each input to the command's stdin, instead of an argument",                        \
         1},                                                                                       \
        {"jobs",                                                                                   \
         'j',                                                                                      \
         "N",                                                                                      \
         0,                                                                                        \
         "run at most N tasks at a time, or N% of the CPUs; 0: no limit (default: all "            \
         "slots)",                                                                                 \
         2},                                                                                       \
        {"name", KEY_NAME, "NAME", 0, "name of the job, for listings", 2},                         \
        {"env",                                                                                    \
         KEY_ENV,                                                                                  \
         "NAME[=VALUE]",                                                                           \
         0,                                                                                        \
         "environment variable for the tasks; may be repeated. With a broker on tcp "              \
         "tasks get no other variables of this command; otherwise they get all of them",           \
         2},                                                                                       \
        {"workdir",                                                                                \
         KEY_WORKDIR,                                                                              \
         "DIR",                                                                                    \
         0,                                                                                        \
         "working directory of tasks (default: this one; with a broker on tcp: the "               \
         "worker's)",                                                                              \
         2},                                                                                       \
    {                                                                                              \
        "dry-run", KEY_DRY_RUN, NULL, 0, "print the commands, but do not run them", 3              \
    }

static const struct argp_option s_run_options [] = {
    COMMON_OPTIONS,
    {"slots", KEY_SLOTS, "N", 0,
     "slots, if no broker is used (default: -j, else the number of CPUs)", 2},
    {"halt", KEY_HALT, "WHEN", 0,
     "stop early: now,fail=1 kills running tasks after the first failure; "
     "soon,fail=10% lets them end. Also success=N and done=N (default: never)",
     2},
    {"keep-order", 'k', NULL, 0, "print outputs in the order of the inputs", 3},
    {"tag", KEY_TAG, NULL, 0, "print the inputs and a tab before each line of output", 3},
    {"line-buffer", KEY_LINE_BUFFER, NULL, 0,
     "print each line when it is complete; lines of tasks mix", 3},
    {"ungroup", 'u', NULL, 0, "print output at once, without waiting for whole lines", 3},
    {"all-tries", KEY_ALL_TRIES, NULL, 0,
     "print also what failed and lost tries wrote, before the output of the last try", 3},
    {"worker-access", KEY_WORKERS, "FILE", 0,
     "access file for the workers of --hosts, if a broker with keys is configured "
     "(default: CADRE_WORKER_ACCESS)",
     81},
    {"bar", KEY_BAR, NULL, 0, "show progress, if stderr is a terminal", 3},
    {0}};

static const struct argp_option s_submit_options [] = {
    COMMON_OPTIONS,
    {"once", KEY_ONCE, "TEXT", 0,
     "name of this submission. Submitting again under the same name returns the "
     "same job and runs nothing twice; it is refused if command, inputs, "
     "--workdir or --env differ. Each key has its own names",
     3},
    {"wait", KEY_WAIT, NULL, 0, "wait until all tasks have ended; exit codes as of 'cadre run'", 3},
    {"durable", KEY_DURABLE, NULL, 0, "fail if the broker has no store to keep the job on disk", 3},
    {"no-durable", KEY_NO_DURABLE, NULL, 0,
     "keep the job in the broker's memory only, even if it has a store", 3},
    {0}};

static unsigned s_read_jobs (const char *text, struct argp_state *state)
{
    size_t size = strlen (text);
    if (size == 0 || text [size - 1] != '%')
        return (unsigned) subcommand_count (text, 0, 100000, state);
    char *number = text_copy (text, size - 1);
    uint64_t percent = subcommand_count (number, 1, 100000, state);
    free (number);
    uint64_t jobs = (uint64_t) cpus_usable (NULL) * percent / 100;
    return jobs ? (unsigned) jobs : 1;
}

static void s_add_environment (run_options_t *self, char *text, struct argp_state *state)
{
    if (strchr (text, '=')) {
        subcommand_add (&self->environment, text_copy (text, strlen (text)));
        return;
    }
    const char *value = getenv (text);
    if (!value)
        argp_error (state,
                    "--env %s: there is no such variable here; set it, or write --env %s=VALUE",
                    text, text);
    text_t pair = {0};
    text_print (&pair, "%s=%s", text, value ? value : "");
    subcommand_add (&self->environment, text_take (&pair));
}

//  The same text always gives the same UUID.
static void s_read_once (run_options_t *self, const char *text, struct argp_state *state)
{
    if (!*text)
        argp_error (
            state,
            "--once '': write a text that names this submission, such as nightly-2031-05-01");
    crypto_generichash (self->uuid, sizeof self->uuid, (const unsigned char *) text, strlen (text),
                        NULL, 0);
    self->once = text;
}

static error_t s_run_options_parse (int key, char *argument, struct argp_state *state)
{
    run_options_t *self = state->input;
    fault_t fault = {0};
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs [0] = &self->shared;
        state->child_inputs [1] = &self->tries;
        if (!self->submit)
            state->child_inputs [2] = &self->hosts;
        return 0;
    case KEY_WORKERS: self->workers = argument; return 0;
    case 'a': subcommand_add (&self->files, argument); return 0;
    case '0': self->end = '\0'; return 0;
    case 'n': self->group = (unsigned) subcommand_count (argument, 1, 1000000, state); return 0;
    case 'j': self->jobs = s_read_jobs (argument, state), self->jobs_given = true; return 0;
    case 'k': self->keep_order = true; return 0;
    case 'u': self->mode = TASK_OUTPUT_RAW; return 0;
    case KEY_ALL_TRIES: self->all_tries = true; return 0;
    case KEY_BAR: self->bar = true; return 0;
    case KEY_DRY_RUN: self->dry_run = true; return 0;
    case KEY_DURABLE: self->durable = true; return 0;
    case KEY_ENV: s_add_environment (self, argument, state); return 0;
    case KEY_HALT:
        if (halt_parse (&self->halt, argument, &fault) != CADRE_OK)
            argp_error (state, "%s", fault.text);
        return 0;
    case KEY_LINE_BUFFER: self->mode = TASK_OUTPUT_LINES; return 0;
    case KEY_NAME: self->name = argument; return 0;
    case KEY_NO_DURABLE: self->in_memory = true; return 0;
    case KEY_ONCE: s_read_once (self, argument, state); return 0;
    case KEY_SLOTS: self->slots = (unsigned) subcommand_count (argument, 1, 10000, state); return 0;
    case KEY_STDIN: self->feed_stdin = true; return 0;
    case KEY_TAG: self->tag = true; return 0;
    case KEY_WAIT: self->wait = true; return 0;
    case KEY_WORKDIR: self->directory = argument; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

#define GRAMMAR                                                                                    \
    "COMMAND of one word is a line for /bin/sh. Inputs are quoted for the place "                  \
    "where they are inserted, inside quotes too. In $((...)) an input must be an "                 \
    "integer; in backticks, here-documents and ${...} inputs are refused. "                        \
    "Several words are executed without a shell: sh -c 'echo \"$1\"' sh {} "                       \
    "passes an input to a program that interprets it.\n\n"                                         \
    "Replacement strings: {} the input; {.} without extension; {/} without "                       \
    "folder; {//} its folder; {/.} without folder and extension; {1} {2.} ... "                    \
    "the same for one of several inputs; {#} the task number; {%} the slot "                       \
    "number. Without any of them, {} is appended.\n\n"                                             \
    "Inputs: ::: WORD... or :::: FILE...; several of them give all combinations. "                 \
    "Without any, the lines of stdin.\n\n"

static const struct argp_child s_run_children [] = {{&subcommand_embed_argp, 0, NULL, 0},
                                                    {&task_options_argp, 0, NULL, 0},
                                                    {&hosts_options_argp, 0, NULL, 0},
                                                    {0}};
static const struct argp s_run_argp = {
    .options = s_run_options,
    .parser = s_run_options_parse,
    .args_doc = "COMMAND... [::: INPUT...] [:::: FILE...]",
    .doc = "Run a command for each input, in parallel.\v" GRAMMAR
           "When a task is tried again, the output of its last try is printed; "
           "--all-tries prints that of all. -u and --line-buffer cannot take back what is "
           "printed: a line on stderr says what is void.\n\n"
           "If the broker restarts, the command reconnects and submits again what has "
           "not ended. CADRE_RECONNECT limits the time without a broker (default "
           "1m).\n\n"
           "Exit codes: 0; 1 to 100 the number of failed tasks, 101 more than 100; 64 "
           "usage; 69 no broker answers; 125 cadre's own error; 130 interrupted.\n\n"
           "Examples:\n"
           "  cadre run -k 'wc -l < {}' ::: *.txt\n"
           "  find . -name '*.png' -print0 | cadre run -0 convert {} {.}.jpg\n"
           "  cadre run --hosts a,b,8/c --send 'nproc; hostname' ::: 1 2 3\n"
           "  cadre run --tag --timeout 10s ping -c 1 {1}.{2} ::: 10.0.0 10.0.1 ::: 1 2 "
           "3\n"
           "  cadre run --retries exit=3,timeout=1 --backoff 2s ./fetch {} :::: urls",
    .children = s_run_children};

static const struct argp_child s_submit_children [] = {
    {&subcommand_broker_argp, 0, NULL, 0}, {&task_options_argp, 0, NULL, 0}, {0}};
static const struct argp s_submit_argp = {
    .options = s_submit_options,
    .parser = s_run_options_parse,
    .args_doc = "COMMAND... [::: INPUT...] [:::: FILE...]",
    .doc = "Submit a command for each input to the broker, print the job number, and "
           "exit.\v" GRAMMAR
           "If the broker has a store (see 'cadre broker info'), the number is printed "
           "after the job is on disk. The job then survives a crash of this command, "
           "the workers and the broker. Without a store, or with --no-durable, the job "
           "ends with the broker. Pass the number to 'cadre job wait', 'cadre job logs' "
           "and 'cadre job results'. Results are kept until 'cadre job forget', those "
           "of a durable job for at most 7 days.\n\n"
           "Exit codes: 0; with --wait as of 'cadre run'; 64 usage; 69 no broker "
           "answers; 77 refused: --durable without a store, or the store is full; 125 "
           "cadre's own error; 130 interrupted.\n\n"
           "Examples:\n"
           "  job=$(cadre submit gzip ::: *.log); cadre job wait $job\n"
           "  cadre submit --once nightly-2031-05-01 ./report {} :::: customers\n"
           "  cadre submit --durable --no-rerun --expire 12h ./pay {} :::: invoices",
    .children = s_submit_children};

static bool s_is_mark (const char *word)
{
    return strcmp (word, ":::") == 0 || strcmp (word, "::::") == 0 || strcmp (word, ":::+") == 0
           || strcmp (word, "::::+") == 0;
}

//  Adds one ::: or :::: at *INDEX with its words.
static cadre_error_t s_add_source (run_options_t *self, int argc, char **argv, int *index,
                                   fault_t *fault)
{
    const char *mark = argv [(*index)++];
    const int first = *index;
    while (*index < argc && !s_is_mark (argv [*index]))
        (*index)++;
    if (strchr (mark, '+'))
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "%s (linked inputs) is not supported; use ::: or ::::", mark);
    if (strcmp (mark, ":::") == 0) {
        inputs_add_words (self->inputs, argv + first, (size_t) (*index - first));
        return CADRE_OK;
    }
    for (int i = first; i < *index; i++)
        if (inputs_add_file (self->inputs, argv [i], fault) != CADRE_OK)
            return fault->code;
    return CADRE_OK;
}

static cadre_error_t s_add_sources (run_options_t *self, int argc, char **argv, int index,
                                    fault_t *fault)
{
    for (size_t i = 0; self->files && self->files [i]; i++)
        if (inputs_add_file (self->inputs, self->files [i], fault) != CADRE_OK)
            return fault->code;
    while (index < argc)
        if (s_add_source (self, argc, argv, &index, fault) != CADRE_OK)
            return fault->code;
    if (inputs_sources (self->inputs) == 0) {
        if (isatty (STDIN_FILENO))
            return fault_set (fault, CADRE_ERROR_ARGUMENT,
                              "there are no inputs: write ::: INPUT..., or pipe them in");
        inputs_add_file (self->inputs, "-", fault);
    }
    inputs_set_end (self->inputs, self->end);
    if (self->group > 1 && inputs_sources (self->inputs) > 1)
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "-n works with one source of inputs only");
    if (self->group > 1)
        inputs_set_group (self->inputs, self->group);
    if (self->feed_stdin && (inputs_sources (self->inputs) > 1 || self->group > 1))
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "--stdin works with one source of inputs, and without -n");
    return CADRE_OK;
}

int run_options_read (run_options_t *self, int argc, char **argv, bool submit)
{
    *self = (run_options_t){.submit = submit, .end = '\n', .group = 1, .inputs = inputs_new ()};
    fault_t fault = {0};
    int first = argc;
    subcommand_parse (submit ? &s_submit_argp : &s_run_argp, true, argc, argv, &first, self);
    int last = first;
    while (last < argc && !s_is_mark (argv [last]))
        last++;
    if (first == last || (last == first + 1 && argv [first][0] == '\0'))
        return subcommand_usage (argv [0], "a command is missing");
    if (self->durable && self->in_memory)
        return subcommand_usage (argv [0], "--durable and --no-durable exclude each other");
    self->words = argv + first;
    self->word_count = last - first;
    if (s_add_sources (self, argc, argv, last, &fault) != CADRE_OK) {
        say ("%s", fault.text);
        return fault.code == CADRE_ERROR_NOT_FOUND || fault.code == CADRE_ERROR_IO ? SAY_EXIT_OWN
                                                                                   : SAY_EXIT_USAGE;
    }
    self->template =
        template_new (self->words, (size_t) self->word_count, !self->feed_stdin, &fault);
    return self->template ? 0 : subcommand_usage (argv [0], "%s", fault.text);
}

void run_options_clear (run_options_t *self)
{
    template_destroy (&self->template);
    inputs_destroy (&self->inputs);
    for (size_t i = 0; self->environment && self->environment [i]; i++)
        free ((void *) (uintptr_t) self->environment [i]);
    free (self->environment);
    task_options_clear (&self->tries);
    free (self->files);
    hosts_options_clear (&self->hosts);
}
