//  subcommand.c - see subcommand.h

#include "client/cli/base/subcommand.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/output/line.h"
#include "client/cli/output/say.h"
#include "client/cli/output/text.h"
#include "common/suggestion.h"
#include "common/units.h"

#define REQUEST_TIMEOUT_MS 10000
#define WORD_BYTES 64

enum { KEY_BROKER = 0x1001, KEY_ACCESS, KEY_LOCAL };

static void s_help (const subcommand_t *commands, const char *words, const char *example)
{
    line_print_page ("Usage: %s COMMAND [OPTION...]\n\n", words);
    for (const subcommand_t *command = commands; command->name; command++)
        line_print_page ("  %-10s %s\n", command->name, command->says);
    line_print_page ("\n"
                     "'%s COMMAND --help' shows the options of a command, and an example.\n\n"
                     "Example:\n"
                     "%s",
                     words, example);
}

static int s_unknown (const subcommand_t *commands, const char *words, const char *name)
{
    text_t near = {0};
    char likely [128];
    suggestion_t *suggestion = suggestion_new (name, 3);
    for (const subcommand_t *command = commands; command->name; command++)
        suggestion_offer (suggestion, command->name);
    suggestion_print (suggestion, likely, sizeof likely);
    suggestion_destroy (&suggestion);
    text_put (&near, likely);
    if (near.size == 0)
        for (const subcommand_t *command = commands; command->name; command++)
            text_print (&near, "%s%s", near.size ? ", " : "", command->name);
    say ("there is no command '%s %s'; do you mean: %s? Usage: %s COMMAND [OPTION...]", words, name,
         near.bytes, words);
    text_free (&near);
    return SAY_EXIT_USAGE;
}

int subcommand_dispatch (const subcommand_t *commands, const char *words, const char *example,
                         int argc, char **argv)
{
    if (argc < 2) {
        say ("a command is missing. Usage: %s COMMAND [OPTION...]; '%s --help' lists them", words,
             words);
        return SAY_EXIT_USAGE;
    }
    const char *name = argv [1];
    if (strcmp (name, "--help") == 0 || strcmp (name, "-?") == 0 || strcmp (name, "-h") == 0
        || strcmp (name, "help") == 0) {
        s_help (commands, words, example);
        return say_flush (0);
    }
    for (const subcommand_t *command = commands; command->name; command++)
        if (strcmp (command->name, name) == 0) {
            char whole [WORD_BYTES];
            snprintf (whole, sizeof whole, "%s %s", words, name);
            argv [1] = whole;
            return command->run (argc - 1, argv + 1);
        }
    return s_unknown (commands, words, name);
}

