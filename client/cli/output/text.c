//  text.c - see text.h

#include "client/cli/output/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/output/say.h"

void *text_resize (void *memory, size_t size)
{
    void *bytes = realloc (memory, size ? size : 1);
    if (!bytes) {
        say ("out of memory: cannot allocate %zu bytes", size);
        exit (SAY_EXIT_OWN);
    }
    return bytes;
}

static void s_text_reserve (text_t *self, size_t more)
{
    size_t needed = self->size + more + 1;
    if (needed <= self->capacity)
        return;
    size_t capacity = self->capacity ? self->capacity * 2 : 64;
    self->capacity = capacity < needed ? needed : capacity;
    self->bytes = text_resize (self->bytes, self->capacity);
}

void text_add (text_t *self, const void *bytes, size_t size)
{
    s_text_reserve (self, size);
    if (size > 0)
        memcpy (self->bytes + self->size, bytes, size);
    self->size += size;
    self->bytes [self->size] = '\0';
}

void text_put (text_t *self, const char *text)
{
    text_add (self, text, strlen (text));
}

void text_print_va (text_t *self, const char *format, va_list arguments)
{
    va_list again;
    va_copy (again, arguments);
    int size = vsnprintf (NULL, 0, format, again);
    va_end (again);
    if (size <= 0)
        return;
    s_text_reserve (self, (size_t) size);
    vsnprintf (self->bytes + self->size, (size_t) size + 1, format, arguments);
    self->size += (size_t) size;
}

void text_print (text_t *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    text_print_va (self, format, arguments);
    va_end (arguments);
}

char *text_take (text_t *self)
{
    text_add (self, "", 0);
    char *bytes = self->bytes;
    *self = (text_t){0};
    return bytes;
}

void text_clear (text_t *self)
{
    self->size = 0;
    if (self->bytes)
        self->bytes [0] = '\0';
}

void text_free (text_t *self)
{
    free (self->bytes);
    *self = (text_t){0};
}

char *text_copy (const void *bytes, size_t size)
{
    char *copy = text_resize (NULL, size + 1);
    if (size > 0)
        memcpy (copy, bytes, size);
    copy [size] = '\0';
    return copy;
}
