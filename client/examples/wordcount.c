/*  wordcount.c - counts the words of files, each file a task
 *
 *      wordcount PLUGIN FILE...        the files named
 *      ... | wordcount PLUGIN          the files whose names come on stdin, one a line
 *
 *  PLUGIN is words.so. The totals go to stdout as `wc` prints them, what it took to stderr.
 *  Names are read only as fast as files are counted: the list may be longer than memory.
 */

#include <cadre.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

//  Where names come from.
typedef struct names {
    char **next;    //  Arguments not taken yet; NULL: read stdin
    char *line;     //  Last line of stdin
    size_t room;    //  Bytes at line
    uint64_t taken; //  Names so far
} names_t;

//  cadre_imap asks for the next item whenever there is room for it.
static cadre_value_t *next_name (void *argument)
{
    names_t *names = argument;
    const char *name = NULL;
    if (names->next)
        name = *names->next ? *names->next++ : NULL;
    else if (getline (&names->line, &names->room, stdin) > 0) {
        names->line [strcspn (names->line, "\n")] = 0;
        name = names->line;
    }
    names->taken += name != NULL;
    return name ? cadre_value_of_text (name) : NULL;
}

static double seconds_now (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

//  Adds up what comes back, in whatever order it comes. Returns how many files could not be
//  counted.
static uint64_t add_up (cadre_t *pool, names_t *names, int64_t totals [3])
{
    cadre_map_options_t options = {.unordered = true};
    cadre_imap_t *counts = cadre_imap (pool, "count_words", next_name, names, &options);
    cadre_value_t *value = NULL;
    uint64_t failed = 0;
    cadre_error_t error;
    while ((error = cadre_imap_next (counts, &value, NULL, -1)) == CADRE_OK
           || error == CADRE_ERROR_TASK) {
        totals [0] += cadre_value_int (cadre_value_get (value, "lines"));
        totals [1] += cadre_value_int (cadre_value_get (value, "words"));
        totals [2] += cadre_value_int (cadre_value_get (value, "bytes"));
        if (error == CADRE_ERROR_TASK) {
            fprintf (stderr, "wordcount: %s\n", cadre_imap_message (counts));
            failed++;
        }
        cadre_value_destroy (&value);
    }
    if (error != CADRE_ERROR_END) {
        fprintf (stderr, "wordcount: %s\n", cadre_imap_message (counts));
        failed++;
    }
    cadre_imap_destroy (&counts);
    return failed;
}

int main (int argc, char **argv)
{
    if (argc < 2) {
        fprintf (stderr, "wordcount: which plugin? Usage: wordcount words.so [FILE...]\n");
        return 64;
    }
    const char *plugins [] = {argv [1], NULL};
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.plugins = plugins});
    if (!pool) {
        fprintf (stderr, "wordcount: %s\n", cadre_open_message ());
        return cadre_error_exit_code (cadre_open_error ());
    }

    names_t names = {.next = argc > 2 ? argv + 2 : NULL};
    int64_t totals [3] = {0, 0, 0};
    double start = seconds_now ();
    uint64_t failed = add_up (pool, &names, totals);
    double seconds = seconds_now () - start;
    cadre_close (&pool, 5000);
    free (names.line);

    printf ("%lld %lld %lld total\n", (long long) totals [0], (long long) totals [1],
            (long long) totals [2]);
    fprintf (stderr, "wordcount: %llu tasks in %.3f s, %.0f a second\n",
             (unsigned long long) names.taken, seconds, (double) names.taken / seconds);
    return failed > 0;
}
