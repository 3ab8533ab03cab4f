/*  call_text.h - texts that a function gives in its own words: messages, traces, log lines
 *
 *  No state, any thread.
 */

#ifndef WORKER_RUNNER_CALL_TEXT_H_INCLUDED
#define WORKER_RUNNER_CALL_TEXT_H_INCLUDED

#include <stdarg.h>

#include "common/buffer.h"

//  Appends the formatted text and a NUL behind the buffer's size. It is valid UTF-8, and so short
//  that the buffer has at most limit bytes with the NUL; it is cut between two characters.
void call_text_format (buffer_t *buffer, size_t limit, const char *format, va_list arguments)
    __attribute__ ((format (printf, 3, 0)));

#endif
