/*
 *  shell_quoting.h - the quoting context of each replacement string in a shell line
 *
 *  Parses the line as POSIX shells and bash do, as far as needed to know which quotes and
 *  expansions are open at each replacement string. Nothing is guessed where shells differ, or where
 *  the text is parsed a second time (backticks, here-documents, ${...}, $'...'): the replacement
 *  string is refused, and so are later ones if the end of such a construct is uncertain. How other
 *  programs interpret their arguments (eval, let, sh -c, ssh, awk) is not considered.
 *
 *      a\x01    BARE      insert 'input', or the input itself if it is plain and the place is loose
 *      "\x01"   DOUBLE    close the quotes, insert 'input', open them again
 *      '\x01'   SINGLE    insert the input, each ' as '\''
 *      # \x01    COMMENT  insert the input on one line: only text after a newline would be executed
 *      $((\x01)) NUMBER   the shell evaluates arithmetic here and could execute what a text names:
 *                         only integers
 *
 *  Pure functions, any thread.
 */
#ifndef CLIENT_CLI_RUN_SHELL_QUOTING_H_INCLUDED
#define CLIENT_CLI_RUN_SHELL_QUOTING_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

//  Marks a replacement string in the line.
#define SHELL_QUOTING_MARK '\x01'

typedef enum shell_quoting_kind {
    SHELL_QUOTING_BARE,    //  outside of quotes
    SHELL_QUOTING_DOUBLE,  //  within "..."
    SHELL_QUOTING_SINGLE,  //  within '...'
    SHELL_QUOTING_COMMENT, //  after a #
    SHELL_QUOTING_NUMBER,  //  in arithmetic
    SHELL_QUOTING_REFUSED  //  no input is safe here
} shell_quoting_kind_t;

typedef struct shell_quoting {
    shell_quoting_kind_t kind; //  the context
    bool loose;                //  BARE, DOUBLE: a plain input needs no quotes
    bool variable; //  REFUSED: directly after a dollar sign, where even a digit changes the meaning
    const char *why; //  REFUSED: the context, such as "within backticks"
} shell_quoting_t;

//  Fills one entry of PLACES for each mark in LINE, in order.
void shell_quoting_find (const char *line, shell_quoting_t *contexts);

//  May VALUE be inserted without quotes in a loose context?
bool shell_quoting_plain (const char *value);

//  Is VALUE an integer, as arithmetic accepts it?
bool shell_quoting_number (const char *value);

#endif
