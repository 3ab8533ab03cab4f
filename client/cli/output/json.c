//  json.c - see json.h

#include "client/cli/output/json.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/output/base64.h"
#include "client/cli/output/text.h"
#include "common/printable.h"
#include "common/rules.h"

#define DEPTH_MAX RULES_DEPTH_MAX //  maximum nesting of a task's arguments

//  ==== reading ===========================================================

static cadre_value_t *s_json_read (const json_t *json, unsigned depth, fault_t *fault);

//  Reads {"base64": "..."} and {"double": "nan"}; NULL if JSON is another object.
static cadre_value_t *s_read_special (const json_t *json)
{
    if (json_object_size (json) != 1)
        return NULL;
    const json_t *coded = json_object_get (json, "base64");
    if (json_is_string (coded)) {
        size_t size = 0;
        void *bytes = base64_read (json_string_value (coded), json_string_length (coded), &size);
        cadre_value_t *value = bytes ? cadre_value_of_blob (bytes, size) : NULL;
        free (bytes);
        return value;
    }
    const char *word = json_string_value (json_object_get (json, "double"));
    if (!word)
        return NULL;
    if (strcmp (word, "nan") == 0)
        return cadre_value_of_double (NAN);
    if (strcmp (word, "inf") == 0)
        return cadre_value_of_double (INFINITY);
    return strcmp (word, "-inf") == 0 ? cadre_value_of_double (-INFINITY) : NULL;
}

static cadre_value_t *s_read_object (const json_t *json, unsigned depth, fault_t *fault)
{
    cadre_value_t *special = s_read_special (json);
    if (special)
        return special;
    cadre_value_t *map = cadre_value_map ();
    void *item = json_object_iter ((json_t *) (uintptr_t) json);
    for (; item; item = json_object_iter_next ((json_t *) (uintptr_t) json, item)) {
        cadre_value_t *value = s_json_read (json_object_iter_value (item), depth + 1, fault);
        if (!value) {
            cadre_value_destroy (&map);
            return NULL;
        }
        cadre_value_set (map, json_object_iter_key (item), &value);
    }
    return map;
}

static cadre_value_t *s_read_array (const json_t *json, unsigned depth, fault_t *fault)
{
    cadre_value_t *list = cadre_value_list ();
    for (size_t i = 0; i < json_array_size (json); i++) {
        cadre_value_t *value = s_json_read (json_array_get (json, i), depth + 1, fault);
        if (!value) {
            cadre_value_destroy (&list);
            return NULL;
        }
        cadre_value_append (list, &value);
    }
    return list;
}

static cadre_value_t *s_json_read (const json_t *json, unsigned depth, fault_t *fault)
{
    if (depth > (unsigned) DEPTH_MAX && (json_is_array (json) || json_is_object (json))) {
        fault_set (fault, CADRE_ERROR_ARGUMENT, "it nests deeper than %d", DEPTH_MAX);
        return NULL;
    }
    switch (json_typeof (json)) {
    case JSON_OBJECT: return s_read_object (json, depth, fault);
    case JSON_ARRAY: return s_read_array (json, depth, fault);
    case JSON_STRING:
        return cadre_value_build ("S", json_string_value (json), json_string_length (json));
    case JSON_INTEGER: return cadre_value_of_int (json_integer_value (json));
    case JSON_REAL: return cadre_value_of_double (json_real_value (json));
    case JSON_TRUE: return cadre_value_of_bool (true);
    case JSON_FALSE: return cadre_value_of_bool (false);
    case JSON_NULL: break;
    }
    return cadre_value_nil ();
}

cadre_value_t *json_read (const char *text, size_t size, fault_t *fault)
{
    json_error_t error;
    const char *nul = memchr (text, 0, size); //  jansson ends the text there
    if (nul) {
        fault_set (fault, CADRE_ERROR_ARGUMENT, "a NUL byte at column %zu of it",
                   (size_t) (nul - text) + 1);
        return NULL;
    }
    json_t *json =
        json_loadb (text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!json) {
        int shown = size < 40 ? (int) size : 40;
        fault_set (fault, CADRE_ERROR_ARGUMENT, "%s at column %d of '%.*s%s'", error.text,
                   error.column, shown, text, size > 40 ? "..." : "");
        return NULL;
    }
    cadre_value_t *value = s_json_read (json, 1, fault);
    json_decref (json);
    return value;
}

//  ==== writing ===========================================================

static void s_json_write (text_t *out, const cadre_value_t *value, unsigned indent, unsigned level);

static void s_write_text (text_t *out, const char *bytes, size_t size)
{
    text_put (out, "\"");
    for (size_t i = 0; i < size;) {
        const printable_character_t character = printable_read (bytes + i, size - i);
        if (character.code == '"' || character.code == '\\')
            text_print (out, "\\%c", (char) character.code);
        else if (character.code == '\n')
            text_put (out, "\\n");
        else if (character.code == '\t')
            text_put (out, "\\t");
        else if (character.clean)
            text_add (out, bytes + i, character.size);
        else
            text_print (out, "\\u%04x", character.valid ? character.code : 0xFFFD);
        i += character.size;
    }
    text_put (out, "\"");
}

static bool s_is_utf8 (const char *bytes, size_t size)
{
    json_t *json = json_stringn (bytes, size);
    bool valid = json != NULL;
    json_decref (json);
    return valid;
}

static void s_write_blob (text_t *out, const void *bytes, size_t size)
{
    char *coded = base64_write (bytes, size);
    text_print (out, "{\"base64\":\"%s\"}", coded);
    free (coded);
}

