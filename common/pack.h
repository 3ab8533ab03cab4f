/*  pack.h - writes msgpack into a buffer
 *
 *  Each function appends one value, in the shortest form.
 */

#ifndef COMMON_PACK_H_INCLUDED
#define COMMON_PACK_H_INCLUDED

#include "common/buffer.h"

void pack_uint (buffer_t *self, uint64_t value);
void pack_int (buffer_t *self, int64_t value);
void pack_bool (buffer_t *self, bool value);
void pack_double (buffer_t *self, double value);
void pack_nil (buffer_t *self);
void pack_text (buffer_t *self, const char *text);
void pack_text_of (buffer_t *self, const char *text, size_t size_bytes);
void pack_blob (buffer_t *self, const void *bytes, size_t size_bytes);
void pack_array (buffer_t *self, size_t count);
void pack_map (buffer_t *self, size_t count);
void pack_ext (buffer_t *self, int8_t type, const void *bytes, size_t size_bytes);

//  Appends bytes that are already one or several msgpack values.
void pack_raw (buffer_t *self, const void *bytes, size_t size_bytes);

#endif
