/*  view.h - bytes that somebody else owns */

#ifndef COMMON_VIEW_H_INCLUDED
#define COMMON_VIEW_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  Bytes of somebody else. For a text there is no NUL behind them.
typedef struct view {
    const uint8_t *data; //  First byte; may be NULL when size is 0
    size_t size;         //  Bytes
} view_t;

//  Views as text.
bool view_is (view_t view, const char *text);

//  The beginning of a text, of at most max bytes, that ends where a character does (UTF-8).
view_t view_cut (view_t text, size_t max);

//  A copy with a NUL behind it, cut to size - 1 bytes.
void view_copy (view_t view, char *buffer, size_t size);

//  A fresh string; the caller frees it.
char *view_text (view_t view);

#endif
