/*  value.h - nested data: arguments and results of tasks
 *
 *  The implementation of cadre_value.h, and further functions for our own use. A value is a tree of
 *  nodes: the elements of a list are in one array, the pairs of a map in another (key, value, key,
 *  value ...). Only a root can be changed, because all other nodes are returned as const. So a root
 *  knows its depth, and nothing deeper than VALUE_DEPTH_MAX is ever built, which limits recursion.
 *  Arguments and results of tasks are less deep (RULES_DEPTH_MAX): the result of a map is a list of
 *  them.
 *
 *  Values abort when memory runs out, like buffers. One thread at a time.
 */

#ifndef COMMON_VALUE_H_INCLUDED
#define COMMON_VALUE_H_INCLUDED

#include "common/buffer.h"
#include "common/cadre_typed.h"
#include "common/cadre_value.h"
#include "common/cursor.h"
#include "common/fault.h"
#include "common/rules.h"

#include <stdarg.h>

//  Maximum nesting of lists and maps: a list of arguments or results of tasks. Task and job arrays
//  around them still fit into CURSOR_DEPTH_MAX.
#define VALUE_DEPTH_MAX (RULES_DEPTH_MAX + 1)

struct cadre_value {
    uint8_t type;      //  cadre_type_t
    bool negative;     //  INT: number is a negative int64_t
    uint8_t depth;     //  LIST, MAP, FAILURE: 1 more than the deepest element; else 0
    uint32_t capacity; //  LIST, MAP, FAILURE: nodes allocated
    union {
        bool flag;       //  BOOL
        uint64_t number; //  INT, two's complement
        double real;     //  DOUBLE
        struct {
            void
                *data; //  TEXT, BLOB: bytes with a NUL after them; LIST, MAP, FAILURE: nodes; owned
            size_t size; //  TEXT, BLOB: bytes without that NUL; LIST, MAP, FAILURE: nodes in use
        };
    };
};

//  Appends the value as msgpack; NULL is nil.
void value_codec_pack (buffer_t *self, const cadre_value_t *value);

//  Appends a failed item of a map: ext type 1. NULL texts count as "".
void value_codec_pack_failure (buffer_t *self, const char *kind, const char *message,
                               const char *trace);

//  Reads one value. NULL, and the cursor fails, when the bytes are malformed, nest too deep, have a
//  map key that is neither text nor integer, or an ext type that is not a failure.
cadre_value_t *value_codec_read (cursor_t *cursor);

//  The type of the next value: CADRE_TYPE_FAILURE for any ext. False when it is malformed.
bool value_codec_peek (const cursor_t *cursor, cadre_type_t *type);

//  Passes over an argument of that letter, and returns the size of a text or blob that has one.
size_t value_build_pass (char letter, va_list *arguments);

//  Appends one msgpack array of the arguments, by the letters of cadre_submit (types may be NULL or
//  empty: none). CADRE_ERROR_ARGUMENT, and nothing is appended, when a letter is unknown or a text
//  is NULL.
cadre_error_t value_build_arguments (buffer_t *self, const char *types, va_list *arguments,
                                     fault_t *fault);

//  The same for arguments with their types, as CADRE_ARGS makes them; NULL: none.
cadre_error_t value_build_typed (buffer_t *self, const cadre_typed_t *arguments, fault_t *fault);

//  Creates a failure.
cadre_value_t *value_failure (const char *kind, const char *message, const char *trace);

//  Creates a text of so many bytes.
cadre_value_t *value_of_text_of (const char *text, size_t size_bytes);

#endif
