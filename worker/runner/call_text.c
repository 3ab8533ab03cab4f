//  call_text.c - formats texts of functions: messages, traces, log lines

#include "worker/runner/call_text.h"

#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

//  To limit bytes with the NUL; there is room for that.
static void s_truncate (buffer_t *buffer, size_t limit)
{
    view_t text = {.data = buffer->data, .size = buffer->size};
    size_t size = utf8_cut (text, limit - 1 - UTF8_TRUNCATED_BYTES).size;
    memcpy (buffer->data + size, UTF8_TRUNCATED, UTF8_TRUNCATED_BYTES);
    buffer->size = size + UTF8_TRUNCATED_BYTES;
}

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
    utf8_repair (room, size);
    buffer->size += size;
    if (buffer->size >= limit)
        s_truncate (buffer, limit);
    buffer->data [buffer->size] = 0;
}
