//  wire_tables.c - writes section 9 of SPEC.md, the tables of messages, from wire.def
//
//  wire-tables FILE            puts the tables between the markers of FILE
//  wire-tables --check FILE    exit 1 when they are not what wire.def says
//
//  It stands alone: `cc -I. tests/lib/programs/wire_tables.c`; `./dev format` does that.

#include "common/cadre_error.h"
#include "common/wire.def"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (1u << 20)
#define START "<!-- tables: made by `wire-tables` from wire.def; do not edit -->\n"
#define END "<!-- end of tables -->\n"

typedef struct field {
    const char *type;    //  As in wire.def; NULL ends a list
    const char *name;    //  Of the field
    const char *meaning; //  May be empty
} field_t;

#define FIELD(type, field, meaning) {#type, #field, meaning},
#define FIELDS(name, ...) static const field_t fields_##name [] = {WIRE_FIELDS_##name (FIELD){0}};
WIRE_MESSAGES (FIELDS)
WIRE_RECORDS (FIELDS)

static const char *s_msgpack_type (const char *type)
{
    static const char *const words [][2] = {{"uint", "uint"}, {"sint", "int"}, {"flag", "bool"},
                                            {"text", "str"},  {"blob", "bin"}, {"raw", "any"},
                                            {"list", "array"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp (words [i][0], type) == 0)
            return words [i][1];
    return type;
}

static void s_upper (FILE *out, const char *name)
{
    for (; *name; name++)
        fputc (toupper ((unsigned char) *name), out);
}

static void s_put_fields (FILE *out, const field_t *field)
{
    static const char later [] = "later_";
    fprintf (out, "| field | type | meaning |\n| --- | --- | --- |\n");
    for (; field->type; field++) {
        bool may_miss = strncmp (field->type, later, strlen (later)) == 0;
        const char *type = field->type + (may_miss ? strlen (later) : 0);
        fprintf (out, "| %s | %s%s | %s |\n", field->name, s_msgpack_type (type),
                 may_miss ? ", may be missing" : "", field->meaning);
    }
}

static void s_put_message (FILE *out, const char *name, const char *text, const field_t *fields)
{
    fprintf (out, "\n#### ");
    s_upper (out, name);
    fprintf (out, "\n\n%s.\n\n", text);
    s_put_fields (out, fields);
}

static void s_put_tables (FILE *out)
{
    fprintf (out, "\n| verb | message | way | what for |\n| --- | --- | --- | --- |\n");
#define ROW(name, verb, way, text)                                                                 \
    fprintf (out, "| 0x%02x | ", verb);                                                            \
    s_upper (out, #name);                                                                          \
    fprintf (out, " | %s | %s |\n", way, text);
    WIRE_MESSAGES (ROW)
    fprintf (out, "\n### Fields of messages\n");
#define MESSAGE(name, verb, way, text) s_put_message (out, #name, text, fields_##name);
    WIRE_MESSAGES (MESSAGE)
    fprintf (out, "\n### Records\n\nElements of arrays; each is an array of its fields.\n");
#define RECORD(name, text)                                                                         \
    fprintf (out, "\n#### %s\n\n%s.\n\n", #name, text);                                            \
    s_put_fields (out, fields_##name);
    WIRE_RECORDS (RECORD)
    fprintf (
        out,
        "\n### Errors\n\nNumbers of `cadre_error_t`.\n\n| number | name | meaning |\n| --- | --- | --- |\n");
#define ERROR(name, number, text, exit_code)                                                       \
    fprintf (out, "| %d | %s | %s |\n", number, #name, text);
    CADRE_ERRORS (ERROR)
    fprintf (out, "\n");
}

//  The whole file, with a NUL behind it; the caller frees it
static char *s_read_file (const char *path)
{
    FILE *file = fopen (path, "r");
    char *text = malloc (FILE_BYTES_MAX);
    size_t size = file && text ? fread (text, 1, FILE_BYTES_MAX - 1, file) : 0;
    if (size == 0) {
        perror (path);
        exit (1);
    }
    fclose (file);
    text [size] = 0;
    return text;
}

//  What the file should be
static char *s_render (const char *text, const char *path)
{
    const char *start = strstr (text, START), *end = start ? strstr (start, END) : NULL;
    if (!end) {
        fprintf (stderr, "%s: the markers of the tables are missing\n", path);
        exit (1);
    }
    char *made = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&made, &size);
    fwrite (text, 1, (size_t) (start - text) + strlen (START), out);
    s_put_tables (out);
    fputs (end, out);
    fclose (out);
    return made;
}

static int s_write_file (const char *path, const char *text)
{
    FILE *file = fopen (path, "w");
    if (!file || fputs (text, file) < 0 || fclose (file) != 0) {
        perror (path);
        return 1;
    }
    return 0;
}

int main (int argc, char **argv)
{
    bool check = argc == 3 && strcmp (argv [1], "--check") == 0;
    if (argc != (check ? 3 : 2)) {
        fprintf (stderr, "usage: wire-tables [--check] FILE\n");
        return 64;
    }
    const char *path = argv [argc - 1];
    char *text = s_read_file (path), *made = s_render (text, path);
    bool same = strcmp (text, made) == 0;
    int rc = 0;
    if (check && !same) {
        fprintf (stderr, "%s: the tables differ from wire.def; run ./dev format\n", path);
        rc = 1;
    } else if (!same)
        rc = s_write_file (path, made);
    free (text);
    free (made);
    return rc;
}
