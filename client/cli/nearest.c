//  nearest.c - see nearest.h

#include "client/cli/nearest.h"

#include <string.h>

#define NAME_MAX_BYTES 63

static size_t s_least (size_t one, size_t other)
{
    return one < other ? one : other;
}

size_t nearest_distance (const char *one, const char *other)
{
    const size_t rows = strnlen (one, NAME_MAX_BYTES);
    const size_t columns = strnlen (other, NAME_MAX_BYTES);
    size_t cost [NAME_MAX_BYTES + 1][NAME_MAX_BYTES + 1];
    for (size_t i = 0; i <= rows; i++)
        cost [i][0] = i;
    for (size_t j = 0; j <= columns; j++)
        cost [0][j] = j;
    for (size_t i = 1; i <= rows; i++)
        for (size_t j = 1; j <= columns; j++) {
            const size_t differ = one [i - 1] != other [j - 1];
            cost [i][j] =
                s_least (s_least (cost [i - 1][j], cost [i][j - 1]) + 1, cost [i - 1][j - 1] + differ);
            if (i > 1 && j > 1 && one [i - 1] == other [j - 2] && one [i - 2] == other [j - 1])
                cost [i][j] = s_least (cost [i][j], cost [i - 2][j - 2] + 1);
        }
    return cost [rows][columns];
}

bool nearest_is_close (const char *name, const char *known)
{
    size_t size = strlen (name);
    if (size >= 2 && strncmp (name, known, size) == 0)
        return true;
    size_t longest = size > strlen (known) ? size : strlen (known);
    return nearest_distance (name, known) <= 1 + longest / 4;
}
