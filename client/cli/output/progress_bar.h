/*
 *  progress_bar.h - a progress line for the terminal. One thread.
 */
#ifndef CLIENT_CLI_OUTPUT_PROGRESS_BAR_H_INCLUDED
#define CLIENT_CLI_OUTPUT_PROGRESS_BAR_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_BAR_BYTES 160

//  "[#####.....] 50% 12 of 24, 1 failed, 5s left"; without a known total "12 done, 1 failed, 5s".
//  Returns BUFFER.
const char *progress_bar_print (uint64_t ended, uint64_t failed, uint64_t total, bool known,
                                int64_t elapsed_ms, char *buffer, size_t size);

#endif
