//  arithmetic.c - a plugin as people write them, for tests

#include <cadre.h>

static cadre_error_t s_square (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    return cadre_return_int (task, (int64_t) ((uint64_t) n * (uint64_t) n));
}

static cadre_error_t s_divide (cadre_task_t *task)
{
    if (cadre_arg_int (task, 1) == 0)
        return cadre_fail (task, "division", "%d divided by zero", (int) cadre_arg_int (task, 0));
    return cadre_return_int (task, cadre_arg_int (task, 0) / cadre_arg_int (task, 1));
}

static const cadre_function_t s_functions [] = {
    {.name = "square", .run = s_square, .takes = "i", .says = "the square of an integer"},
    {.name = "divide", .run = s_divide, .takes = "ii", .says = "the quotient of two integers"},
    {0}};

CADRE_PLUGIN (s_functions)
