/*  utf8.h - checks UTF-8
 *
 *  As defined by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. Plain
 *  functions over bytes; any thread.
 */

#ifndef COMMON_UTF8_H_INCLUDED
#define COMMON_UTF8_H_INCLUDED

#include "common/cursor.h"

//  Number of bytes from the start that are complete UTF-8 characters.
size_t utf8_prefix (const void *bytes, size_t size_bytes);

bool utf8_is_valid (view_t text);

//  Truncates to at most so many bytes, between two characters.
view_t utf8_cut (view_t text, size_t limit_bytes);

//  The end of texts for people that were truncated, and the bytes that it takes.
#define UTF8_TRUNCATED " [truncated]"
#define UTF8_TRUNCATED_BYTES (sizeof UTF8_TRUNCATED - 1)

//  Replaces each byte that is not part of a character by '?'.
void utf8_repair (void *bytes, size_t size_bytes);

#endif
