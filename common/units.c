//  units.c - parses and prints durations, sizes and counts

#include "common/units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

//  A fraction has six digits: with the largest unit it still fits 64 bits
#define FRACTION_DIGITS 6
#define DURATION_MAX_MS (INT64_C (100000) * 86400000)

typedef struct number {
    uint64_t whole;    //  before the point
    uint64_t fraction; //  after it
    uint64_t scale;    //  divisor of the fraction
} number_t;

typedef struct unit {
    const char *name; //  as written
    uint64_t worth;   //  in the smallest unit
} unit_t;

static const unit_t s_durations [] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const unit_t s_sizes [] = {
    {"B", 1},
    {"K", UINT64_C (1) << 10},
    {"M", UINT64_C (1) << 20},
    {"G", UINT64_C (1) << 30},
    {"T", UINT64_C (1) << 40},
};

#define COUNT(array) (sizeof (array) / sizeof *(array))

static bool s_digit (char c)
{
    return c >= '0' && c <= '9';
}

//  Parses "12" or "1.5" and advances *TEXT.
static bool s_units_number (const char **text, number_t *number)
{
    const char *next = *text;
    *number = (number_t){.scale = 1};
    if (!s_digit (*next))
        return false;
    for (; s_digit (*next); next++)
        if (__builtin_mul_overflow (number->whole, 10, &number->whole)
            || __builtin_add_overflow (number->whole, (uint64_t) (*next - '0'), &number->whole))
            return false;
    if (*next == '.') {
        if (!s_digit (*++next))
            return false;
        for (int digits = 0; s_digit (*next); next++)
            if (digits++ < FRACTION_DIGITS) {
                number->fraction = number->fraction * 10 + (uint64_t) (*next - '0');
                number->scale *= 10;
            }
    }
    *text = next;
    return true;
}

//  Adds the number times its unit, rounded; false if that overflows.
static bool s_units_add (uint64_t *total, const number_t *number, uint64_t worth)
{
    uint64_t product;
    uint64_t rest = (number->fraction * worth + number->scale / 2) / number->scale;
    return !__builtin_mul_overflow (number->whole, worth, &product)
           && !__builtin_add_overflow (*total, product, total)
           && !__builtin_add_overflow (*total, rest, total);
}

static cadre_error_t s_no_duration (const char *text, fault_t *fault)
{
    return fault_set (
        fault, CADRE_ERROR_ARGUMENT,
        "'%.40s' is not a duration: write for instance 250ms, 90s, 5m, 1.5h, 2d or 1m30s", text);
}

//  The unit at TEXT, from FROM on; COUNT if none.
static size_t s_duration_unit (const char *text, size_t from)
{
    size_t size = strcspn (text, "0123456789");
    for (size_t i = from; i < COUNT (s_durations); i++)
        if (size == strlen (s_durations [i].name)
            && strncmp (text, s_durations [i].name, size) == 0)
            return i;
    return COUNT (s_durations);
}

cadre_error_t units_parse_duration (const char *text, int64_t *ms, fault_t *fault)
{
    uint64_t total = 0;
    size_t unit = 0;
    const char *next = text;
    do {
        number_t number;
        uint64_t worth = 1000;
        const char *start = next;
        if (!s_units_number (&next, &number))
            return s_no_duration (text, fault);
        if (*next || start != text) {
            unit = s_duration_unit (next, unit);
            if (unit == COUNT (s_durations))
                return s_no_duration (text, fault);
            worth = s_durations [unit].worth;
            next += strlen (s_durations [unit].name);
            unit++;
        }
        if (!s_units_add (&total, &number, worth) || total > (uint64_t) DURATION_MAX_MS)
            return fault_set (fault, CADRE_ERROR_ARGUMENT,
                              "'%.40s' is too long: 100000d is the most", text);
    } while (*next);
    *ms = (int64_t) total;
    return CADRE_OK;
}

