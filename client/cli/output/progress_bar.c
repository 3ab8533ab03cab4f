//  progress_bar.c - see progress_bar.h

#include "client/cli/output/progress_bar.h"

#include <stdio.h>
#include <string.h>

#include "common/units.h"

#define CELLS 20

//  Whole seconds, to avoid flicker.
static void s_print_seconds (int64_t ms, char *buffer, size_t size)
{
    if (ms < 1000)
        snprintf (buffer, size, "0s");
    else
        units_print_duration (ms / 1000 * 1000, buffer, size);
}

const char *progress_bar_print (uint64_t ended, uint64_t failed, uint64_t total, bool known,
                                int64_t elapsed_ms, char *buffer, size_t size)
{
    char count [UNITS_TEXT_BYTES], all [UNITS_TEXT_BYTES], time [UNITS_TEXT_BYTES];
    char trouble [UNITS_TEXT_BYTES + 16] = "";
    units_print_count (ended, count, sizeof count);
    if (failed > 0) {
        char number [UNITS_TEXT_BYTES];
        snprintf (trouble, sizeof trouble, ", %s failed",
                  units_print_count (failed, number, sizeof number));
    }
    if (!known || total == 0) {
        s_print_seconds (elapsed_ms, time, sizeof time);
        snprintf (buffer, size, "%s done%s, %s", count, trouble, time);
        return buffer;
    }
    char cells [CELLS + 1];
    const size_t full = (size_t) (ended * CELLS / total);
    memset (cells, '.', CELLS);
    memset (cells, '#', full > CELLS ? CELLS : full);
    cells [CELLS] = '\0';
    units_print_count (total, all, sizeof all);
    int printed = snprintf (buffer, size, "[%s] %d%% %s of %s%s", cells,
                            (int) (ended * 100 / total), count, all, trouble);
    if (ended == 0 || printed < 0 || (size_t) printed >= size)
        return buffer;
    s_print_seconds ((int64_t) ((double) elapsed_ms / (double) ended * (double) (total - ended)),
                     time, sizeof time);
    snprintf (buffer + printed, size - (size_t) printed, ", %s left", time);
    return buffer;
}
