//  bad_takes.c - a plugin whose function takes what nobody can give

#include <cadre.h>

static cadre_error_t s_run (cadre_call_t *call)
{
    return cadre_return_nil (call);
}

static const cadre_function_t s_functions [] = {{.name = "odd", .run = s_run, .takes = "iq"}, {0}};

CADRE_PLUGIN (s_functions)
