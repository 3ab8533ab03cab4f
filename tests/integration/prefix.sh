#!/bin/bash
#  Installed below a folder, and moved: a program of somebody else that only links the library finds
#  cadre-slot, with no variable set
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1
cmake --install "$CADRE_BUILD_DIR" --prefix "$scratch/first" >install.log 2>&1 || fault "cannot install: $(tail -3 install.log)"
mv first second
cat >use.c <<'END'
#include <cadre.h>
#include <stdio.h>
int main (int argc, char **argv)
{
    const char *const plugins [] = {argv [argc - 1], NULL};
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.slots = 1, .plugins = plugins});
    if (!pool)
        return printf ("open: %s\n", cadre_open_message ()), 1;
    cadre_value_t *value = NULL;
    cadre_error_t error = cadre_call (pool, &value, 20000, "square", "i", (int64_t) 7);
    printf ("%s %d\n", cadre_error_name (error), (int) cadre_value_int (value));
    cadre_value_destroy (&value);
    return cadre_close (&pool, 1000);
}
END
library=$(dirname "$(find second -name libcadre.so)")
${CC:-cc} use.c -o use -I second/include -L "$library" -lcadre || fault 'cannot compile'
unset CADRE_LIBEXEC
#  the commands are found by PATH; nothing here may come from the build tree
export PATH=/usr/bin:/bin
expect 0 'OK 49' '' env LD_LIBRARY_PATH="$library" ./use "$plugins/arithmetic.so"
ln -s "$scratch/second/lib" elsewhere
expect 0 'OK 49' '' env LD_LIBRARY_PATH="$scratch/elsewhere" ./use "$plugins/arithmetic.so"
expect 0 $'1\n2' '' env LD_LIBRARY_PATH="$library" second/bin/cadre run -k --local echo ::: 1 2
#  ... of any user, with an environment that is empty
if [ "$(id -u)" = 0 ]; then
    uid=64998
    while getent passwd $uid >/dev/null || pgrep -U $uid >/dev/null; do uid=$((uid - 1)); done
    chmod -R a+rX "$scratch"
    cp "$plugins/arithmetic.so" .
    nobody=(setpriv --reuid $uid --regid $uid --clear-groups env -i LD_LIBRARY_PATH="$library")
    expect 0 'OK 49' '' "${nobody[@]}" ./use "$scratch/arithmetic.so"
    expect 0 $'1\n2' '' "${nobody[@]}" second/bin/cadre run -k --local echo ::: 1 2
fi
finish
