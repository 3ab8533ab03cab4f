//  view.c - borrowed bytes

#include "common/view.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool view_is (view_t view, const char *text)
{
    return view.size == strlen (text)
           && (view.size == 0 || memcmp (view.data, text, view.size) == 0);
}

view_t view_cut (view_t text, size_t max)
{
    if (text.size <= max)
        return text;
    while (max > 0 && (text.data [max] & 0xc0) == 0x80)
        max--;
    text.size = max;
    return text;
}

void view_copy (view_t view, char *buffer, size_t size)
{
    assert (size > 0);
    size_t length = view.size < size ? view.size : size - 1;
    if (length)
        memcpy (buffer, view.data, length);
    buffer [length] = 0;
}

char *view_text (view_t view)
{
    char *text = malloc (view.size + 1);
    assert (text);
    view_copy (view, text, view.size + 1);
    return text;
}
