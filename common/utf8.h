/*  utf8.h - is it text?
 *
 *  UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond
 *  U+10FFFF. Plain functions over bytes; any thread may call them.
 */

#ifndef COMMON_UTF8_H_INCLUDED
#define COMMON_UTF8_H_INCLUDED

#include "common/cursor.h"

//  Bytes from the start on that are whole characters of UTF-8.
size_t utf8_prefix (const void *bytes, size_t size_bytes);

bool utf8_is_valid (view_t text);

//  Cut to at most so many bytes, between two characters.
view_t utf8_cut (view_t text, size_t limit_bytes);

//  Puts '?' in the place of each byte that is part of no character.
void utf8_repair (void *bytes, size_t size_bytes);

#endif
