/*
 *  subcommand.h - tables of commands, and the options that they share
 *
 *  `cadre` dispatches over one table, commands like `cadre job` over their own. For an unknown name
 *  it suggests similar names and exits with 64. Options are read by glibc argp, in order: it stops
 *  at the first word.
 */
#ifndef CLIENT_CLI_BASE_SUBCOMMAND_H_INCLUDED
#define CLIENT_CLI_BASE_SUBCOMMAND_H_INCLUDED

#include <argp.h>
#include <cadre.h>
#include <stdbool.h>

#include "client/cli/base/broker_choice.h"
#include "client/cli/output/table.h"

typedef struct subcommand {
    const char *name;                   //  as it is typed
    const char *says;                   //  one line for --help
    int (*run) (int argc, char **argv); //  argv [0] is the full name: "cadre job list"
} subcommand_t;

//  Runs the command that argv [1] names. COMMANDS end with a NULL name; WORDS are the words before
//  it ("cadre job"); EXAMPLE is shown by --help.
int subcommand_dispatch (const subcommand_t *commands, const char *words, const char *example,
                         int argc, char **argv);

//  Options that many commands share; a child of their argp.
typedef struct subcommand_shared {
    const char *broker;    //  --broker, or NULL
    const char *access;    //  --access, or NULL
    bool local;            //  --local: embed a broker even if there is one
    table_format_t format; //  -o
} subcommand_shared_t;

extern const struct argp subcommand_broker_argp; //  --broker, --access
extern const struct argp subcommand_embed_argp;  //  the same, and --local
extern const struct argp subcommand_list_argp;   //  the same, and -o

//  Reads options with argp; *FIRST is the index of the first word. IN_ORDER: options end at the
//  first word; else they may be anywhere, and argv is reordered. An invalid option exits with 64.
void subcommand_parse (const struct argp *argp, bool in_order, int argc, char **argv, int *first,
                       void *input);

//  Prints "cadre job info: MESSAGE" and a hint; returns 64.
int subcommand_usage (const char *name, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

//  Connects as the shared options say. Returns NULL and *EXIT_CODE on failure, after an error
//  message.
cadre_t *subcommand_connect (const subcommand_shared_t *shared, int *exit_code);

//  As cadre_request, but repeats the request once when the broker was restarted meanwhile. A
//  request to stop the broker is not repeated.
cadre_error_t subcommand_ask (cadre_t *pool, const char *what, const cadre_value_t *arguments,
                              cadre_value_t **body, int timeout_ms);

//  Sends a request to the broker. Returns NULL and *EXIT_CODE on failure, after an error message.
//  ARGUMENTS is consumed, may be NULL.
cadre_value_t *subcommand_request (cadre_t *pool, const char *what, cadre_value_t **arguments,
                                   int *exit_code);
//  The same; the arguments are borrowed.
cadre_value_t *subcommand_query (cadre_t *pool, const char *what, const cadre_value_t *arguments,
                                 int *exit_code);

//  Parses "42", or "42.17" for a task; *task is -1 if there is none. False when it is neither.
bool subcommand_read_task (const char *text, uint64_t *job, int64_t *task);

//  Parse durations and counts, for argp parsers; an invalid one exits with 64.
int64_t subcommand_duration (const char *text, struct argp_state *state);
uint64_t subcommand_count (const char *text, uint64_t low, uint64_t high, struct argp_state *state);

//  Appends TEXT to a NULL-terminated list that starts as NULL.
void subcommand_add (const char ***list, const char *text);

#endif
