/*
 *  line: lines for people on stdout, clean of what would do something to a terminal.
 *
 *  Whoever prints something that others may have written prints it here, by say, or as a table or
 *  JSON: tests/lint/banned knows no other way out. Through stdio; say_flush tells whether it went
 *  well. One thread.
 */
#ifndef CLIENT_CLI_OUTPUT_LINE_H_INCLUDED
#define CLIENT_CLI_OUTPUT_LINE_H_INCLUDED

//  One line; newlines within it become spaces.
void line_print (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

//  The same behind a word in a colour ("\033[31m"), or plain (NULL).
void line_print_behind (const char *colour, const char *word, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

//  A page of our own words, as it is.
void line_print_page (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

//  One line that programs may read: cleaned when stdout is a terminal, else as it is. Below 0 when
//  it could not be written.
int line_print_data (const char *text);

//  Clean TEXT if stdout is a terminal.
char *line_clean (char *text);

#endif
