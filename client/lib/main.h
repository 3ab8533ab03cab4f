/*  main.h - cadre_main: one program as client, slot and worker
 *
 *  cadre_main serves when the program was started as a slot or as a worker. Otherwise it stores the
 *  given functions, which embedded pools then offer. Call it before any pool is opened.
 */

#ifndef CLIENT_LIB_MAIN_H_INCLUDED
#define CLIENT_LIB_MAIN_H_INCLUDED

#include "client/lib/embedded/local.h"

//  The arguments of cadre_main.
local_program_t main_program (void);

#endif
