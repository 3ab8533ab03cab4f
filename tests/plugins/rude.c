//  rude.c - a plugin whose words would do something to a terminal

#include <cadre.h>

#define RUDE                                                                                       \
    "\033[2J\nforged \xc2\x9b"                                                                     \
    "31m\xe2\x80\xae\x9b\x07"

static cadre_error_t s_fail (cadre_task_t *task)
{
    cadre_trace (task, "inner " RUDE);
    cadre_task_progress (task, 0.5, RUDE);
    return cadre_fail (task, "kind" RUDE, "message %s", RUDE);
}

static cadre_error_t s_value (cadre_task_t *task)
{
    return cadre_return_text (task, "value\033[2J\nforged \xc2\x9b"
                                    "31m\xe2\x80\xae\x07");
}

static const cadre_function_t s_functions [] = {{.name = "rude",
                                                 .run = s_fail,
                                                 .takes = "*",
                                                 .says = "fails\033[2J\nforged \xc2\x9b"
                                                         "31m\xe2\x80\xae\x07"},
                                                {.name = "value", .run = s_value, .takes = "*"},
                                                {0}};

CADRE_PLUGIN (s_functions)
