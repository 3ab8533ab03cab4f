/*
 *  table.h - prints listings
 *
 *  The broker answers with maps; a listing names the keys to show and their format. As JSON
 *  everything is printed unchanged: an array, or (ndjson) one map per line. Writes to stdout
 *  through stdio. One thread.
 */
#ifndef CLIENT_CLI_OUTPUT_TABLE_H_INCLUDED
#define CLIENT_CLI_OUTPUT_TABLE_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

typedef enum table_format { TABLE_PLAIN = 0, TABLE_JSON, TABLE_NDJSON } table_format_t;

typedef enum table_kind {
    TABLE_TEXT,     //  unchanged; lists separated by commas, maps as JSON
    TABLE_COUNT,    //  a number, with one decimal if it is not an integer
    TABLE_SIZE,     //  bytes
    TABLE_MS,       //  a duration in milliseconds
    TABLE_US,       //  a duration in microseconds
    TABLE_NAMES,    //  a list of maps: their names
    TABLE_MOMENT_US //  wall time in microseconds since 1970
} table_kind_t;

typedef struct table_column {
    const char *key;   //  in the map
    const char *title; //  above the column, or before the value
    table_kind_t kind; //  how it is shown
} table_column_t;

//  Parses "table", "json" or "ndjson"; CADRE_ERROR_ARGUMENT with a fault that lists them.
cadre_error_t table_parse_format (const char *text, table_format_t *format, fault_t *fault);

#define TABLE_COLUMNS_MAX 32u

//  Prints a list of maps; COLUMNS end with a NULL key.
void table_print (table_format_t format, const cadre_value_t *list, const table_column_t *columns);

//  Prints a page of a longer table (listing.h). WIDTHS has an element for
//  each column, 0 at first: the columns of the next page are not narrower. FIRST: with titles.
void table_print_page (const cadre_value_t *list, const table_column_t *columns, size_t *widths,
                       bool first);

//  Prints one map, one key per line.
void table_print_one (table_format_t format, const cadre_value_t *map,
                      const table_column_t *columns);

//  Formats one cell; the caller frees it.
char *table_cell (const cadre_value_t *value, table_kind_t kind);

#endif
