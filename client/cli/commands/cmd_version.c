//  cmd_version.c - cadre version: prints the version

#include "client/cli/base/subcommand.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/line.h"

int cmd_version (int argc, char **argv)
{
    static const struct argp argp = {.doc =
                                         "Print the version of cadre.\vExample:\n  cadre version"};
    int first = argc;
    subcommand_parse (&argp, false, argc, argv, &first, NULL);
    if (first < argc)
        return subcommand_usage (argv [0], "'%s' is one word too many", argv [first]);
    line_print ("cadre %s", cadre_version ());
    return 0;
}
