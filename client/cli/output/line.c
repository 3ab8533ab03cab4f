//  line.c - see line.h

#include "client/cli/output/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/output/text.h"
#include "common/printable.h"

static void s_line_print (const char *format, va_list arguments)
{
    text_t line = {0};
    text_print_va (&line, format, arguments);
    char *text = text_take (&line);
    puts (printable (text));
    free (text);
}

void line_print (const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    s_line_print (format, arguments);
    va_end (arguments);
}

void line_print_behind (const char *colour, const char *word, const char *format, ...)
{
    printf ("%s%-4s%s", colour ? colour : "", word, colour ? "\033[0m" : "");
    va_list arguments;
    va_start (arguments, format);
    s_line_print (format, arguments);
    va_end (arguments);
}

void line_print_page (const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vprintf (format, arguments);
    va_end (arguments);
}

char *line_clean (char *text)
{
    return isatty (STDOUT_FILENO) ? printable (text) : text;
}

int line_print_data (const char *text)
{
    char *copy = line_clean (text_copy (text, strlen (text)));
    const int result = puts (copy);
    free (copy);
    return result;
}
