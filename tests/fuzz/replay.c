//  Stands in for libFuzzer where it is not built in: gives every file of the folders named on the
//  command line to the fuzzer's entry, and the empty input too.

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_BYTES_MAX (4u << 20)

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

static int s_replay_file (const char *path)
{
    FILE *file = fopen (path, "rb");
    if (!file) {
        perror (path);
        return 1;
    }
    uint8_t *bytes = malloc (INPUT_BYTES_MAX);
    size_t size = bytes ? fread (bytes, 1, INPUT_BYTES_MAX, file) : 0;
    uint8_t *exact = malloc (size ? size : 1); // so that reading one byte too many is seen
    for (size_t at = 0; exact && at < size; at++)
        exact [at] = bytes [at];
    int rc = exact ? LLVMFuzzerTestOneInput (exact, size) : 1;
    free (exact);
    free (bytes);
    fclose (file);
    return rc;
}

static int s_replay_folder (const char *folder, size_t *count)
{
    DIR *dir = opendir (folder);
    if (!dir) {
        perror (folder);
        return 1;
    }
    int failures = 0;
    for (struct dirent *entry = readdir (dir); entry; entry = readdir (dir)) {
        char path [PATH_MAX];
        if (entry->d_name [0] == '.')
            continue;
        snprintf (path, sizeof path, "%s/%s", folder, entry->d_name);
        failures += s_replay_file (path);
        (*count)++;
    }
    closedir (dir);
    return failures;
}

int main (int argc, char **argv)
{
    size_t count = 0;
    int failures = LLVMFuzzerTestOneInput ((const uint8_t *) "", 0);
    for (int i = 1; i < argc; i++)
        failures += s_replay_folder (argv [i], &count);
    printf ("%zu inputs replayed\n", count);
    return failures || count == 0;
}
