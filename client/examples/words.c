/*  words.c - a plugin: one function that counts the words of a file
 *
 *      gcc -shared -fPIC words.c $(pkg-config --cflags cadre) -o words.so
 *      cadre call --plugin ./words.so count_words '"README.md"'
 *
 *  A worker that was started with `--plugin words.so` serves it to all clients of its broker.
 */

#include <cadre.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

//  What wc counts.
typedef struct counts {
    int64_t lines; //  Newlines
    int64_t words; //  Runs of bytes that are no white space
    int64_t bytes; //  All of them
} counts_t;

static void count_bytes (counts_t *counts, const unsigned char *bytes, size_t size, bool *in_word)
{
    for (size_t i = 0; i < size; i++) {
        bool space = bytes [i] == ' ' || (bytes [i] >= '\t' && bytes [i] <= '\r');
        counts->lines += bytes [i] == '\n';
        counts->words += !space && !*in_word;
        *in_word = !space;
    }
    counts->bytes += (int64_t) size;
}

static cadre_error_t count_words (cadre_task_t *task)
{
    const char *path = cadre_arg_text (task, 0);
    FILE *file = fopen (path, "rbe");
    if (!file)
        return cadre_fail (task, "io", "%s: %s", path, strerror (errno));

    counts_t counts = {0, 0, 0};
    unsigned char buffer [65536];
    bool in_word = false;
    size_t size;
    while ((size = fread (buffer, 1, sizeof buffer, file)) > 0 && !cadre_task_cancelled (task))
        count_bytes (&counts, buffer, size, &in_word);
    int reason = ferror (file) ? errno : 0;
    fclose (file);
    if (reason)
        return cadre_fail (task, "io", "%s: %s", path, strerror (reason));

    cadre_value_t *map = cadre_value_build ("{s: i, s: i, s: i}", "lines", counts.lines, "words",
                                            counts.words, "bytes", counts.bytes);
    return cadre_return_value (task, &map);
}

static const cadre_function_t functions [] = {{.name = "count_words",
                                               .run = count_words,
                                               .takes = "s",
                                               .says = "lines, words and bytes of a file"},
                                              {0}};

CADRE_PLUGIN (functions)
