#!/bin/bash
#  A program that serves its own functions, below valgrind and in gdb: its slots start there, too
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
for tool in valgrind gdb; do
    command -v $tool >/dev/null || { echo "SKIPPED: $tool is missing"; exit 77; }
done
cd "$scratch" || exit 1
cat >use.c <<'END'
#include <cadre.h>
#include <stdio.h>
static cadre_error_t s_square (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    return cadre_return_int (task, n * n);
}
static const cadre_function_t functions [] = {{.name = "square", .run = s_square, .takes = "i"}, {0}};
int main (int argc, char **argv)
{
    cadre_main (argc, argv, functions);
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.slots = 1, .connect_timeout_ms = 60000});
    if (!pool)
        return printf ("open: %s\n", cadre_open_message ()), 1;
    cadre_value_t *value = NULL;
    cadre_error_t error = cadre_call (pool, &value, 60000, "square", "i", (int64_t) 7);
    printf ("%s %d\n", cadre_error_name (error), (int) cadre_value_int (value));
    cadre_value_destroy (&value);
    return cadre_close (&pool, 10000);
}
END
${CC:-cc} use.c -o use -I "$CADRE_SOURCE_DIR/client/include" -I "$CADRE_SOURCE_DIR/common" \
    -L "$CADRE_BUILD_DIR/lib" -lcadre -Wl,-rpath,"$CADRE_BUILD_DIR/lib" || fault 'cannot compile'
unset CADRE_LIBEXEC
expect 0 'OK 49' '' ./use
expect 0 'OK 49' '' valgrind -q --log-file=valgrind.%p ./use
expect 0 'OK 49' '' valgrind -q --trace-children=yes --log-file=valgrind.%p ./use
expect 0 'OK 49' '' sh -c 'gdb -q -batch -ex run ./use </dev/null 2>gdb.log | grep -x "OK 49"'
finish
