//  main.c - the program cadre: finds the command of its first word and runs it

#include <string.h>

#include "client/cli/base/subcommand.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/say.h"
#include "common/descriptors.h"

int main (int argc, char **argv)
{
    static const subcommand_t commands [] = {
        {"run", "run a command for each input, in parallel", cmd_run},
        {"submit", "submit such a job to the broker, and exit", cmd_submit},
        {"call", "call one function", cmd_call},
        {"map", "call a function for each line of stdin", cmd_map},
        {"job", "list, info, wait, results, logs, cancel, retry, forget", cmd_job},
        {"task", "list, info, explain, logs", cmd_task},
        {"worker", "start, deploy, list, drain, stop", cmd_worker},
        {"broker", "start, info, drain, stop, reload", cmd_broker},
        {"keygen", "create, replace or revoke a key", cmd_keygen},
        {"up", "start a broker and workers with keys, here or on many hosts", cmd_up},
        {"down", "stop and remove what 'cadre up' started", cmd_down},
        {"doctor", "check this machine and the broker, and suggest fixes", cmd_doctor},
        {"version", "print the version of cadre", cmd_version},
        {0},
    };
    descriptors_hold_standard ();
    descriptors_raise_for (DESCRIPTORS_USUAL);
    if (argc == 2 && (strcmp (argv [1], "--version") == 0 || strcmp (argv [1], "-V") == 0))
        return say_flush (cmd_version (1, argv));
    return say_flush (subcommand_dispatch (commands, "cadre",
                                           "  cadre run -k 'wc -l < {}' ::: *.txt\n", argc, argv));
}
