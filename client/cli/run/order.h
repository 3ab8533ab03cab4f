/*
 *  order: short commands that ask the broker one thing: job, task, worker and broker share it. One
 *  thread.
 */
#ifndef CLIENT_CLI_RUN_ORDER_H_INCLUDED
#define CLIENT_CLI_RUN_ORDER_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/cli/base/command.h"

typedef struct order_options {
    command_shared_t shared; // --broker, -o
    const char *state;       // --state, or NULL
    const char *outcome;     // --outcome, or NULL
    bool wait;               // --wait, --follow
    bool tag;                // --tag
    int64_t timeout_ms;      // --timeout; -1: not given
    int first;               // index of the first word in argv
} order_options_t;

//  Which of the options a command has.
#define ORDER_LIST 1u     // -o
#define ORDER_STATE 2u    // --state
#define ORDER_WAIT 4u     // --wait
#define ORDER_TAG 8u      // --tag
#define ORDER_TIMEOUT 16u // --timeout
#define ORDER_OUTCOME 32u // --outcome
//  The word is a job, and never a task of it: who names one task does not mean all.
#define ORDER_WHOLE 64u

typedef struct order_page {
    unsigned options;  // ORDER_...
    const char *words; // what follows the options, or NULL
    const char *says;  // what the command does, a vertical tab, more and an example
    int least;         // words at least
    int most;          // words at most
} order_page_t;

//  Reads argv as the page says. 0, or the exit code.
int order_read (order_options_t *self, const order_page_t *page, int argc, char **argv);

//  0, or the exit code when --state names none of STATES (NULL-terminated).
int order_check_state (const order_options_t *self, const char *command, const char *const *states);

//  Connect, ask, disconnect. ARGUMENTS is consumed. NULL and *EXIT_CODE when that fails (it was
//  said why).
cadre_value_t *order_ask (const order_options_t *self, const char *what, cadre_value_t **arguments,
                          int *exit_code);

//  {job: N} or {job: N, task: M} of "N" or "N.M"; NULL and *EXIT_CODE when TEXT is neither, or
//  misses the task that is NEEDED.
cadre_value_t *order_task (const char *command, const char *text, bool needed, int *exit_code);

#endif
