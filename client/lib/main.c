//  main.c - one program as client, slot and worker

#include <stdlib.h>
#include <string.h>

#include "client/lib/local.h"

static const cadre_function_t *s_functions;
static bool s_called;

bool main_functions (const cadre_function_t **functions)
{
    *functions = s_functions;
    return s_called;
}

void cadre_main (int argc, char **argv, const cadre_function_t *functions)
{
    const char *serve = getenv ("CADRE_SERVE");
    if (serve && strcmp (serve, "slot") == 0)
        exit (local_serve_slot (functions));
    if (argc > 1 && strcmp (argv [1], "--cadre-worker") == 0)
        exit (local_serve_worker (argc, argv, functions));
    s_functions = functions;
    s_called = true;
}
