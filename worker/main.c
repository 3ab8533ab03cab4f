//  main.c - cadre-worker

#include "worker/command.h"

#include <stddef.h>

int main (int argc, char **argv)
{
    return worker_command (argc, argv, argv, NULL);
}
