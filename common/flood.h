/*
 *  flood: lines of the log that are too many.
 *
 *  What peers do is logged, so peers could fill a disk. Of each number (`B020`) FLOOD_BURST lines
 *  may come at once, and then one a second; what is left out is counted, and told in one line when
 *  the next may come. A plain value, zero at the beginning; it knows no clock and no lock.
 */
#ifndef COMMON_FLOOD_H_INCLUDED
#define COMMON_FLOOD_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOOD_BURST 200u     // lines of one number that may come at once
#define FLOOD_US 1000000     // then one in so many microseconds
#define FLOOD_NAMES_MAX 128u // numbers that are told apart; those beyond share the last place
#define FLOOD_NAME_BYTES 17u

typedef struct flood_line {
    char name [FLOOD_NAME_BYTES]; // the number
    uint32_t taken;               // of the burst, at the time since_us
    int64_t since_us;             // up to when taken was given back
    uint64_t left_out;            // lines since one was written
} flood_line_t;

typedef struct flood {
    flood_line_t lines [FLOOD_NAMES_MAX]; // by number, in the order of their first line
    size_t count;                         // how many
    uint64_t total;                       // lines left out, ever
} flood_t;

//  May a line of this number be written now? If so, *LEFT_OUT is how many were left out since the
//  one before.
bool flood_admit (flood_t *self, const char *name, int64_t now_us, uint64_t *left_out);

//  A number of which lines were left out and one may be written now, for the count: true, and they
//  are told. False: there is none.
bool flood_next (flood_t *self, int64_t now_us, const char **name, uint64_t *left_out);

#endif
