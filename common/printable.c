//  printable.c - see printable.h

#include "common/printable.h"

#include <string.h>

#define CODE_MOST 0x10FFFFu

//  Length of a character that begins with BYTE; 0: invalid first byte.
static size_t s_length (unsigned char byte)
{
    if (byte < 0x80)
        return 1;
    if (byte >= 0xC2 && byte <= 0xDF)
        return 2;
    if (byte >= 0xE0 && byte <= 0xEF)
        return 3;
    return byte >= 0xF0 && byte <= 0xF4 ? 4 : 0;
}

//  Overlong, a surrogate, or above U+10FFFF.
static bool s_is_odd (uint32_t code, size_t length)
{
    static const uint32_t least [] = {0, 0, 0x80, 0x800, 0x10000};
    return code < least [length] || (code >= 0xD800 && code <= 0xDFFF) || code > CODE_MOST;
}

//  Marks that change the order of text, or end a line.
static bool s_is_mark (uint32_t code)
{
    return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E)
           || (code >= 0x2066 && code <= 0x2069);
}

static bool s_is_control (uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

printable_character_t printable_read (const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *) text;
    const printable_character_t none = {.size = 1, .code = bytes [0]};
    const size_t length = s_length (bytes [0]);
    if (length == 0 || length > size)
        return none;
    uint32_t code = length == 1 ? bytes [0] : bytes [0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes [i] & 0xC0) != 0x80)
            return none;
        code = code << 6 | (bytes [i] & 0x3Fu);
    }
    if (s_is_odd (code, length))
        return none;
    return (printable_character_t){.size = length,
                                   .code = code,
                                   .valid = true,
                                   .clean = !s_is_control (code) && !s_is_mark (code)};
}

size_t printable_bytes (char *text, size_t size)
{
    size_t used = 0;
    for (size_t at = 0; at < size;) {
        const printable_character_t character = printable_read (text + at, size - at);
        if (character.clean) {
            memmove (text + used, text + at, character.size);
            used += character.size;
        } else {
            text [used++] = character.code < 0x80 ? ' ' : '?';
        }
        at += character.size;
    }
    return used;
}

char *printable (char *text)
{
    text [printable_bytes (text, strlen (text))] = '\0';
    return text;
}
