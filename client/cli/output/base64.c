//  base64.c - see base64.h

#include "client/cli/output/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/output/text.h"

static const char s_digits [] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_write (const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    char *text = text_resize (NULL, (size + 2) / 3 * 4 + 1);
    char *to = text;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t) from [i] << 16;
        group |= i + 1 < size ? (uint32_t) from [i + 1] << 8 : 0;
        group |= i + 2 < size ? from [i + 2] : 0u;
        *to++ = s_digits [group >> 18];
        *to++ = s_digits [group >> 12 & 63];
        *to++ = i + 1 < size ? s_digits [group >> 6 & 63] : '=';
        *to++ = i + 2 < size ? s_digits [group & 63] : '=';
    }
    *to = '\0';
    return text;
}

void *base64_read (const char *text, size_t length, size_t *size)
{
    while (length > 0 && text [length - 1] == '=')
        length--;
    if (length % 4 == 1)
        return NULL;
    uint8_t *bytes = text_resize (NULL, length / 4 * 3 + 3);
    uint32_t group = 0;
    unsigned bits = 0;
    *size = 0;
    for (size_t i = 0; i < length; i++) {
        const char *digit = text [i] ? strchr (s_digits, text [i]) : NULL;
        if (!digit) {
            free (bytes);
            return NULL;
        }
        group = group << 6 | (uint32_t) (digit - s_digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes [(*size)++] = (uint8_t) (group >> bits);
        }
    }
    return bytes;
}
