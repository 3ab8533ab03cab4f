//  main.c - cadre-worker

#include "worker/worker_options.h"

#include <argp.h>
#include <malloc.h>
#include <stddef.h>

#define LARGE_BYTES (8 * 1024 * 1024)

//  Only in this executable: a program that becomes a worker by cadre_main has its own version. argp
//  reads it, so it must be exported.
__attribute__ ((visibility ("default"))) const char *argp_program_version =
    "cadre-worker " CADRE_VERSION_STRING;

int main (int argc, char **argv)
{
    //  Frames of results are allocated by the thousand; separate pages for each would cost more
    //  than copies
    mallopt (M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt (M_TRIM_THRESHOLD, 2 * LARGE_BYTES);
    return worker_options_run (argc, argv, argv, NULL);
}
