/*
 *  printable.h - makes foreign text safe for a terminal
 *
 *  Names, messages and the output of other hosts are external. Control characters in them could
 *  clear the screen, fake a line, or send input to the terminal. So all text for people is cleaned
 *  where it is printed: log lines, faults, say, listings.
 *
 *      control characters: C0 and DEL     become a space
 *      C1 (U+0080 to U+009F), marks that  become ?
 *      reorder or end a line (U+061C,
 *      U+200E, U+200F, U+2028 to U+202E,
 *      U+2066 to U+2069), invalid UTF-8
 *
 *  Pure functions, any thread.
 */
#ifndef COMMON_PRINTABLE_H_INCLUDED
#define COMMON_PRINTABLE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  One character of a text.
typedef struct printable_character {
    size_t size;   //  number of bytes; 1 if invalid
    uint32_t code; //  its code point; the byte's value if invalid
    bool valid;    //  it is valid UTF-8
    bool clean;    //  it may be printed
} printable_character_t;

//  Reads the character at TEXT, of which SIZE bytes are left, at least one.
printable_character_t printable_read (const char *text, size_t size);

//  Cleans TEXT in place; it does not become longer. Returns TEXT.
char *printable (char *text);

//  The same for SIZE bytes; returns the new size.
size_t printable_bytes (char *text, size_t size);

#endif
