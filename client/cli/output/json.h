/*
 *  json.h - converts values to JSON text and back
 *
 *  JSON has no bytes and no NaN: a blob, and a text that is not UTF-8, is {"base64": "..."}; NaN
 *  and the infinities are {"double": "nan"}, "inf", "-inf". Both forms are also read. Integers are
 *  exact within 64 bits (read: -2^63 to 2^63-1), and doubles round-trip. A map whose keys are
 *  integers is an object whose keys are their decimal text; a map with both kinds of keys, which
 *  would be ambiguous, is {"pairs": [[1, ...], ["1", ...]]}. A failed item of a map is {"error":
 *  {"kind": ..., "message": ..., "trace": ...}}. Any thread.
 */
#ifndef CLIENT_CLI_OUTPUT_JSON_H_INCLUDED
#define CLIENT_CLI_OUTPUT_JSON_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

//  Reads exactly one value. NULL and a fault (CADRE_ERROR_ARGUMENT) that describes the error
//  without the origin of the text.
cadre_value_t *json_read (const char *text, size_t size, fault_t *fault);

//  Writes one line without spaces (indent 0), or one item per line, indented; the caller frees it.
//  VALUE may be NULL: null.
char *json_write (const cadre_value_t *value, unsigned indent);

//  Print a text of json_write, or VALUE, on stdout as a line. Negative on failure.
int json_put (const char *json);
int json_print (const cadre_value_t *value, unsigned indent);

//  Print an array item by item, as json_print would print it with an indent of 2. FIRST: it begins
//  the array. At the end: BEGUN, if there was an item.
void json_print_item (const cadre_value_t *value, bool first);
void json_print_items_end (bool begun);

//  {"error": {...}} on one line; the caller frees it.
char *json_write_error (const char *kind, const char *message);

#endif
