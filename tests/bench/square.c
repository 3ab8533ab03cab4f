//  square.c - the plugin that measurements call

#include <cadre.h>

static cadre_error_t square (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    return cadre_return_int (task, n * n);
}

//  Looks at each page, as one who uses its argument does.
static cadre_error_t size (cadre_task_t *task)
{
    size_t size_bytes = 0;
    const volatile uint8_t *bytes = cadre_arg_blob (task, 0, &size_bytes);
    for (size_t i = 0; i < size_bytes; i += 4096)
        (void) bytes [i];
    return cadre_return_int (task, (int64_t) size_bytes);
}

static cadre_error_t same (cadre_task_t *task)
{
    size_t size_bytes = 0;
    const void *bytes = cadre_arg_blob (task, 0, &size_bytes);
    return cadre_return_blob (task, bytes, size_bytes);
}

static const cadre_function_t functions [] = {
    {.name = "square", .run = square, .takes = "i", .says = "the square of an integer"},
    {.name = "square_of",
     .run = square,
     .takes = "is",
     .says = "the same, with a text that is not looked at"},
    {.name = "size", .run = size, .takes = "B", .says = "how many bytes a blob has"},
    {.name = "same", .run = same, .takes = "B", .says = "a blob, as it is"},
    {0}};

CADRE_PLUGIN (functions)
