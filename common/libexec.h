/*
 *  libexec: where cadre's other programs are.
 *
 *  A program looks beside itself and a library beside itself, so that an installation may be moved
 *  as a whole, and a program of somebody else that only links libcadre finds cadre-slot with no
 *  variable set. Any thread.
 */
#ifndef COMMON_LIBEXEC_H_INCLUDED
#define COMMON_LIBEXEC_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#define LIBEXEC_PATH_BYTES 4096

//  The program NAME: in CADRE_LIBEXEC; beside this executable, or in ../libexec/cadre from there;
//  in ../libexec/cadre, ../../libexec/cadre or
//  ../bin from the library that this code is in; where it was installed. False, and the last of
//  these, if it is in none. PATH holds LIBEXEC_PATH_BYTES.
bool libexec_find (const char *name, char *path);

//  What to execute to have this very program once more: its link in /proc, which holds when the
//  file is replaced, or its file. PATH as above.
const char *libexec_again (char *path);

//  The file of this very program, also where there is no /proc. "" if nobody knows.
const char *libexec_own (char *path);

#endif
