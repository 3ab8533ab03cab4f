/*
 *  fault: an error code together with one line for people.
 *
 *  The line is made where the facts are known (which address, which file, which limit), names the
 *  cause and then the cure, and travels with the code. A fault is a plain value: put it on the
 *  stack, copy it, keep it in an object. It owns nothing, so it needs no destroy. One thread at a
 *  time.
 *
 *      fault_t fault = {0};
 *      if (address_parse (&address, text, &fault) != CADRE_OK)
 *          fprintf (stderr, "%s\n", fault.text);
 */
#ifndef COMMON_FAULT_H_INCLUDED
#define COMMON_FAULT_H_INCLUDED

#include <stdarg.h>
#include <stddef.h>

#include "common/cadre_error.h"

#define FAULT_TEXT_BYTES 512

typedef struct fault {
    cadre_error_t code;           // CADRE_OK while nothing is wrong
    char text [FAULT_TEXT_BYTES]; // one line of UTF-8, always ended by a NUL
} fault_t;

//  Record code and text, and return code, so that a function can end with `return fault_set (fault,
//  ...)`. SELF may be NULL: then nobody wants the text. What would do something to a terminal is
//  taken out (printable.h); what is too long is cut between two characters of UTF-8. An earlier
//  fault is replaced.
cadre_error_t fault_set (fault_t *self, cadre_error_t code, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
cadre_error_t fault_set_va (fault_t *self, cadre_error_t code, const char *format,
                            va_list arguments) __attribute__ ((format (printf, 3, 0)));

//  Back to CADRE_OK and an empty text. SELF may be NULL.
void fault_clear (fault_t *self);

#endif
