//  main.c - cadre-worker

#include "worker/command.h"

#include <argp.h>
#include <stddef.h>

#include "common/heap.h"

//  Of this executable alone: a program that becomes a worker by cadre_main has a version of its own.
//  argp looks for it from outside.
__attribute__ ((visibility ("default"))) const char *argp_program_version =
    "cadre-worker " CADRE_VERSION_STRING;

int main (int argc, char **argv)
{
    heap_suit_frames ();
    return worker_command (argc, argv, argv, NULL);
}
