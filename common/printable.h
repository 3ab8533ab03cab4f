/*
 *  printable: text that a terminal may be given, whoever wrote it.
 *
 *  Names, messages and the output of other hosts come from outside. A control character among them
 *  could clear the screen, forge a line or answer for the person. So whatever is printed for people
 *  passes here, at the one place where it leaves: log lines, faults, say, listings.
 *
 *      control characters: C0 and DEL     a space
 *      C1 (U+0080 to U+009F), marks that  ?
 *      reorder or end a line (U+061C,
 *      U+200E, U+200F, U+2028 to U+202E,
 *      U+2066 to U+2069), bytes that are
 *      no UTF-8
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
    size_t size;   // bytes of it; 1 where there is none
    uint32_t code; // its number; the byte's where there is none
    bool valid;    // it is UTF-8
    bool clean;    // it may be printed
} printable_character_t;

//  The character at TEXT, of which SIZE bytes are left, at least one.
printable_character_t printable_read (const char *text, size_t size);

//  Clean TEXT in place; it becomes no longer. Returns TEXT.
char *printable (char *text);

//  The same of SIZE bytes; returns how many are left.
size_t printable_bytes (char *text, size_t size);

#endif
