/*
 *  fault.h - an error code with a message of one line
 *
 *  The message is made where the facts are known (which address, which file, which limit), gives
 *  the cause and then the cure, and is passed on with the code. A fault is a plain value without
 *  memory of its own. One thread at a time.
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
    cadre_error_t code;           //  CADRE_OK while nothing is wrong
    char text [FAULT_TEXT_BYTES]; //  one line of UTF-8, NUL-terminated
} fault_t;

//  Sets code and text, and returns code, so a function can end with `return fault_set (fault,
//  ...)`. SELF may be NULL. Control characters are removed (printable.h); a long text is truncated
//  between two UTF-8 characters, and says so. An earlier fault is replaced.
cadre_error_t fault_set (fault_t *self, cadre_error_t code, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
cadre_error_t fault_set_va (fault_t *self, cadre_error_t code, const char *format,
                            va_list arguments) __attribute__ ((format (printf, 3, 0)));

//  Resets it to CADRE_OK and an empty text. SELF may be NULL.
void fault_clear (fault_t *self);

#endif
