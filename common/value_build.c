//  value_build.c - builds values and argument arrays from format letters and variable arguments

#include "common/pack.h"
#include "common/value.h"

#include <string.h>

typedef struct builder {
    const char *at;    //  Next letter
    va_list arguments; //  Remaining ones
} builder_t;

static bool s_ignored (char letter)
{
    return letter == ' ' || letter == ',' || letter == ':';
}

static char s_value_build_next (builder_t *self)
{
    while (s_ignored (*self->at))
        self->at++;
    return *self->at;
}

static cadre_value_t *s_build (builder_t *self, size_t depth);

static cadre_value_t *s_build_scalar (builder_t *self)
{
    const char *text;
    switch (*self->at++) {
    case 'i': return cadre_value_of_int (va_arg (self->arguments, int64_t));
    case 'u': return cadre_value_of_uint (va_arg (self->arguments, uint64_t));
    case 'd': return cadre_value_of_double (va_arg (self->arguments, double));
    case 'b': return cadre_value_of_bool (va_arg (self->arguments, int) != 0);
    case 'n': return cadre_value_nil ();
    case 's':
        text = va_arg (self->arguments, const char *);
        return text ? cadre_value_of_text (text) : NULL;
    case 'S':
        text = va_arg (self->arguments, const char *);
        return value_of_text_of (text, va_arg (self->arguments, size_t));
    case 'B':
        text = va_arg (self->arguments, const void *);
        return cadre_value_of_blob (text, va_arg (self->arguments, size_t));
    case 'v': return cadre_value_copy (va_arg (self->arguments, const cadre_value_t *));
    default: return NULL;
    }
}

static bool s_build_pair (builder_t *self, cadre_value_t *map, size_t depth)
{
    char letter = s_value_build_next (self);
    if (letter != 's' && letter != 'S' && letter != 'i')
        return false;
    cadre_value_t *key = s_build_scalar (self);
    cadre_value_t *value = key ? s_build (self, depth) : NULL;
    bool ok = value
              && (letter == 'i' ? cadre_value_set_int (map, cadre_value_int (key), &value)
                                : cadre_value_set (map, cadre_value_text (key), &value))
                     == CADRE_OK;
    cadre_value_destroy (&key);
    return ok;
}

static bool s_build_element (builder_t *self, cadre_value_t *list, size_t depth)
{
    cadre_value_t *value = s_build (self, depth);
    return value && cadre_value_append (list, &value) == CADRE_OK;
}

static cadre_value_t *s_build_nodes (builder_t *self, bool map, size_t depth)
{
    if (depth >= VALUE_DEPTH_MAX)
        return NULL;
    cadre_value_t *nodes = map ? cadre_value_map () : cadre_value_list ();
    self->at++;
    while (s_value_build_next (self) != (map ? '}' : ']')) {
        if (map ? s_build_pair (self, nodes, depth + 1) : s_build_element (self, nodes, depth + 1))
            continue;
        cadre_value_destroy (&nodes);
        return NULL;
    }
    self->at++;
    return nodes;
}

static cadre_value_t *s_build (builder_t *self, size_t depth)
{
    char letter = s_value_build_next (self);
    if (letter == '[' || letter == '{')
        return s_build_nodes (self, letter == '{', depth);
    return s_build_scalar (self);
}

cadre_value_t *cadre_value_build (const char *format, ...)
{
    if (!format)
        return NULL;
    builder_t builder = {.at = format};
    va_start (builder.arguments, format);
    cadre_value_t *value = s_build (&builder, 0);
    if (value && s_value_build_next (&builder) != 0)
        cadre_value_destroy (&value);
    va_end (builder.arguments);
    return value;
}

//  ---- arguments ---------------------------------------------------------------

static bool s_value_build_pack_text (buffer_t *self, const char *text)
{
    if (text)
        pack_text (self, text);
    return text;
}

