/*
 *  text: a text that grows, and memory that is there or the command ends.
 *
 *      text_t out = {0};
 *      text_put (&out, "a");
 *      text_print (&out, "%d", 7);
 *      char *result = text_take (&out);      the caller's to free; out is empty again
 *
 *  A command that runs out of memory for a line cannot go on: it says so and exits with 125. One
 *  thread at a time.
 */
#ifndef CLIENT_CLI_OUTPUT_TEXT_H_INCLUDED
#define CLIENT_CLI_OUTPUT_TEXT_H_INCLUDED

#include <stdarg.h>
#include <stddef.h>

typedef struct text {
    char *bytes;     // NUL-ended once something was added
    size_t size;     // without the NUL
    size_t capacity; // of bytes
} text_t;

void text_add (text_t *self, const void *bytes, size_t size);
void text_put (text_t *self, const char *text);
void text_print (text_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void text_print_va (text_t *self, const char *format, va_list arguments)
    __attribute__ ((format (printf, 2, 0)));

//  Hand over the text, never NULL.
char *text_take (text_t *self);
//  Empty it and keep its memory, or free that too.
void text_clear (text_t *self);
void text_free (text_t *self);

//  A copy of SIZE bytes with a NUL behind them.
char *text_copy (const void *bytes, size_t size);

//  realloc that never returns NULL.
void *text_resize (void *memory, size_t size);

#endif
