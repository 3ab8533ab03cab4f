/*
 *  program.h - finds and executes cadre's other programs. Any thread.
 */
#ifndef CLIENT_CLI_BASE_PROGRAM_H_INCLUDED
#define CLIENT_CLI_BASE_PROGRAM_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

//  Finds NAME in CADRE_LIBEXEC (cadre-slot only), in the folder of this program, in its
//  ../libexec/cadre, at the installation path, or in PATH. False if it is not found.
bool program_find (const char *name, char *path, size_t size);

//  Executes NAME with the arguments after argv [0]. Returns only on failure: 69, after an error
//  message.
int program_become (const char *name, char **argv);

#endif
