/*  cadre_value.h - values: arguments and results of tasks
 *
 *  A value is nil, a bool, a number, a text, a blob, or a list or map of values. It belongs to one
 *  thread at a time. A value that is added to another belongs to that one. This header is installed
 *  beside cadre.h, which includes it and has the rules for ownership and memory.
 */

#ifndef COMMON_CADRE_VALUE_H_INCLUDED
#define COMMON_CADRE_VALUE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cadre_error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cadre_value cadre_value_t;

typedef enum cadre_type {
    CADRE_TYPE_NIL,
    CADRE_TYPE_BOOL,
    CADRE_TYPE_INT, //  Integers, signed and unsigned, of 64 bits
    CADRE_TYPE_DOUBLE,
    CADRE_TYPE_TEXT,
    CADRE_TYPE_BLOB,
    CADRE_TYPE_LIST,
    CADRE_TYPE_MAP,
    CADRE_TYPE_FAILURE //  An item of a map that failed: a list of kind, message, trace
} cadre_type_t;

//  Make a value, which is the caller's: destroy it, or add it to another. Texts (UTF-8) and bytes
//  are copied; a NULL text is nil. NULL: no memory for 1 MiB or more.
CADRE_EXPORT cadre_value_t *cadre_value_nil (void);
CADRE_EXPORT cadre_value_t *cadre_value_of_bool (bool value);
CADRE_EXPORT cadre_value_t *cadre_value_of_int (int64_t value);
CADRE_EXPORT cadre_value_t *cadre_value_of_uint (uint64_t value);
CADRE_EXPORT cadre_value_t *cadre_value_of_double (double value);
CADRE_EXPORT cadre_value_t *cadre_value_of_text (const char *value);
CADRE_EXPORT cadre_value_t *cadre_value_of_blob (const void *bytes, size_t size_bytes);
CADRE_EXPORT cadre_value_t *cadre_value_list (void);
CADRE_EXPORT cadre_value_t *cadre_value_map (void);

//  Builds nested values from a format: the letters of cadre_submit, [ ] around lists, { } around
//  maps (keys: s, S, i). Space, comma and colon are ignored. NULL: the format is malformed, or no
//  memory.
//      cadre_value_build ("{s:i, s:[d, d]}", "id", (int64_t) 7, "at", 0.5, 1.5)
CADRE_EXPORT cadre_value_t *cadre_value_build (const char *format, ...);

//  Reads a value from msgpack bytes. NULL when they are not exactly one value, or nest deeper than
//  21, or no memory.
CADRE_EXPORT cadre_value_t *cadre_value_decode (const void *bytes, size_t size_bytes);

//  The value as msgpack bytes, which the caller frees with free; their number in *size_bytes, which
//  may be NULL. NULL: no memory.
CADRE_EXPORT void *cadre_value_encode (const cadre_value_t *self, size_t *size_bytes);

//  A copy of all of it; NULL is copied to nil. NULL: no memory.
CADRE_EXPORT cadre_value_t *cadre_value_copy (const cadre_value_t *self);
CADRE_EXPORT void cadre_value_destroy (cadre_value_t **self_p);

//  Add a value to a list, or set a key of a map (replacing what was there). *value is consumed,
//  also on failure; NULL is nil. CADRE_ERROR_TYPE: self is no list, or no map.
//  CADRE_ERROR_TOO_LARGE: it would nest deeper than 21 (arguments and results of tasks: at most
//  20). CADRE_ERROR_MEMORY.
CADRE_EXPORT cadre_error_t cadre_value_append (cadre_value_t *self, cadre_value_t **value);
CADRE_EXPORT cadre_error_t cadre_value_set (cadre_value_t *self, const char *key,
                                            cadre_value_t **value);
CADRE_EXPORT cadre_error_t cadre_value_set_int (cadre_value_t *self, int64_t key,
                                                cadre_value_t **value);

//  Readers. They accept NULL, and return 0, false, "" or NULL where the value is of another type or
//  out of range, so that paths can be read without tests between: cadre_value_int (cadre_value_get
//  (cadre_value_at (list, 3), "id")).
CADRE_EXPORT cadre_type_t cadre_value_type (const cadre_value_t *self); //  NULL is CADRE_TYPE_NIL
CADRE_EXPORT const char *cadre_type_name (cadre_type_t type);
CADRE_EXPORT bool cadre_value_bool (const cadre_value_t *self);
CADRE_EXPORT int64_t cadre_value_int (const cadre_value_t *self);
CADRE_EXPORT uint64_t cadre_value_uint (const cadre_value_t *self);
CADRE_EXPORT bool cadre_value_fits_int (const cadre_value_t *self);  //  An integer within int64_t
CADRE_EXPORT bool cadre_value_fits_uint (const cadre_value_t *self); //  An integer within uint64_t
CADRE_EXPORT double cadre_value_double (const cadre_value_t *self);  //  Integers are converted
CADRE_EXPORT const char *cadre_value_text (const cadre_value_t *self);
CADRE_EXPORT const void *cadre_value_blob (const cadre_value_t *self,
                                           size_t *size_bytes); //  Texts too
CADRE_EXPORT size_t
cadre_value_count (const cadre_value_t *self); //  Elements of a list, pairs of a map
//  Element, or value, or key of pair number index. A key is a text or an integer: cadre_value_key
//  is NULL for these.
CADRE_EXPORT const cadre_value_t *cadre_value_at (const cadre_value_t *self, size_t index);
CADRE_EXPORT const char *cadre_value_key (const cadre_value_t *self, size_t index);
CADRE_EXPORT const cadre_value_t *cadre_value_key_at (const cadre_value_t *self, size_t index);
CADRE_EXPORT const cadre_value_t *cadre_value_get (const cadre_value_t *self, const char *key);
CADRE_EXPORT const cadre_value_t *cadre_value_get_int (const cadre_value_t *self, int64_t key);
CADRE_EXPORT bool cadre_value_equal (const cadre_value_t *one, const cadre_value_t *other);

#ifdef __cplusplus
}
#endif
#endif
