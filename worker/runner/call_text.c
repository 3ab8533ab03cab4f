//  call_text.c - formats texts of functions: messages, traces, log lines

#include "worker/runner/call_text.h"

#include <stdio.h>

#include "common/utf8.h"

void call_text_format (buffer_t *buffer, size_t limit, const char *format, va_list arguments)
{
    va_list again;
    va_copy (again, arguments);
    char *room = (char *) buffer_reserve (buffer, 256);
    int length = vsnprintf (room, 256, format, arguments);
    size_t size = length < 0 ? 0 : (size_t) length;
    if (size >= 256) {
        room = (char *) buffer_reserve (buffer, size + 1);
        vsnprintf (room, size + 1, format, again);
    }
    va_end (again);
    if (buffer->size + size + 1 > limit) {
        size = buffer->size + 1 < limit ? limit - buffer->size - 1 : 0;
        while (size > 0 && ((uint8_t) room [size] & 0xc0) == 0x80)
            size--;
    }
    room [size] = 0;
    utf8_repair (room, size);
    buffer->size += size;
}
