/*
 *  run_options.h - the command line of `cadre run` and `cadre submit`
 *
 *  Options come first, then COMMAND..., then sources of inputs (::: words, :::: files). The result
 *  borrows from argv. One thread.
 */
#ifndef CLIENT_CLI_RUN_RUN_OPTIONS_H_INCLUDED
#define CLIENT_CLI_RUN_RUN_OPTIONS_H_INCLUDED

#include <stdbool.h>

#include "client/cli/base/subcommand.h"
#include "client/cli/base/task_options.h"
#include "client/cli/hosts/hosts_options.h"
#include "client/cli/run/halt.h"
#include "client/cli/run/inputs.h"
#include "client/cli/run/task_output.h"
#include "client/cli/run/template.h"

typedef struct run_options {
    bool submit;                //  the command is submit, not run
    subcommand_shared_t shared; //  --broker, --local
    task_options_t tries;       //  --timeout, --retries, --needs and similar
    hosts_options_t hosts;      //  --hosts and similar (run)
    const char *workers;        //  --worker-access, or NULL
    unsigned jobs;              //  -j: tasks at a time; 0: no limit of our own
    bool jobs_given;            //  -j was given
    unsigned slots;             //  --slots of an embedded pool; 0: as -j
    bool keep_order;            //  -k
    bool tag;                   //  --tag
    bool dry_run;               //  --dry-run
    bool feed_stdin;            //  --stdin: inputs go to the command's stdin
    bool bar;                   //  --bar
    bool wait;                  //  submit --wait
    bool all_tries;             //  --all-tries
    task_output_mode_t mode;    //  --line-buffer, -u
    const char *once;           //  --once, or NULL
    unsigned char uuid [16];    //  UUID derived from --once
    bool durable;               //  submit --durable: fail when it cannot be durable
    bool in_memory;             //  submit --no-durable
    halt_t halt;                //  --halt
    const char *directory;      //  --workdir, or NULL
    const char *name;           //  --name, or NULL
    const char **environment;   //  --env: NAME=VALUE, NULL-terminated, or NULL
    const char **files;         //  -a, NULL-terminated, or NULL
    char end;                   //  end of a record: newline, or NUL with -0
    unsigned group;             //  -n: inputs per task
    char *const *words;         //  COMMAND...
    int word_count;             //  of words
    inputs_t *inputs;           //  the sources of inputs
    template_t *template;       //  of COMMAND
} run_options_t;

//  Reads argv. Returns 0, or the exit code after an error message. SUBMIT: the options of submit.
int run_options_read (run_options_t *self, int argc, char **argv, bool submit);
void run_options_clear (run_options_t *self);

#endif
