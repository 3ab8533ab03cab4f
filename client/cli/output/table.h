/*
 *  table: what a listing looks like.
 *
 *  The broker answers with maps; a listing names the keys that people want to see and how. As JSON
 *  everything is printed as it came: an array, or (ndjson) one map a line. Writes to stdout through
 *  stdio. One thread.
 */
#ifndef CLIENT_CLI_OUTPUT_TABLE_H_INCLUDED
#define CLIENT_CLI_OUTPUT_TABLE_H_INCLUDED

#include <cadre.h>
#include <stddef.h>

#include "common/fault.h"

typedef enum table_format { TABLE_PLAIN = 0, TABLE_JSON, TABLE_NDJSON } table_format_t;

typedef enum table_kind {
    TABLE_TEXT,     // as it is; lists with commas between, maps as JSON
    TABLE_COUNT,    // a number, with one decimal if it is not a whole one
    TABLE_SIZE,     // bytes
    TABLE_MS,       // a duration in milliseconds
    TABLE_US,       // a duration in microseconds
    TABLE_NAMES,    // a list of maps: their names
    TABLE_MOMENT_US // wall time in microseconds since 1970
} table_kind_t;

typedef struct table_column {
    const char *key;   // in the map
    const char *title; // above the column, or before the value
    table_kind_t kind; // how it is shown
} table_column_t;

//  "table", "json" or "ndjson"; CADRE_ERROR_ARGUMENT with a fault that lists them.
cadre_error_t table_parse_format (const char *text, table_format_t *format, fault_t *fault);

//  A list of maps; COLUMNS end with a NULL key.
void table_print (table_format_t format, const cadre_value_t *list, const table_column_t *columns);

//  One map, one key a line.
void table_print_one (table_format_t format, const cadre_value_t *map,
                      const table_column_t *columns);

//  One cell as people read it; the caller's to free.
char *table_cell (const cadre_value_t *value, table_kind_t kind);

#endif
