/*
 *  bar: one line of progress on the terminal. One thread.
 */
#ifndef CLI_BAR_H
#define CLI_BAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BAR_BYTES 160

//  "[#####.....] 50% 12 of 24, 1 failed, 5s left"; without a known total "12 done, 1 failed, 5s". Returns BUFFER.
const char *bar_print (uint64_t ended, uint64_t failed, uint64_t total, bool known, int64_t elapsed_ms,
                       char *buffer, size_t size);

#endif
