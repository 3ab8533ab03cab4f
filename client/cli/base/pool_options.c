//  pool_options.c - see pool_options.h

#include "client/cli/base/pool_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/output/say.h"
#include "client/cli/output/text.h"

enum { KEY_PLUGIN = 0x3001, KEY_PROGRAM, KEY_THREADS };

static const struct argp_option s_options [] = {
    {"plugin", KEY_PLUGIN, "FILE", 0, "plugin to load in the pool of this process; may be repeated",
     1},
    {"program", KEY_PROGRAM, "ARGV", 0,
     "program that serves functions, with its arguments, in one word, for the "
     "pool of this process",
     1},
    {"threads", KEY_THREADS, NULL, 0,
     "use threads instead of processes in the pool of this process", 1},
    {"jobs", 'j', "N", 0, "slots of the pool in this process (default: number of CPUs)", 1},
    {0}};

//  Splits at spaces.
static void s_set_program (pool_options_t *self, const char *text)
{
    self->program_text = text_copy (text, strlen (text));
    char *rest = NULL;
    for (char *word = strtok_r (self->program_text, " ", &rest); word;
         word = strtok_r (NULL, " ", &rest))
        subcommand_add (&self->program, word);
}

static error_t s_pool_options_parse (int key, char *argument, struct argp_state *state)
{
    pool_options_t *self = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs [0] = &self->shared;
        state->child_inputs [1] = &self->tries;
        return 0;
    case 'j': self->slots = (unsigned) subcommand_count (argument, 1, 10000, state); return 0;
    case KEY_PLUGIN: subcommand_add (&self->plugins, argument); return 0;
    case KEY_PROGRAM: s_set_program (self, argument); return 0;
    case KEY_THREADS: self->threads = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child s_children [] = {
    {&subcommand_embed_argp, 0, NULL, 0}, {&task_options_argp, 0, NULL, 0}, {0}};
const struct argp pool_options_argp = {
    .options = s_options, .parser = s_pool_options_parse, .children = s_children};

cadre_t *pool_options_open (const pool_options_t *self, int *exit_code)
{
    broker_choice_t choice = {.embedded = true, .local = true};
    fault_t fault = {0};
    const cadre_options_t options = {.slots = self->slots,
                                     .threads = self->threads,
                                     .plugins = self->plugins,
                                     .program = self->program};
    cadre_t *pool = NULL;
    const bool own = self->plugins || self->program || self->threads || self->slots;
    if (!self->shared.local)
        broker_choice_find (&choice, self->shared.broker, self->shared.access, true, &fault);
    if (!fault.code && own && !choice.embedded)
        fault_set (
            &fault, CADRE_ERROR_ARGUMENT,
            "--plugin, --program, --threads and -j are for a pool in this process, but %s names a broker at %s: "
            "add --local, or give them to its workers",
            choice.origin, choice.address);
    if (!fault.code)
        pool = broker_choice_open (&choice, choice.embedded ? &options : NULL, &fault);
    if (!pool)
        *exit_code = say_fault (&fault);
    return pool;
}

void pool_options_clear (pool_options_t *self)
{
    free (self->plugins);
    free (self->program);
    free (self->program_text);
    task_options_clear (&self->tries);
}

void pool_options_say (const char *label, const char *outcome, const char *kind,
                       const char *message, const char *trace)
{
    const bool told = message && *message;
    say ("%s: %s%s%s", label, kind && *kind ? kind : outcome, told ? ": " : "",
         told ? message : "");
    while (trace && *trace) {
        const int size = (int) strcspn (trace, "\n");
        say ("  %.*s", size, trace);
        trace += size;
        trace += *trace == '\n';
    }
}
