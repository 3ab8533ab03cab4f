//  square.c - the plugin that measurements call

#include <cadre.h>

static cadre_error_t square (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    return cadre_return_int (task, n * n);
}

static const cadre_function_t functions [] = {
    {.name = "square", .run = square, .takes = "i", .says = "the square of an integer"},
    {.name = "square_of",
     .run = square,
     .takes = "is",
     .says = "the same, with a text that is not looked at"},
    {0}};

CADRE_PLUGIN (functions)
