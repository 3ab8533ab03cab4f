/*
 *  nearest: names that somebody may have meant. Any thread.
 */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

//  Changes of one letter (insert, drop, replace, swap two neighbours) between two names; names beyond 63 bytes are cut.
size_t nearest_distance (const char *one, const char *other);

//  Is NAME a likely slip for KNOWN: one begins with the other, or few letters differ?
bool nearest_is_close (const char *name, const char *known);

#endif
