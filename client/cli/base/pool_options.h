/*
 *  pool_options.h - options of `cadre call` and `cadre map`: which functions, and which pool
 *
 *  An argp child; its input is a pool_options_t. One thread.
 */
#ifndef CLIENT_CLI_BASE_POOL_OPTIONS_H_INCLUDED
#define CLIENT_CLI_BASE_POOL_OPTIONS_H_INCLUDED

#include <argp.h>
#include <cadre.h>

#include "client/cli/base/subcommand.h"
#include "client/cli/base/task_options.h"

typedef struct pool_options {
    subcommand_shared_t shared; //  --broker, --local
    const char **plugins;       //  --plugin, NULL-terminated, or NULL
    const char **program;       //  --program, split at spaces, NULL-terminated, or NULL
    char *program_text;         //  the memory of program
    unsigned slots;             //  -j: slots of a pool in this process; 0: the CPUs
    bool threads;               //  --threads
    task_options_t tries;       //  --timeout, --retries, --needs and similar
} pool_options_t;

extern const struct argp pool_options_argp;

//  Opens the pool, with a broker in this process if there is none. Returns NULL and *EXIT_CODE on
//  failure, after an error message. Plugins and programs are only for pools in this process, and an
//  error with a broker.
cadre_t *pool_options_open (const pool_options_t *self, int *exit_code);

void pool_options_clear (pool_options_t *self);

//  Prints how a call failed: "cadre: FUNCTION: KIND: MESSAGE", followed by the trace.
void pool_options_say (const char *label, const char *outcome, const char *kind,
                       const char *message, const char *trace);

#endif