//  "M", "MB", "MiB"; letters in either case, except the i.
static uint64_t s_size_worth (const char *text)
{
    if (!*text)
        return 1;
    for (size_t i = 0; i < COUNT (s_sizes); i++) {
        if ((*text & ~0x20) != s_sizes [i].name [0])
            continue;
        bool plain = text [1] == 0;
        bool suffixed = i > 0 && (strcmp (text + 1, "B") == 0 || strcmp (text + 1, "iB") == 0);
        return plain || suffixed ? s_sizes [i].worth : 0;
    }
    return 0;
}

cadre_error_t units_parse_size (const char *text, uint64_t *bytes, fault_t *fault)
{
    number_t number;
    const char *next = text;
    bool read = s_units_number (&next, &number);
    uint64_t worth = read ? s_size_worth (next) : 0;
    if (!worth || (worth == 1 && number.fraction))
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "'%.40s' is not a size: write for instance 512K, 64M, 1.5G, or a number of bytes",
            text);
    uint64_t total = 0;
    if (!s_units_add (&total, &number, worth))
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "'%.40s' is too large: 16777215T is the most", text);
    *bytes = total;
    return CADRE_OK;
}

cadre_error_t units_parse_count (const char *text, uint64_t low, uint64_t high, uint64_t *count,
                                 fault_t *fault)
{
    number_t number;
    const char *next = text;
    bool read = s_units_number (&next, &number) && !*next && number.scale == 1;
    if (!read || number.whole < low || number.whole > high)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "'%.40s' is not possible: write a whole number from %" PRIu64
                          " to %" PRIu64,
                          text, low, high);
    *count = number.whole;
    return CADRE_OK;
}

//  "1.5s", "12s": without trailing zeros.
static void s_print_seconds (uint64_t ms, const char *sign, char *buffer, size_t size)
{
    char digits [16];
    int length =
        snprintf (digits, sizeof digits, "%u.%03u", (unsigned) (ms / 1000), (unsigned) (ms % 1000));
    while (digits [length - 1] == '0')
        length--;
    if (digits [length - 1] == '.')
        length--;
    snprintf (buffer, size, "%s%.*ss", sign, length, digits);
}

const char *units_print_duration (int64_t ms, char *buffer, size_t size)
{
    const char *sign = ms < 0 ? "-" : "";
    uint64_t left = ms < 0 ? -(uint64_t) ms : (uint64_t) ms;
    if (left < 1000)
        snprintf (buffer, size, "%s%ums", sign, (unsigned) left);
    else if (left < 60000)
        s_print_seconds (left, sign, buffer, size);
    else {
        size_t i = left >= s_durations [0].worth ? 0 : left >= s_durations [1].worth ? 1 : 2;
        const unit_t *big = &s_durations [i], *small = big + 1;
        uint64_t rest = left % big->worth / small->worth;
        if (rest)
            snprintf (buffer, size, "%s%" PRIu64 "%s%" PRIu64 "%s", sign, left / big->worth,
                      big->name, rest, small->name);
        else
            snprintf (buffer, size, "%s%" PRIu64 "%s", sign, left / big->worth, big->name);
    }
    return buffer;
}

const char *units_print_size (uint64_t bytes, char *buffer, size_t size)
{
    static const char *const names [] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        snprintf (buffer, size, "%u B", (unsigned) bytes);
        return buffer;
    }
    size_t i = 0;
    double value = (double) bytes / 1024;
    //  1023.95 would be printed as 1024.0
    for (; value >= 1023.95 && i + 1 < COUNT (names); i++)
        value /= 1024;
    unsigned tenths = (unsigned) (value * 10 + 0.5);
    snprintf (buffer, size, "%u.%u %s", tenths / 10, tenths % 10, names [i]);
    return buffer;
}

const char *units_print_count (uint64_t count, char *buffer, size_t size)
{
    char digits [24];
    int length = snprintf (digits, sizeof digits, "%" PRIu64, count);
    size_t used = 0;
    for (int i = 0; i < length && used + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            buffer [used++] = ',';
        buffer [used++] = digits [i];
    }
    buffer [used] = 0;
    return buffer;
}
