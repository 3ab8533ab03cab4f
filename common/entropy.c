//  entropy.c - random numbers from the kernel, and UUIDs

#include "common/entropy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void entropy_fill (void *bytes, size_t size)
{
    uint8_t *next = bytes;
    while (size > 0) {
        ssize_t got = getrandom (next, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            fprintf (stderr,
                     "cadre: the kernel gives no random numbers (%s): getrandom is needed\n",
                     strerror (errno));
            abort ();
        }
        next += got;
        size -= (size_t) got;
    }
}

uint64_t entropy_u64 (void)
{
    uint64_t number = 0;
    while (number == 0)
        entropy_fill (&number, sizeof number);
    return number;
}

void entropy_uuid (uint8_t uuid [ENTROPY_UUID_BYTES])
{
    entropy_fill (uuid, ENTROPY_UUID_BYTES);
    uuid [6] = (uint8_t) ((uuid [6] & 0x0F) | 0x40);
    uuid [8] = (uint8_t) ((uuid [8] & 0x3F) | 0x80);
}

static bool s_dash_before (size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

const char *entropy_uuid_print (const uint8_t uuid [ENTROPY_UUID_BYTES],
                                char text [ENTROPY_UUID_TEXT_BYTES])
{
    static const char digits [] = "0123456789abcdef";
    char *next = text;
    for (size_t i = 0; i < ENTROPY_UUID_BYTES; i++) {
        if (s_dash_before (i))
            *next++ = '-';
        *next++ = digits [uuid [i] >> 4];
        *next++ = digits [uuid [i] & 0x0F];
    }
    *next = 0;
    return text;
}

static int s_digit (char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool entropy_uuid_parse (const char *text, uint8_t uuid [ENTROPY_UUID_BYTES])
{
    if (strlen (text) != ENTROPY_UUID_TEXT_BYTES - 1)
        return false;
    uint8_t parsed [ENTROPY_UUID_BYTES];
    for (size_t i = 0; i < ENTROPY_UUID_BYTES; i++, text += 2) {
        if (s_dash_before (i) && *text++ != '-')
            return false;
        int high = s_digit (text [0]);
        int low = high < 0 ? -1 : s_digit (text [1]);
        if (low < 0)
            return false;
        parsed [i] = (uint8_t) (high << 4 | low);
    }
    memcpy (uuid, parsed, sizeof parsed);
    return true;
}

void entropy_seed_libc (void)
{
    unsigned seed;
    entropy_fill (&seed, sizeof seed);
    srandom (seed);
}
