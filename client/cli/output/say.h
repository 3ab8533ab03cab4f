/*
 *  say.h - messages for the user on stderr
 *
 *  Every message is one line and one write, begins with "cadre: ", and first erases the progress
 *  line if one is shown. Data is never printed this way: it goes to stdout, through stdio or emit.
 *  Any thread.
 */
#ifndef CLIENT_CLI_OUTPUT_SAY_H_INCLUDED
#define CLIENT_CLI_OUTPUT_SAY_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

//  Exit codes that do not belong to an error code.
#define SAY_EXIT_FAILED 1        //  call, map, job wait: a task failed
#define SAY_EXIT_USAGE 64        //  the command line is wrong
#define SAY_EXIT_MANY 101        //  run: more than 100 tasks failed
#define SAY_EXIT_OWN 125         //  run: cadre's own error
#define SAY_EXIT_INTERRUPTED 130 //  Ctrl-C
#define SAY_EXIT_PIPE 141        //  the reader of a listing has closed it, as SIGPIPE would end it

//  Prints one line. Control characters are removed (printable.h).
void say (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

//  Prints the fault's text and returns the exit code of its error.
int say_fault (const fault_t *fault);

//  Prints output of a task, unchanged.
void say_output (const void *bytes, size_t size);

//  Shows TEXT as the progress line, which is redrawn in place, or removes it (NULL). TEXT may
//  contain colours; text from others in it must be cleaned. Call only when say_is_terminal.
void say_progress (const char *text);

//  Is stderr a terminal on which lines can be redrawn?
bool say_is_terminal (void);

//  May colours be used on this descriptor? Not with NO_COLOR, TERM=dumb, or when it is not a
//  terminal.
bool say_colours (int descriptor);

//  Flushes stdout: returns EXIT_CODE on success; else prints the reason and returns 125. With
//  SAY_EXIT_PIPE it ends the process by SIGPIPE.
int say_flush (int exit_code);

#endif
