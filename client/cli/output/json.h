/*
 *  json: values as JSON text, both ways.
 *
 *  JSON has no bytes and no NaN: a blob, and a text that is not UTF-8, is {"base64": "..."}; NaN
 *  and the infinities are {"double": "nan"}, "inf", "-inf". Both forms are read, too. Integers are
 *  exact within 64 bits (read: -2^63 to 2^63-1), doubles survive the way there and back. A map
 *  whose keys are integers is an object whose keys are their decimal text; with keys of both kinds,
 *  which could not be told apart, it is {"pairs": [[1, ...], ["1", ...]]}. A failed item of a map
 *  is {"error": {"kind": ..., "message": ..., "trace": ...}}. Any thread.
 */
#ifndef CLIENT_CLI_OUTPUT_JSON_H_INCLUDED
#define CLIENT_CLI_OUTPUT_JSON_H_INCLUDED

#include <cadre.h>
#include <stddef.h>

#include "common/fault.h"

//  One value, and nothing behind it. NULL and a fault (CADRE_ERROR_ARGUMENT) that says what is
//  wrong, without saying where the text came from.
cadre_value_t *json_read (const char *text, size_t size, fault_t *fault);

//  One line without spaces (indent 0), or one item a line, indented; the caller's to free. VALUE
//  may be NULL: null.
char *json_write (const cadre_value_t *value, unsigned indent);

//  Put what json_write made, or the same of VALUE, on stdout as a line. Below 0 when that failed.
int json_put (const char *json);
int json_print (const cadre_value_t *value, unsigned indent);

//  {"error": {...}} on one line; the caller's to free.
char *json_write_error (const char *kind, const char *message);

#endif
