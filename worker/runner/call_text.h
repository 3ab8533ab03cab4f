/*  call_text.h - formats texts of functions: messages, traces, log lines
 *
 *  No state, any thread.
 */

#ifndef WORKER_RUNNER_CALL_TEXT_H_INCLUDED
#define WORKER_RUNNER_CALL_TEXT_H_INCLUDED

#include <stdarg.h>

#include "common/buffer.h"

//  Appends the formatted text, and a NUL after the buffer's size. The result is valid UTF-8. If the
//  buffer would have more than limit bytes including the NUL, it is truncated and ends with
//  UTF8_TRUNCATED.
void call_text_format (buffer_t *buffer, size_t limit, const char *format, va_list arguments)
    __attribute__ ((format (printf, 3, 0)));

#endif
