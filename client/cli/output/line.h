/*
 *  line.h - prints lines for people on stdout, without control characters
 *
 *  Text that may come from others must be printed through this module, say, table or json;
 *  tests/lint/banned enforces that. Uses stdio; say_flush reports write errors. One thread.
 */
#ifndef CLIENT_CLI_OUTPUT_LINE_H_INCLUDED
#define CLIENT_CLI_OUTPUT_LINE_H_INCLUDED

//  Prints one line; newlines within it become spaces.
void line_print (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

//  The same after a word in a colour ("\033[31m"), or without colour (NULL).
void line_print_behind (const char *colour, const char *word, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

//  Prints a page of our own text, unchanged.
void line_print_page (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

//  Prints one line that programs may read: cleaned when stdout is a terminal, else unchanged.
//  Negative on failure.
int line_print_data (const char *text);

//  Cleans TEXT if stdout is a terminal.
char *line_clean (char *text);

#endif
