//  arithmetic.c - a plugin as people write them, for tests

#include <cadre.h>

static cadre_error_t s_square (cadre_call_t *call)
{
    int64_t n = cadre_arg_int (call, 0);
    return cadre_return_int (call, (int64_t) ((uint64_t) n * (uint64_t) n));
}

static cadre_error_t s_divide (cadre_call_t *call)
{
    if (cadre_arg_int (call, 1) == 0)
        return cadre_fail (call, "division", "%d divided by zero", (int) cadre_arg_int (call, 0));
    return cadre_return_int (call, cadre_arg_int (call, 0) / cadre_arg_int (call, 1));
}

static const cadre_function_t s_functions [] = {
    {.name = "square", .run = s_square, .takes = "i", .says = "the square of an integer"},
    {.name = "divide", .run = s_divide, .takes = "ii", .says = "the quotient of two integers"},
    {0}};

CADRE_PLUGIN (s_functions)
