//  main.c - cadre-worker

#include "worker/worker_options.h"

#include <argp.h>
#include <malloc.h>
#include <stddef.h>

#define LARGE_BYTES (8 * 1024 * 1024)

//  Of this executable alone: a program that becomes a worker by cadre_main has a version of its
//  own. argp looks for it from outside.
__attribute__ ((visibility ("default"))) const char *argp_program_version =
    "cadre-worker " CADRE_VERSION_STRING;

int main (int argc, char **argv)
{
    //  Frames of results come and go by the thousand; pages from the system for each cost more than
    //  copies
    mallopt (M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt (M_TRIM_THRESHOLD, 2 * LARGE_BYTES);
    return worker_options_run (argc, argv, argv, NULL);
}