//  Prints the shortest of three lengths that reads back as the same number; always recognizable as
//  a double.
static void s_write_double (text_t *out, double number)
{
    if (!isfinite (number)) {
        text_print (out, "{\"double\":\"%s\"}",
                    isnan (number) ? "nan"
                    : number > 0   ? "inf"
                                   : "-inf");
        return;
    }
    char digits [40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf (digits, sizeof digits, "%.*g", precision, number);
        if (strtod (digits, NULL) == number)
            break;
    }
    text_put (out, digits);
    if (!strpbrk (digits, ".e"))
        text_put (out, ".0");
}

static void s_new_line (text_t *out, unsigned indent, unsigned level)
{
    if (indent > 0)
        text_print (out, "\n%*s", (int) (indent * level), "");
}

static bool s_is_int_key (const cadre_value_t *map, size_t index)
{
    return cadre_value_type (cadre_value_key_at (map, index)) == CADRE_TYPE_INT;
}

//  Has the map keys of both kinds? Then an object would be ambiguous.
static bool s_has_mixed_keys (const cadre_value_t *map)
{
    for (size_t i = 1; i < cadre_value_count (map); i++)
        if (s_is_int_key (map, i) != s_is_int_key (map, 0))
            return true;
    return false;
}

static void s_write_pairs (text_t *out, const cadre_value_t *map)
{
    text_put (out, "{\"pairs\":[");
    for (size_t i = 0; i < cadre_value_count (map); i++) {
        text_put (out, i ? ",[" : "[");
        s_json_write (out, cadre_value_key_at (map, i), 0, 0);
        text_put (out, ",");
        s_json_write (out, cadre_value_at (map, i), 0, 0);
        text_put (out, "]");
    }
    text_put (out, "]}");
}

//  JSON keys are texts.
static void s_write_key (text_t *out, const cadre_value_t *key)
{
    size_t size = 0;
    const void *bytes = cadre_value_blob (key, &size);
    if (cadre_value_type (key) != CADRE_TYPE_INT) {
        s_write_text (out, bytes, size);
        return;
    }
    text_put (out, "\"");
    s_json_write (out, key, 0, 0);
    text_put (out, "\"");
}

static void s_write_items (text_t *out, const cadre_value_t *value, unsigned indent, unsigned level)
{
    const bool map = cadre_value_type (value) == CADRE_TYPE_MAP;
    const size_t count = cadre_value_count (value);
    text_put (out, map ? "{" : "[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_put (out, ",");
        s_new_line (out, indent, level + 1);
        if (map) {
            s_write_key (out, cadre_value_key_at (value, i));
            text_put (out, indent ? ": " : ":");
        }
        s_json_write (out, cadre_value_at (value, i), indent, level + 1);
    }
    if (count > 0)
        s_new_line (out, indent, level);
    text_put (out, map ? "}" : "]");
}

static void s_write_failure (text_t *out, const cadre_value_t *value)
{
    static const char *const names [] = {"kind", "message", "trace"};
    text_put (out, "{\"error\":{");
    for (size_t i = 0; i < 3; i++) {
        text_print (out, "%s\"%s\":", i ? "," : "", names [i]);
        s_json_write (out, cadre_value_at (value, i), 0, 0);
    }
    text_put (out, "}}");
}

static void s_json_write (text_t *out, const cadre_value_t *value, unsigned indent, unsigned level)
{
    size_t size = 0;
    const void *bytes = NULL;
    switch (cadre_value_type (value)) {
    case CADRE_TYPE_NIL: text_put (out, "null"); return;
    case CADRE_TYPE_BOOL: text_put (out, cadre_value_bool (value) ? "true" : "false"); return;
    case CADRE_TYPE_INT:
        if (cadre_value_fits_int (value))
            text_print (out, "%lld", (long long) cadre_value_int (value));
        else
            text_print (out, "%llu", (unsigned long long) cadre_value_uint (value));
        return;
    case CADRE_TYPE_DOUBLE: s_write_double (out, cadre_value_double (value)); return;
    case CADRE_TYPE_TEXT:
        bytes = cadre_value_blob (value, &size);
        if (s_is_utf8 (bytes, size))
            s_write_text (out, bytes, size);
        else
            s_write_blob (out, bytes, size);
        return;
    case CADRE_TYPE_BLOB:
        bytes = cadre_value_blob (value, &size);
        s_write_blob (out, bytes, size);
        return;
    case CADRE_TYPE_FAILURE: s_write_failure (out, value); return;
    case CADRE_TYPE_MAP:
        if (s_has_mixed_keys (value))
            s_write_pairs (out, value);
        else
            s_write_items (out, value, indent, level);
        return;
    case CADRE_TYPE_LIST: s_write_items (out, value, indent, level); return;
    }
}

char *json_write (const cadre_value_t *value, unsigned indent)
{
    text_t out = {0};
    s_json_write (&out, value, indent, 0);
    return text_take (&out);
}

int json_put (const char *json)
{
    return puts (json);
}

int json_print (const cadre_value_t *value, unsigned indent)
{
    char *json = json_write (value, indent);
    const int result = puts (json);
    free (json);
    return result;
}

void json_print_item (const cadre_value_t *value, bool first)
{
    text_t out = {0};
    text_put (&out, first ? "[\n  " : ",\n  ");
    s_json_write (&out, value, 2, 1);
    fputs (out.bytes, stdout);
    text_free (&out);
}

void json_print_items_end (bool begun)
{
    puts (begun ? "\n]" : "[]");
}

char *json_write_error (const char *kind, const char *message)
{
    text_t out = {0};
    text_put (&out, "{\"error\":{\"kind\":");
    s_write_text (&out, kind, strlen (kind));
    text_put (&out, ",\"message\":");
    s_write_text (&out, message, strlen (message));
    text_put (&out, "}}");
    return text_take (&out);
}
