//  proxy.c - tcp_proxy as a program: chaos_proxy PORT LANES. A line on stdin cuts all connections,
//  and their number is printed; the end of stdin ends it.

#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/fakes/tcp_proxy.h"

int main (int argc, char **argv)
{
    char line [16];
    if (argc != 3)
        return 64;
    tcp_proxy_t *proxy =
        tcp_proxy_new ((unsigned) strtoul (argv [1], NULL, 10), strtoul (argv [2], NULL, 10));
    puts ("ready");
    fflush (stdout);
    while (fgets (line, sizeof line, stdin)) {
        printf ("%zu\n", tcp_proxy_cut (proxy));
        fflush (stdout);
    }
    tcp_proxy_destroy (&proxy);
    return 0;
}
