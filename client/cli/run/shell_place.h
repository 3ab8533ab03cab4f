/*
 *  shell_place: where in a line for the shell a replacement string stands, and so how an input is
 *  quoted there.
 *
 *  The line is read as POSIX shells and bash read it, far enough to tell the quotes and expansions
 *  that are open at each place. Where shells differ, or where the text there is read once more
 *  (backticks, here-documents, ${...}, $'...'), nothing is guessed: the place is refused, and so
 *  are those that follow something whose end is in doubt. What another program makes of its
 *  arguments (eval, let, sh -c, ssh, awk) is not seen here.
 *
 *      a\x01    BARE      put 'input', or the input itself if it is plain and the place is loose
 *      "\x01"   DOUBLE    close the quotes, put 'input', open them again
 *      '\x01'   SINGLE    put the input, each ' as '\''
 *      # \x01    COMMENT  put the input on one line: nothing is run there but what stands behind a
 *                         newline
 *      $((\x01)) NUMBER   a shell calculates here and would run what a text names: whole numbers
 *                         alone
 *
 *  Pure functions, any thread.
 */
#ifndef CLIENT_CLI_RUN_SHELL_PLACE_H_INCLUDED
#define CLIENT_CLI_RUN_SHELL_PLACE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

//  Stands for a replacement string in the line that is read.
#define SHELL_PLACE_MARK '\x01'

typedef enum shell_place_kind {
    SHELL_PLACE_BARE,    // outside of quotes
    SHELL_PLACE_DOUBLE,  // within "..."
    SHELL_PLACE_SINGLE,  // within '...'
    SHELL_PLACE_COMMENT, // behind a #
    SHELL_PLACE_NUMBER,  // in arithmetic
    SHELL_PLACE_REFUSED  // no input is safe here
} shell_place_kind_t;

typedef struct shell_place {
    shell_place_kind_t kind; // what is open here
    bool loose;              // BARE, DOUBLE: a plain input needs no quotes of its own
    bool variable;   // REFUSED: right behind a dollar sign, where even a digit means something else
    const char *why; // REFUSED: where it stands, "within backticks"
} shell_place_t;

//  Fill one entry of PLACES for each mark in LINE, in order.
void shell_place_find (const char *line, shell_place_t *places);

//  May VALUE stand without quotes in a place that is loose?
bool shell_place_plain (const char *value);

//  Is VALUE a whole number, as arithmetic takes it?
bool shell_place_number (const char *value);

#endif
