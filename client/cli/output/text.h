/*
 *  text.h - growing texts, and allocation that exits when memory runs out
 *
 *      text_t out = {0};
 *      text_put (&out, "a");
 *      text_print (&out, "%d", 7);
 *      char *result = text_take (&out);      the caller frees it; out is empty again
 *
 *  A command without memory for a line cannot continue: it prints an error and exits with 125. One
 *  thread at a time.
 */
#ifndef CLIENT_CLI_OUTPUT_TEXT_H_INCLUDED
#define CLIENT_CLI_OUTPUT_TEXT_H_INCLUDED

#include <stdarg.h>
#include <stddef.h>

typedef struct text {
    char *bytes;     //  NUL-terminated once something was added
    size_t size;     //  without the NUL
    size_t capacity; //  of bytes
} text_t;

void text_add (text_t *self, const void *bytes, size_t size);
void text_put (text_t *self, const char *text);
void text_print (text_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void text_print_va (text_t *self, const char *format, va_list arguments)
    __attribute__ ((format (printf, 2, 0)));

//  Returns the text, never NULL, and empties self.
char *text_take (text_t *self);
//  Empties it and keeps its memory, or frees that, too.
void text_clear (text_t *self);
void text_free (text_t *self);

//  A NUL-terminated copy of SIZE bytes.
char *text_copy (const void *bytes, size_t size);

//  realloc that never returns NULL.
void *text_resize (void *memory, size_t size);

#endif
