//  bad_takes.c - a plugin whose function takes what nobody can give

#include <cadre.h>

static cadre_error_t s_run (cadre_task_t *task)
{
    return cadre_return_nil (task);
}

static const cadre_function_t s_functions [] = {{.name = "odd", .run = s_run, .takes = "iq"}, {0}};

CADRE_PLUGIN (s_functions)
