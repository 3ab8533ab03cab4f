/*
 *  say: what the command tells the person, on stderr.
 *
 *  Every sentence is one line and one write, begins with "cadre: ", and first wipes the progress
 *  line if one is shown. Data never goes this way: it goes to stdout, through stdio or emit. Any
 *  thread may say something.
 */
#ifndef CLIENT_CLI_OUTPUT_SAY_H_INCLUDED
#define CLIENT_CLI_OUTPUT_SAY_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

//  Exit codes that are not those of an error.
#define SAY_EXIT_FAILED 1        // call, map, job wait: a task failed
#define SAY_EXIT_USAGE 64        // the command line is wrong
#define SAY_EXIT_MANY 101        // run: more than 100 tasks failed
#define SAY_EXIT_OWN 125         // run: cadre's own error
#define SAY_EXIT_INTERRUPTED 130 // Ctrl-C

//  One line. What would do something to a terminal is taken out (printable.h).
void say (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

//  Say the fault's text and give the exit code that belongs to its error.
int say_fault (const fault_t *fault);

//  What a task wrote, as it is.
void say_output (const void *bytes, size_t size);

//  Show TEXT as the line that is redrawn in place, or remove it (NULL); it may colour, and what
//  others wrote in it is clean. Only call it when say_is_terminal.
void say_progress (const char *text);

//  Is stderr a terminal on which things may be redrawn?
bool say_is_terminal (void);

//  May colours be used on this stream (a descriptor)? Not with NO_COLOR, TERM=dumb, or when it is
//  no terminal.
bool say_colours (int descriptor);

//  Hand over what stdio holds for stdout: EXIT_CODE if that went well, else a line that says why
//  and 125.
int say_flush (int exit_code);

#endif
