/*
 *  admin_request.h - shared code of short commands that send the broker one request: job, task,
 *  worker and broker. One thread.
 */
#ifndef CLIENT_CLI_RUN_ADMIN_REQUEST_H_INCLUDED
#define CLIENT_CLI_RUN_ADMIN_REQUEST_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/cli/base/subcommand.h"

typedef struct admin_request_options {
    subcommand_shared_t shared; //  --broker, -o
    const char *state;          //  --state, or NULL
    const char *outcome;        //  --outcome, or NULL
    bool wait;                  //  --wait, --follow
    bool tag;                   //  --tag
    bool all_tries;             //  --all-tries
    bool no_wait;               //  --no-wait
    int64_t timeout_ms;         //  --timeout; -1: not given
    int64_t older_ms;           //  --older-than; 0: not given
    int first;                  //  index of the first word in argv
} admin_request_options_t;

//  The options that a command has.
#define ADMIN_REQUEST_LIST 1u           //  -o
#define ADMIN_REQUEST_STATE 2u          //  --state
#define ADMIN_REQUEST_WAIT 4u           //  --wait
#define ADMIN_REQUEST_TAG 8u            //  --tag
#define ADMIN_REQUEST_TIMEOUT 16u       //  --timeout
#define ADMIN_REQUEST_OUTCOME 32u       //  --outcome
#define ADMIN_REQUEST_DRAIN_WORKER 128u //  --timeout and --no-wait, of a worker's drain
#define ADMIN_REQUEST_DRAIN_BROKER 512u //  The same, of the broker's
#define ADMIN_REQUEST_TRIES 256u        //  --all-tries
#define ADMIN_REQUEST_OLDER 1024u       //  --older-than
//  The word must be a job and not a task of it: a user who names one task does not mean the whole
//  job.
#define ADMIN_REQUEST_WHOLE 64u

typedef struct admin_request_page {
    unsigned options;  //  ORDER_...
    const char *words; //  what follows the options, or NULL
    const char *says;  //  what the command does, a vertical tab, further text and an example
    int least;         //  minimum number of words
    int most;          //  maximum number of words
} admin_request_page_t;

//  Reads argv as the page says. 0, or the exit code.
int admin_request_read (admin_request_options_t *self, const admin_request_page_t *page, int argc,
                        char **argv);

//  Returns 0, or the exit code when --state is not one of STATES (NULL-terminated).
int admin_request_check_state (const admin_request_options_t *self, const char *command,
                               const char *const *states);

//  Connects, sends the request, disconnects. ARGUMENTS is consumed. NULL and *EXIT_CODE on failure,
//  after an error message.
cadre_value_t *admin_request_ask (const admin_request_options_t *self, const char *what,
                                  cadre_value_t **arguments, int *exit_code);

//  Asks for a list page by page and prints it. KEY is the number by which the list is ordered; the
//  request takes `first` and `count`. ARGUMENTS (a map) is consumed. Returns the exit code.
int admin_request_list (const admin_request_options_t *self, const char *what, const char *key,
                        cadre_value_t **arguments, const table_column_t *columns);

//  Puts --timeout, if it was given, into ARGUMENTS as timeout_ms.
void admin_request_set_timeout (const admin_request_options_t *self, cadre_value_t *arguments);

//  Converts "N" or "N.M" to {job: N} or {job: N, task: M}. NULL and *EXIT_CODE when TEXT is
//  neither, or has no task although NEEDED.
cadre_value_t *admin_request_task (const char *command, const char *text, bool needed,
                                   int *exit_code);

#endif
