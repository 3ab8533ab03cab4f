//  table.c - see table.h

#include "client/cli/output/table.h"

#include <libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/output/json.h"
#include "client/cli/output/say.h"
#include "client/cli/output/text.h"
#include "common/printable.h"
#include "common/units.h"

cadre_error_t table_parse_format (const char *text, table_format_t *format, fault_t *fault)
{
    static const char *const names [] = {"table", "json", "ndjson"};
    for (int i = TABLE_PLAIN; i <= TABLE_NDJSON; i++)
        if (strcmp (text, names [i]) == 0) {
            *format = (table_format_t) i;
            return CADRE_OK;
        }
    return fault_set (fault, CADRE_ERROR_ARGUMENT,
                      "'%s' is not an output format; write table, json or ndjson", text);
}

static void s_put_plain (text_t *out, const cadre_value_t *value)
{
    if (cadre_value_type (value) == CADRE_TYPE_TEXT) {
        text_put (out, cadre_value_text (value));
        return;
    }
    if (cadre_value_type (value) == CADRE_TYPE_NIL)
        return;
    char *json = json_write (value, 0);
    text_put (out, json);
    free (json);
}

static void s_put_list (text_t *out, const cadre_value_t *value, bool names)
{
    for (size_t i = 0; i < cadre_value_count (value); i++) {
        const cadre_value_t *item = cadre_value_at (value, i);
        if (i > 0)
            text_put (out, ", ");
        s_put_plain (out, names && cadre_value_type (item) == CADRE_TYPE_MAP
                              ? cadre_value_get (item, "name")
                              : item);
    }
}

static void s_put_moment (text_t *out, int64_t us)
{
    time_t seconds = (time_t) (us / 1000000);
    struct tm fields;
    char buffer [40] = "";
    if (us > 0 && localtime_r (&seconds, &fields))
        strftime (buffer, sizeof buffer, "%Y-%m-%d %H:%M:%S", &fields);
    text_put (out, buffer);
}

static void s_put_us (text_t *out, int64_t us)
{
    char buffer [UNITS_TEXT_BYTES];
    if (us < 1000)
        text_print (out, "%lldus", (long long) us);
    else
        text_put (out, units_print_duration (us / 1000, buffer, sizeof buffer));
}

//  libsmartcols shows control characters and invalid UTF-8 as \xNN, but not marks that reorder a
//  line.
static char *s_clean (char *text)
{
    const size_t size = strlen (text);
    size_t used = 0;
    for (size_t at = 0; at < size;) {
        const printable_character_t character = printable_read (text + at, size - at);
        const bool shown = character.clean || character.code < 0xA0 || !character.valid;
        memmove (text + used, shown ? text + at : "?", shown ? character.size : 1);
        used += shown ? character.size : 1;
        at += character.size;
    }
    text [used] = '\0';
    return text;
}

char *table_cell (const cadre_value_t *value, table_kind_t kind)
{
    text_t out = {0};
    char buffer [UNITS_TEXT_BYTES];
    if (cadre_value_type (value) == CADRE_TYPE_LIST)
        s_put_list (&out, value, kind == TABLE_NAMES);
    else if (cadre_value_type (value) == CADRE_TYPE_DOUBLE && kind == TABLE_COUNT)
        text_print (&out, "%.1f", cadre_value_double (value));
    else if (cadre_value_type (value) != CADRE_TYPE_INT || kind == TABLE_TEXT)
        s_put_plain (&out, value);
    else if (kind == TABLE_COUNT)
        text_put (&out, units_print_count (cadre_value_uint (value), buffer, sizeof buffer));
    else if (kind == TABLE_SIZE)
        text_put (&out, units_print_size (cadre_value_uint (value), buffer, sizeof buffer));
    else if (kind == TABLE_MS)
        text_put (&out, units_print_duration (cadre_value_int (value), buffer, sizeof buffer));
    else if (kind == TABLE_US)
        s_put_us (&out, cadre_value_int (value));
    else
        s_put_moment (&out, cadre_value_int (value));
    return s_clean (text_take (&out));
}

//  libsmartcols prints nothing for a table without lines.
static void s_print_titles (const table_column_t *columns)
{
    for (const table_column_t *column = columns; column->key; column++)
        printf ("%s%s", column->title, column [1].key ? " " : "\n");
}

//  It prints control characters as \xNN.
static struct libscols_table *s_new_table (void)
{
    setlocale (LC_CTYPE, "");
    scols_init_debug (0);
    struct libscols_table *table = scols_new_table ();
    if (table)
        scols_table_enable_colors (table, say_colours (STDOUT_FILENO));
    return table;
}

static void s_add_columns (struct libscols_table *table, const table_column_t *columns,
                           const size_t *widths)
{
    for (size_t i = 0; columns [i].key; i++)
        scols_table_new_column (
            table, columns [i].title, (double) (widths [i] > 1 ? widths [i] : 0),
            columns [i].kind == TABLE_TEXT || columns [i].kind == TABLE_NAMES ? 0 : SCOLS_FL_RIGHT);
}

static void s_keep_widths (struct libscols_table *table, size_t *widths)
{
    for (size_t i = 0; i < scols_table_get_ncols (table); i++) {
        const size_t width = scols_column_get_width (scols_table_get_column (table, i));
        widths [i] = width > widths [i] ? width : widths [i];
    }
}

void table_print_page (const cadre_value_t *list, const table_column_t *columns, size_t *widths,
                       bool first)
{
    struct libscols_table *table = s_new_table ();
    if (!table)
        return;
    scols_table_enable_noheadings (table, !first);
    s_add_columns (table, columns, widths);
    for (size_t i = 0; i < cadre_value_count (list); i++) {
        struct libscols_line *line = scols_table_new_line (table, NULL);
        for (size_t j = 0; line && columns [j].key; j++) {
            const cadre_value_t *value =
                cadre_value_get (cadre_value_at (list, i), columns [j].key);
            scols_line_refer_data (line, j, table_cell (value, columns [j].kind));
        }
    }
    if (cadre_value_count (list) > 0)
        scols_print_table (table);
    else
        s_print_titles (columns);
    s_keep_widths (table, widths);
    scols_unref_table (table);
}

void table_print (table_format_t format, const cadre_value_t *list, const table_column_t *columns)
{
    size_t widths [TABLE_COLUMNS_MAX] = {0};
    if (format == TABLE_JSON)
        json_print (list, 2);
    else if (format == TABLE_NDJSON)
        for (size_t i = 0; i < cadre_value_count (list); i++)
            json_print (cadre_value_at (list, i), 0);
    else
        table_print_page (list, columns, widths, true);
}

void table_print_one (table_format_t format, const cadre_value_t *map,
                      const table_column_t *columns)
{
    if (format != TABLE_PLAIN) {
        json_print (map, format == TABLE_JSON ? 2 : 0);
        return;
    }
    struct libscols_table *table = s_new_table ();
    if (!table)
        return;
    scols_table_enable_noheadings (table, 1);
    scols_table_set_column_separator (table, "  ");
    scols_table_new_column (table, "key", 0, 0);
    scols_table_new_column (table, "value", 0, 0);
    for (const table_column_t *column = columns; column->key; column++) {
        char *cell = table_cell (cadre_value_get (map, column->key), column->kind);
        struct libscols_line *line = *cell ? scols_table_new_line (table, NULL) : NULL;
        if (line) {
            scols_line_set_data (line, 0, column->title);
            scols_line_set_data (line, 1, cell);
        }
        free (cell);
    }
    scols_print_table (table);
    scols_unref_table (table);
}
