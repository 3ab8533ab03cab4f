/*  main.h - one program as client, slot and worker
 *
 *  cadre_main serves when the program was started as a slot or as a worker. Else it remembers the
 *  functions that were given, which pools of this machine then offer. It is called before any pool
 *  is opened.
 */

#ifndef CLIENT_LIB_MAIN_H_INCLUDED
#define CLIENT_LIB_MAIN_H_INCLUDED

#include "client/lib/embedded/local.h"

//  What cadre_main was given.
local_program_t main_program (void);

#endif
