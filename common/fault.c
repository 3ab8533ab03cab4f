//  fault.c - an error code with a message of one line

#include "common/fault.h"

#include <stdio.h>
#include <string.h>

#include "common/printable.h"

//  Where to truncate TEXT of SIZE bytes so that no UTF-8 character is split.
static size_t s_whole (const char *text, size_t size)
{
    size_t start = size;
    while (start > 0 && ((unsigned char) text [start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return 0;
    unsigned char lead = (unsigned char) text [start - 1];
    size_t needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return size - (start - 1) >= needed ? size : start - 1;
}

cadre_error_t fault_set_va (fault_t *self, cadre_error_t code, const char *format,
                            va_list arguments)
{
    if (!self)
        return code;
    //  The arguments may point into the text that is replaced
    char text [FAULT_TEXT_BYTES];
    int length = vsnprintf (text, sizeof text, format, arguments);
    if (length < 0)
        text [0] = 0;
    else if ((size_t) length >= sizeof text)
        text [s_whole (text, sizeof text - 1)] = 0;
    printable (text);
    self->code = code;
    memcpy (self->text, text, strlen (text) + 1);
    return code;
}

cadre_error_t fault_set (fault_t *self, cadre_error_t code, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    fault_set_va (self, code, format, arguments);
    va_end (arguments);
    return code;
}

void fault_clear (fault_t *self)
{
    if (!self)
        return;
    self->code = CADRE_OK;
    self->text [0] = 0;
}