static bool s_pack_argument (buffer_t *self, char letter, va_list *arguments)
{
    const char *bytes;
    switch (letter) {
    case 'i': pack_int (self, va_arg (*arguments, int64_t)); return true;
    case 'u': pack_uint (self, va_arg (*arguments, uint64_t)); return true;
    case 'd': pack_double (self, va_arg (*arguments, double)); return true;
    case 'b': pack_bool (self, va_arg (*arguments, int) != 0); return true;
    case 'n': pack_nil (self); return true;
    case 's': return s_value_build_pack_text (self, va_arg (*arguments, const char *));
    case 'S':
        bytes = va_arg (*arguments, const char *);
        pack_text_of (self, bytes, va_arg (*arguments, size_t));
        return true;
    case 'B':
        bytes = va_arg (*arguments, const void *);
        pack_blob (self, bytes, va_arg (*arguments, size_t));
        return true;
    case 'v': value_codec_pack (self, va_arg (*arguments, const cadre_value_t *)); return true;
    default: return false;
    }
}

size_t value_build_pass (char letter, va_list *arguments)
{
    switch (letter) {
    case 'i': (void) va_arg (*arguments, int64_t); return 0;
    case 'u': (void) va_arg (*arguments, uint64_t); return 0;
    case 'd': (void) va_arg (*arguments, double); return 0;
    case 'b': (void) va_arg (*arguments, int); return 0;
    case 's':
    case 'v': (void) va_arg (*arguments, const void *); return 0;
    case 'S':
    case 'B': (void) va_arg (*arguments, const void *); return va_arg (*arguments, size_t);
    default: return 0;
    }
}

static bool s_pack_typed (buffer_t *self, const cadre_typed_t *typed)
{
    switch (typed->type) {
    case 'i': pack_int (self, typed->as.number); return true;
    case 'u': pack_uint (self, typed->as.natural); return true;
    case 'd': pack_double (self, typed->as.real); return true;
    case 'b': pack_bool (self, typed->as.flag); return true;
    case 'n': pack_nil (self); return true;
    case 's': return s_value_build_pack_text (self, typed->as.data);
    case 'S': pack_text_of (self, typed->as.data, typed->size_bytes); return true;
    case 'B': pack_blob (self, typed->as.data, typed->size_bytes); return true;
    case 'v': value_codec_pack (self, typed->as.data); return true;
    default: return false;
    }
}

cadre_error_t value_build_typed (buffer_t *self, const cadre_typed_t *arguments, fault_t *fault)
{
    size_t before = self->size, count = 0;
    while (arguments && arguments [count].type)
        count++;
    pack_array (self, count);
    for (size_t i = 0; i < count; i++)
        if (!s_pack_typed (self, &arguments [i])) {
            self->size = before;
            return fault_set (
                fault, CADRE_ERROR_ARGUMENT,
                "argument %zu is a NULL text, or '%c', which is not a type: make arguments with CADRE_ARGS",
                i + 1, arguments [i].type);
        }
    return CADRE_OK;
}

cadre_value_t *cadre_value_of_typed (const cadre_typed_t *arguments)
{
    buffer_t packed = {.checked = true};
    fault_t fault = {0};
    cadre_value_t *value = NULL;
    if (value_build_typed (&packed, arguments, &fault) == CADRE_OK && !packed.failed)
        value = cadre_value_decode (packed.data, packed.size);
    buffer_free (&packed);
    return value;
}

cadre_error_t value_build_arguments (buffer_t *self, const char *types, va_list *arguments,
                                     fault_t *fault)
{
    size_t before = self->size;
    size_t count = 0;
    for (const char *at = types ? types : ""; *at; at++)
        count += !s_ignored (*at);
    pack_array (self, count);
    size_t number = 0;
    for (const char *at = types ? types : ""; *at; at++) {
        if (s_ignored (*at))
            continue;
        number++;
        if (s_pack_argument (self, *at, arguments))
            continue;
        self->size = before;
        if (*at == 's')
            return fault_set (fault, CADRE_ERROR_ARGUMENT,
                              "argument %zu is a NULL text: pass a text, or nothing with 'n'",
                              number);
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "'%c' in \"%s\" is not a type of an argument: use i u d b s S B v or n",
                          *at, types);
    }
    return CADRE_OK;
}
