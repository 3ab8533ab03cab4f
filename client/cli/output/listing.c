//  listing.c - see listing.h

#include "client/cli/output/listing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/cli/output/json.h"
#include "client/cli/output/say.h"
#include "client/cli/output/text.h"

#define PAGE_ROWS 1000u

struct listing {
    table_format_t format;             //  how rows are printed
    const table_column_t *columns;     //  of a table
    size_t widths [TABLE_COLUMNS_MAX]; //  of the columns printed so far
    cadre_value_t *page;               //  a table's rows that are not printed yet
    bool begun;                        //  something is printed
    bool failed;                       //  stdout cannot be written
    bool closed;                       //  because its reader has closed it
};

listing_t *listing_new (table_format_t format, const table_column_t *columns)
{
    listing_t *self = text_resize (NULL, sizeof *self);
    *self = (listing_t){.format = format, .columns = columns, .page = cadre_value_list ()};
    return self;
}

static bool s_check (listing_t *self, bool fine)
{
    self->closed = self->closed || (!fine && errno == EPIPE);
    self->failed = self->failed || !fine;
    return !self->failed;
}

static void s_print_page (listing_t *self, const cadre_value_t *page)
{
    table_print_page (page, self->columns, self->widths, !self->begun);
    self->begun = true;
}

bool listing_flush (listing_t *self)
{
    if (self->failed)
        return false;
    if (cadre_value_count (self->page) > 0) {
        s_print_page (self, self->page);
        cadre_value_destroy (&self->page);
        self->page = cadre_value_list ();
    }
    errno = 0;
    return s_check (self, fflush (stdout) == 0 && !ferror (stdout));
}

static bool s_add_json (listing_t *self, const cadre_value_t *row)
{
    errno = 0;
    if (self->format == TABLE_JSON)
        json_print_item (row, !self->begun);
    else
        json_print (row, 0);
    self->begun = true;
    return s_check (self, !ferror (stdout));
}

bool listing_add (listing_t *self, cadre_value_t **row)
{
    if (self->format == TABLE_PLAIN) {
        cadre_value_append (self->page, row);
        return cadre_value_count (self->page) < PAGE_ROWS || listing_flush (self);
    }
    const bool fine = s_add_json (self, *row);
    cadre_value_destroy (row);
    return fine;
}

bool listing_add_page (listing_t *self, const cadre_value_t *page)
{
    const size_t count = cadre_value_count (page);
    if (self->format == TABLE_PLAIN && count > 0 && listing_flush (self))
        s_print_page (self, page);
    for (size_t i = 0; self->format != TABLE_PLAIN && i < count && !self->failed; i++)
        s_add_json (self, cadre_value_at (page, i));
    return listing_flush (self);
}

int listing_end (listing_t **self_p, int exit_code)
{
    listing_t *self = *self_p;
    *self_p = NULL;
    listing_flush (self);
    if (exit_code == 0 && self->format == TABLE_PLAIN && !self->begun)
        s_print_page (self, self->page);
    if (exit_code == 0 && self->format == TABLE_JSON)
        json_print_items_end (self->begun);
    listing_flush (self);
    const bool closed = self->closed;
    cadre_value_destroy (&self->page);
    free (self);
    return closed ? SAY_EXIT_PIPE : exit_code;
}
