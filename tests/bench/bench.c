//  bench.c - chooses the measurement, and what all of them share

#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_now_s (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

uint64_t bench_count (int argc, char **argv, int index, uint64_t fallback)
{
    return argc > index ? strtoull (argv [index], NULL, 10) : fallback;
}

void bench_die (const char *what, const char *why)
{
    fprintf (stderr, "bench: %s: %s\n", what, why);
    exit (1);
}

cadre_t *bench_open (const char *where)
{
    const char *plugins [] = {getenv ("BENCH_PLUGIN"), NULL};
    cadre_options_t options = {0};
    bool threads = strcmp (where, "thread") == 0, processes = strcmp (where, "process") == 0;
    if (threads || processes) {
        options.threads = threads;
        options.slots = 2;
        options.plugins = plugins;
    }
    cadre_t *pool = cadre_open (threads || processes ? NULL : where, &options);
    if (!pool)
        bench_die (where, cadre_open_message ());
    return pool;
}

void bench_print (const char *name, double value)
{
    printf ("%s %.3f\n", name, value);
}

uint64_t bench_integer (const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    if (size == 1)
        return bytes [0];
    for (size_t i = 1; i < size; i++)
        number = number << 8 | bytes [i];
    return number;
}

static int s_compare (const void *one, const void *other)
{
    double a = *(const double *) one, b = *(const double *) other;
    return (a > b) - (a < b);
}

void bench_percentiles (const char *name, double *samples, size_t count)
{
    qsort (samples, count, sizeof *samples, s_compare);
    printf ("%s_p50 %.3f\n%s_p99 %.3f\n", name, samples [count / 2], name,
            samples [count * 99 / 100]);
}

int main (int argc, char **argv)
{
    static const struct {
        const char *name;          //  On the command line
        int (*run) (int, char **); //  The measurement
    } measurements [] = {
        {"relay", bench_relay}, {"tasks", bench_tasks},     {"map", bench_map},
        {"call", bench_call},   {"start", bench_start},     {"attack", bench_attack},
        {"log", bench_log},     {"durable", bench_durable}, {"acks", bench_acks},
        {"churn", bench_churn}, {"fill", bench_fill},       {"recovery", bench_recovery},
        {"large", bench_large}, {"beside", bench_beside}};
    for (size_t i = 0; argc > 1 && i < sizeof measurements / sizeof *measurements; i++)
        if (strcmp (argv [1], measurements [i].name) == 0)
            return measurements [i].run (argc - 2, argv + 2);
    fprintf (
        stderr,
        "usage: bench relay|tasks|map|call|start|attack|log|durable|acks|churn|fill|recovery|large|beside "
        "...\n");
    return 64;
}
