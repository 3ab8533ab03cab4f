//  main.c - cadre_main: one program as client, slot and worker

#include "client/lib/main.h"

#include <stdlib.h>
#include <string.h>

static local_program_t s_program;

local_program_t main_program (void)
{
    return s_program;
}

void cadre_main (int argc, char **argv, const cadre_function_t *functions)
{
    const char *serve = getenv ("CADRE_SERVE");
    //  A task may open a pool of its own
    s_program = (local_program_t){.serves = true, .functions = functions};
    if (serve && strcmp (serve, "slot") == 0)
        exit (local_serve_slot (functions));
    if (argc > 1 && strcmp (argv [1], "--cadre-worker") == 0)
        exit (local_serve_worker (argc, argv, functions));
}
