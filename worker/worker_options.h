/*  worker_options.h - cadre-worker as a function
 *
 *  The program cadre-worker, also for programs that are workers of their own functions
 *  (cadre_main). For the main thread of a process: it blocks signals, raises the limit on
 *  descriptors, and writes to stderr.
 */

#ifndef WORKER_WORKER_OPTIONS_H_INCLUDED
#define WORKER_WORKER_OPTIONS_H_INCLUDED

struct cadre_function; //  cadre.h

//  Reads options from argv [1] on and the environment, runs until it is told to leave, and returns
//  an exit code. again is the whole command line, which is executed when the worker restarts
//  itself. With functions, slots are processes of this program, unless the options say otherwise.
int worker_options_run (int argc, char **argv, char **again,
                        const struct cadre_function *functions);

#endif
