//  utf8.c - checks UTF-8

#include "common/utf8.h"

#include <string.h>

//  Length of the character that begins here; 0: invalid.
static size_t s_character (const uint8_t *at, size_t left)
{
    uint8_t lead = *at, low = 0x80, high = 0xbf;
    if (lead < 0x80)
        return 1;
    size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length == 0 || left < length)
        return 0;
    if (lead == 0xe0)
        low = 0xa0; //  Overlong below
    else if (lead == 0xed)
        high = 0x9f; //  Surrogates above
    else if (lead == 0xf0)
        low = 0x90; //  Overlong below
    else if (lead == 0xf4)
        high = 0x8f; //  Above U+10FFFF
    if (at [1] < low || at [1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at [i] & 0xc0) != 0x80)
            return 0;
    return length;
}

//  Most texts are ASCII: checks eight bytes at once.
static size_t s_ascii (const uint8_t *at, size_t left)
{
    size_t count = 0;
    uint64_t eight;
    for (; left - count >= sizeof eight; count += sizeof eight) {
        memcpy (&eight, at + count, sizeof eight);
        if (eight & UINT64_C (0x8080808080808080))
            break;
    }
    while (count < left && at [count] < 0x80)
        count++;
    return count;
}

size_t utf8_prefix (const void *bytes, size_t size_bytes)
{
    const uint8_t *start = bytes;
    size_t at = 0;
    while (at < size_bytes) {
        size_t length = s_ascii (start + at, size_bytes - at);
        if (length == 0)
            length = s_character (start + at, size_bytes - at);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

bool utf8_is_valid (view_t text)
{
    return utf8_prefix (text.data, text.size) == text.size;
}

view_t utf8_cut (view_t text, size_t limit_bytes)
{
    if (text.size <= limit_bytes)
        return text;
    size_t size = limit_bytes;
    while (size > 0 && (text.data [size] & 0xc0) == 0x80)
        size--;
    return (view_t){.data = text.data, .size = size};
}

void utf8_repair (void *bytes, size_t size_bytes)
{
    uint8_t *start = bytes;
    size_t at = utf8_prefix (start, size_bytes);
    while (at < size_bytes) {
        start [at++] = '?';
        at += utf8_prefix (start + at, size_bytes - at);
    }
}
