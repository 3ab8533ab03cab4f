/*  view.h - borrowed bytes */

#ifndef COMMON_VIEW_H_INCLUDED
#define COMMON_VIEW_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  Borrowed bytes. A text is not NUL-terminated.
typedef struct view {
    const uint8_t *data; //  First byte; may be NULL when size is 0
    size_t size;         //  Bytes
} view_t;

//  Is it equal to the text?
bool view_is (view_t view, const char *text);

//  The first bytes of a text, at most max, truncated between two characters (UTF-8).
view_t view_cut (view_t text, size_t max);

//  A NUL-terminated copy, truncated to size - 1 bytes.
void view_copy (view_t view, char *buffer, size_t size);

//  A new NUL-terminated string; the caller frees it.
char *view_text (view_t view);

#endif
