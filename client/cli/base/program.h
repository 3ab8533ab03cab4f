/*
 *  program: where cadre's other programs are. Any thread.
 */
#ifndef CLIENT_CLI_BASE_PROGRAM_H_INCLUDED
#define CLIENT_CLI_BASE_PROGRAM_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

//  The path of NAME: in CADRE_LIBEXEC (cadre-slot), beside this program, in its ../libexec/cadre,
//  where it was installed, or in PATH. False if it is nowhere.
bool program_find (const char *name, char *path, size_t size);

//  Become NAME with the arguments behind argv [0]. Returns only if that fails: 69, after it was
//  said why.
int program_become (const char *name, char **argv);

#endif
