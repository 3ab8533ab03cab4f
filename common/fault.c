//  fault.c - an error code with a message of one line

#include "common/fault.h"

#include <stdio.h>
#include <string.h>

#include "common/printable.h"
#include "common/utf8.h"

//  TEXT fills its SIZE bytes, and there was more.
static void s_truncate (char *text, size_t size)
{
    view_t all = {.data = (const uint8_t *) text, .size = size - 1};
    size_t whole = utf8_cut (all, size - 1 - UTF8_TRUNCATED_BYTES).size;
    memcpy (text + whole, UTF8_TRUNCATED, UTF8_TRUNCATED_BYTES + 1);
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
        s_truncate (text, sizeof text);
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
