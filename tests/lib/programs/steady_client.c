//  steady_client.c - a client that stays: for each number on stdin, until "end", it calls square at
//  ADDRESS and prints the value, or "error: " and why not. One pool for all.

#include <cadre.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_MS 3000

int main (int argc, char **argv)
{
    char line [64];
    cadre_t *pool = argc == 2 ? cadre_open (argv [1], NULL) : NULL;
    if (!pool) {
        fprintf (stderr, "steady: %s\n",
                 argc == 2 ? cadre_open_message () : "usage: steady ADDRESS");
        return 1;
    }
    setvbuf (stdout, NULL, _IOLBF, 0);
    while (fgets (line, sizeof line, stdin) && strncmp (line, "end", 3) != 0) {
        cadre_value_t *value = NULL;
        if (cadre_call (pool, &value, CALL_MS, "square", "i", (int64_t) strtol (line, NULL, 10))
            == CADRE_OK)
            printf ("%lld at %s\n", (long long) cadre_value_int (value), cadre_address (pool));
        else
            printf ("error: %s\n", cadre_message (pool));
        cadre_value_destroy (&value);
    }
    cadre_close (&pool, 1000);
    return 0;
}