static error_t s_parse_shared (int key, char *argument, struct argp_state *state)
{
    subcommand_shared_t *shared = state->input;
    fault_t fault = {0};
    switch (key) {
    case KEY_BROKER: shared->broker = argument; return 0;
    case KEY_ACCESS: shared->access = argument; return 0;
    case KEY_LOCAL: shared->local = true; return 0;
    case 'o':
        if (table_parse_format (argument, &shared->format, &fault) != CADRE_OK)
            argp_error (state, "%s", fault.text);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option s_broker_options [] = {
    {"broker", KEY_BROKER, "ADDRESS", 0,
     "address of the broker: tcp://HOST:PORT or ipc://FOLDER (default: "
     "CADRE_BROKER, then 'broker = ADDRESS' in $XDG_CONFIG_HOME/cadre/config, "
     "then your broker on this host). If the connection is lost, the command "
     "reconnects for CADRE_RECONNECT: 10s, 5m, forever (default 1m)",
     90},
    {"access", KEY_ACCESS, "FILE", 0,
     "access file, made by 'cadre keygen': your key and the broker's address, for "
     "a broker that uses keys (default: CADRE_ACCESS)",
     90},
    {0}};
static const struct argp_option s_embed_options [] = {
    {"local", KEY_LOCAL, NULL, 0,
     "run in this process on this machine, even if a broker is configured", 90},
    {0}};
static const struct argp_option s_list_options [] = {
    {"output", 'o', "FORMAT", 0, "output format: table, json or ndjson (default table)", 90}, {0}};

//  The children get their parent's input.
static error_t s_parse_child (int key, char *argument, struct argp_state *state)
{
    if (key != ARGP_KEY_INIT)
        return s_parse_shared (key, argument, state);
    state->child_inputs [0] = state->input;
    return 0;
}

const struct argp subcommand_broker_argp = {.options = s_broker_options, .parser = s_parse_shared};
static const struct argp_child s_children [] = {{&subcommand_broker_argp, 0, NULL, 0}, {0}};
const struct argp subcommand_embed_argp = {
    .options = s_embed_options, .parser = s_parse_child, .children = s_children};
const struct argp subcommand_list_argp = {
    .options = s_list_options, .parser = s_parse_child, .children = s_children};

void subcommand_parse (const struct argp *argp, bool in_order, int argc, char **argv, int *first,
                       void *input)
{
    argp_err_exit_status = SAY_EXIT_USAGE;
    argp_parse (argp, argc, argv, in_order ? ARGP_IN_ORDER : 0, first, input);
}

int subcommand_usage (const char *name, const char *format, ...)
{
    text_t line = {0};
    va_list arguments;
    va_start (arguments, format);
    char message [512];
    vsnprintf (message, sizeof message, format, arguments);
    va_end (arguments);
    text_print (&line, "%s; see '%s --help'", message, name);
    say ("%s", line.bytes);
    text_free (&line);
    return SAY_EXIT_USAGE;
}

cadre_t *subcommand_connect (const subcommand_shared_t *shared, int *exit_code)
{
    broker_choice_t choice;
    fault_t fault = {0};
    cadre_t *pool = NULL;
    if (broker_choice_find (&choice, shared->broker, shared->access, false, &fault) == CADRE_OK)
        pool = broker_choice_open (&choice, NULL, &fault);
    if (!pool)
        *exit_code = say_fault (&fault);
    return pool;
}

cadre_error_t subcommand_ask (cadre_t *pool, const char *what, const cadre_value_t *arguments,
                              cadre_value_t **body, int timeout_ms)
{
    cadre_error_t error = cadre_request (pool, what, arguments, body, timeout_ms);
    if (error == CADRE_ERROR_CLOSED && strcmp (what, "broker.stop") != 0)
        error = cadre_request (pool, what, arguments, body, timeout_ms);
    return error;
}

cadre_value_t *subcommand_query (cadre_t *pool, const char *what, const cadre_value_t *arguments,
                                 int *exit_code)
{
    cadre_value_t *body = NULL;
    cadre_error_t error = subcommand_ask (pool, what, arguments, &body, REQUEST_TIMEOUT_MS);
    if (error == CADRE_OK)
        return body ? body : cadre_value_nil ();
    fault_t fault = {0};
    const char *message = cadre_message (pool);
    fault_set (&fault, error, "%s", *message ? message : cadre_error_text (error));
    *exit_code = say_fault (&fault);
    cadre_value_destroy (&body);
    return NULL;
}

cadre_value_t *subcommand_request (cadre_t *pool, const char *what, cadre_value_t **arguments,
                                   int *exit_code)
{
    cadre_value_t *body = subcommand_query (pool, what, arguments ? *arguments : NULL, exit_code);
    if (arguments)
        cadre_value_destroy (arguments);
    return body;
}

bool subcommand_read_task (const char *text, uint64_t *job, int64_t *task)
{
    char copy [48];
    uint64_t index;
    *task = -1;
    if (strlen (text) >= sizeof copy)
        return false;
    memcpy (copy, text, strlen (text) + 1);
    char *dot = strchr (copy, '.');
    if (dot) {
        *dot = '\0';
        if (units_parse_count (dot + 1, 0, UINT32_MAX, &index, NULL) != CADRE_OK)
            return false;
        *task = (int64_t) index;
    }
    return units_parse_count (copy, 1, INT64_MAX, job, NULL) == CADRE_OK;
}

int64_t subcommand_duration (const char *text, struct argp_state *state)
{
    int64_t ms = 0;
    fault_t fault = {0};
    if (units_parse_duration (text, &ms, &fault) != CADRE_OK)
        argp_error (state, "%s", fault.text);
    return ms;
}

uint64_t subcommand_count (const char *text, uint64_t low, uint64_t high, struct argp_state *state)
{
    uint64_t count = 0;
    fault_t fault = {0};
    if (units_parse_count (text, low, high, &count, &fault) != CADRE_OK)
        argp_error (state, "%s", fault.text);
    return count;
}

void subcommand_add (const char ***list, const char *text)
{
    size_t count = 0;
    while (*list && (*list) [count])
        count++;
    *list = text_resize (*list, (count + 2) * sizeof **list);
    (*list) [count] = text;
    (*list) [count + 1] = NULL;
}
