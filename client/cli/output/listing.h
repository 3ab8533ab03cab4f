/*
 *  listing.h - prints a listing of any length, row by row
 *
 *  Rows are printed as they are added: as JSON one by one, as a table in pages of 1,000 rows. The
 *  columns of a page are as wide as those of the page before, or wider. So the memory is that of a
 *  page. Writes to stdout through stdio. One thread.
 *
 *      listing_t *listing = listing_new (format, columns);
 *      while (there is a row && listing_add (listing, &row))
 *          ;
 *      exit_code = listing_end (&listing, exit_code);
 */
#ifndef CLIENT_CLI_OUTPUT_LISTING_H_INCLUDED
#define CLIENT_CLI_OUTPUT_LISTING_H_INCLUDED

#include <stdbool.h>

#include "client/cli/output/table.h"

typedef struct listing listing_t;

//  COLUMNS end with a NULL key; borrowed.
listing_t *listing_new (table_format_t format, const table_column_t *columns);

//  Adds a row (a map, consumed). False: stdout cannot be written, and further rows are in vain.
bool listing_add (listing_t *self, cadre_value_t **row);

//  Prints a list of rows, after those added so far. False as above.
bool listing_add_page (listing_t *self, const cadre_value_t *page);

//  Prints the rows added so far. False as above.
bool listing_flush (listing_t *self);

//  Prints the rest, and the end of an array, unless EXIT_CODE tells that the listing is incomplete.
//  Returns EXIT_CODE, or SAY_EXIT_PIPE if the reader of stdout has closed it.
int listing_end (listing_t **self_p, int exit_code);

#endif
