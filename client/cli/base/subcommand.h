/*
 *  command.h - tables of commands, and the options that they share
 *
 *  `cadre` dispatches over one table, commands like `cadre job` over their own. For an unknown name
 *  it suggests similar names and exits with 64. Options are read by glibc argp, in order: it stops
 *  at the first word.
 */
#ifndef CLIENT_CLI_BASE_COMMAND_H_INCLUDED
#define CLIENT_CLI_BASE_COMMAND_H_INCLUDED

#include <argp.h>
#include <cadre.h>
#include <stdbool.h>

#include "client/cli/base/broker_choice.h"
#include "client/cli/output/table.h"

typedef struct command {
    const char *name;                   //  as it is typed
    const char *says;                   //  one line for --help
    int (*run) (int argc, char **argv); //  argv [0] is the full name: "cadre job list"
} command_t;

//  Runs the command that argv [1] names. COMMANDS end with a NULL name; WORDS are the words before
//  it ("cadre job"); EXAMPLE is shown by --help.
int command_dispatch (const command_t *commands, const char *words, const char *example, int argc,
                      char **argv);

//  Options that many commands share; a child of their argp.
typedef struct command_shared {
    const char *broker;    //  --broker, or NULL
    const char *access;    //  --access, or NULL
    bool local;            //  --local: embed a broker even if there is one
    table_format_t format; //  -o
} command_shared_t;

extern const struct argp command_broker_argp; //  --broker, --access
extern const struct argp command_embed_argp;  //  the same, and --local
extern const struct argp command_list_argp;   //  the same, and -o

//  Reads options with argp; *FIRST is the index of the first word. IN_ORDER: options end at the
//  first word; else they may be anywhere, and argv is reordered. An invalid option exits with 64.
void command_parse (const struct argp *argp, bool in_order, int argc, char **argv, int *first,
                    void *input);

//  Prints "cadre job info: MESSAGE" and a hint; returns 64.
int command_usage (const char *name, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

//  Connects as the shared options say. Returns NULL and *EXIT_CODE on failure, after an error
//  message.
cadre_t *command_connect (const command_shared_t *shared, int *exit_code);

//  As cadre_request, but repeats the request once when the broker was restarted meanwhile. A
//  request to stop the broker is not repeated.
cadre_error_t command_ask (cadre_t *pool, const char *what, const cadre_value_t *arguments,
                           cadre_value_t **body, int timeout_ms);

//  Sends a request to the broker. Returns NULL and *EXIT_CODE on failure, after an error message.
//  ARGUMENTS is consumed, may be NULL.
cadre_value_t *command_request (cadre_t *pool, const char *what, cadre_value_t **arguments,
                                int *exit_code);

//  Parses "42", or "42.17" for a task; *task is -1 if there is none. False when it is neither.
bool command_read_task (const char *text, uint64_t *job, int64_t *task);

//  Parse durations and counts, for argp parsers; an invalid one exits with 64.
int64_t command_duration (const char *text, struct argp_state *state);
uint64_t command_count (const char *text, uint64_t low, uint64_t high, struct argp_state *state);

//  Appends TEXT to a NULL-terminated list that starts as NULL.
void command_add (const char ***list, const char *text);

#endif
