/*
 *  libexec.h - finds cadre's other programs
 *
 *  A program searches relative to its own path, and a library relative to its own. So an
 *  installation may be moved as a whole, and another program that links libcadre finds cadre-slot
 *  without any variable. Any thread.
 */
#ifndef COMMON_LIBEXEC_H_INCLUDED
#define COMMON_LIBEXEC_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#define LIBEXEC_PATH_BYTES 4096

//  Finds the program NAME: in CADRE_LIBEXEC; in the folder of this executable, or its
//  ../libexec/cadre; in ../libexec/cadre, ../../libexec/cadre or ../bin relative to the library
//  with this code; at the installation path. False, and the installation path, if it is not found.
//  PATH holds LIBEXEC_PATH_BYTES.
bool libexec_find (const char *name, char *path);

//  The path by which this program can be executed again: its file or, when that is not there, its
//  link in /proc. PATH as above.
const char *libexec_again (char *path);

//  PROGRAM; but its link in /proc if PROGRAM was the file of this program and has been removed or
//  replaced: another file of that name may be another version.
const char *libexec_present (const char *program);

//  The file of this program; works without /proc, too. "" if it is unknown.
const char *libexec_own (char *path);

#endif
