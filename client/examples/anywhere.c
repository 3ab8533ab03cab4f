/*  anywhere.c - one program: client, local pool and remote worker
 *
 *      anywhere                                            on processes of this machine
 *      cadre-broker --listen tcp://127.0.0.1:5700          or: a broker,
 *      anywhere --cadre-worker --broker tcp://HUB:5700     this program as worker, as often as you
 *                                                          like,
 *      anywhere tcp://HUB:5700                             and as client
 *
 *  The functions are compiled in, so nothing but this file has to be on the other machine.
 */

#include <cadre.h>

#include <stdio.h>
#include <unistd.h>

#define PARTS 40
#define PART_SIZE 25000

static bool is_prime (int64_t n)
{
    for (int64_t d = 2; d * d <= n; d++)
        if (n % d == 0)
            return false;
    return n > 1;
}

//  count_primes (first): how many primes among the PART_SIZE numbers from first on, and who counted
static cadre_error_t count_primes (cadre_task_t *task)
{
    int64_t first = cadre_arg_int (task, 0);
    int64_t count = 0;
    for (int64_t n = first; n < first + PART_SIZE; n++)
        count += is_prime (n);
    char host [256] = "";
    gethostname (host, sizeof host - 1);
    cadre_value_t *result = cadre_value_build ("{s: i, s: s, s: i}", "count", count, "host", host,
                                               "pid", (int64_t) getpid ());
    return cadre_return_value (task, &result);
}

static const cadre_function_t functions [] = {{.name = "count_primes",
                                               .run = count_primes,
                                               .takes = "i",
                                               .says = "primes of a range, and who counted"},
                                              {0}};

//  One line for each process that took part.
static void print_helpers (const cadre_value_t *results)
{
    for (size_t i = 0; i < cadre_value_count (results); i++) {
        const cadre_value_t *mine = cadre_value_get (cadre_value_at (results, i), "pid");
        int parts = 0;
        bool seen = false;
        for (size_t j = 0; j < cadre_value_count (results); j++) {
            bool same =
                cadre_value_equal (mine, cadre_value_get (cadre_value_at (results, j), "pid"));
            parts += same;
            seen = seen || (same && j < i);
        }
        if (!seen)
            printf ("process %lld on %s counted %d parts of %d\n",
                    (long long) cadre_value_int (mine),
                    cadre_value_text (cadre_value_get (cadre_value_at (results, i), "host")), parts,
                    PARTS);
    }
}

int main (int argc, char **argv)
{
    cadre_main (argc, argv, functions); //  as a slot or as a worker, it does not return

    cadre_t *pool = cadre_open (argc > 1 ? argv [1] : NULL, NULL);
    if (!pool) {
        fprintf (stderr, "anywhere: %s\n", cadre_open_message ());
        return cadre_error_exit_code (cadre_open_error ());
    }
    cadre_value_t *items = cadre_value_list ();
    for (int64_t part = 0; part < PARTS; part++) {
        cadre_value_t *first = cadre_value_of_int (part * PART_SIZE);
        cadre_value_append (items, &first);
    }
    cadre_value_t *results = NULL;
    cadre_error_t error = cadre_map (pool, "count_primes", items, NULL, &results);
    if (error != CADRE_OK)
        fprintf (stderr, "anywhere: %s\n", cadre_message (pool));
    else {
        int64_t primes = 0;
        for (size_t i = 0; i < cadre_value_count (results); i++)
            primes += cadre_value_int (cadre_value_get (cadre_value_at (results, i), "count"));
        printf ("%lld primes below %d\n", (long long) primes, PARTS * PART_SIZE);
        print_helpers (results);
    }
    cadre_value_destroy (&items);
    cadre_value_destroy (&results);
    cadre_close (&pool, 5000);
    return cadre_error_exit_code (error);
}
