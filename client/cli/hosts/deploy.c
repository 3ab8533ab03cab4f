//  deploy.c - see deploy.h

#include "client/cli/hosts/deploy.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/cli/base/interrupt.h"
#include "client/cli/hosts/fleet.h"
#include "client/cli/hosts/status_table.h"
#include "client/cli/output/line.h"
#include "client/cli/output/say.h"

#define TURN_MS 200

typedef struct deploy {
    const deploy_options_t *options; //  the options
    fleet_t *fleet;                  //  the sessions
    status_table_t *table;           //  on a terminal, else NULL
} deploy_t;

static const table_column_t s_columns [] = {{"host", "HOST", TABLE_TEXT},
                                            {"state", "STATE", TABLE_TEXT},
                                            {"starts", "STARTS", TABLE_COUNT},
                                            {"why", "WHY", TABLE_TEXT},
                                            {0}};

static void s_deploy_write (const char *text)
{
    size_t size = strlen (text);
    while (size > 0) {
        ssize_t written = write (STDERR_FILENO, text, size);
        if (written <= 0)
            return;
        text += written;
        size -= (size_t) written;
    }
}

static void s_draw (deploy_t *self)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    ioctl (STDERR_FILENO, TIOCGWINSZ, &size);
    s_deploy_write (status_table_draw (self->table, self->fleet, size.ws_row ? size.ws_row : 24,
                                       size.ws_col ? size.ws_col : 80));
}

static bool s_lists (const deploy_t *self)
{
    return self->options->format != TABLE_PLAIN;
}

//  Prints a host as soon as it is done, unless the table is shown.
static void s_deploy_print (const deploy_t *self, const remote_t *remote)
{
    const bool failed = remote_state (remote) == REMOTE_FAILED;
    if (s_lists (self) || !remote_is_over (remote) || (self->options->quiet && !failed))
        return;
    const char *why = remote_why (remote);
    line_print ("%s %s%s%s", remote_host (remote)->name, remote_word (remote), *why ? " " : "",
                why);
    fflush (stdout);
}

static void s_on_change (void *argument, const remote_t *remote)
{
    deploy_t *self = argument;
    if (!self->table)
        s_deploy_print (self, remote);
}

static void s_deploy_set (cadre_value_t *map, const char *key, cadre_value_t *value)
{
    cadre_value_set (map, key, &value);
}

static void s_print_list (const deploy_t *self)
{
    cadre_value_t *list = cadre_value_list ();
    for (size_t i = 0; i < fleet_count (self->fleet); i++) {
        const remote_t *remote = fleet_at (self->fleet, i);
        cadre_value_t *map = cadre_value_map ();
        s_deploy_set (map, "host", cadre_value_of_text (remote_host (remote)->name));
        s_deploy_set (map, "state", cadre_value_of_text (remote_word (remote)));
        s_deploy_set (map, "starts", cadre_value_of_uint (remote_starts (remote)));
        s_deploy_set (map, "why", cadre_value_of_text (remote_why (remote)));
        cadre_value_append (list, &map);
    }
    table_print (self->options->format, list, s_columns);
    cadre_value_destroy (&list);
}

static void s_loop (deploy_t *self)
{
    bool more = true;
    while (more && !interrupt_asked ()) {
        if (self->table)
            s_draw (self);
        more = fleet_turn (self->fleet, TURN_MS, -1);
    }
    if (interrupt_asked ())
        fleet_close (self->fleet);
    while (more && fleet_turn (self->fleet, TURN_MS, -1))
        continue;
    if (!self->table)
        return;
    s_deploy_write (status_table_wipe (self->table));
    for (size_t i = 0; i < fleet_count (self->fleet); i++)
        s_deploy_print (self, fleet_at (self->fleet, i));
}

int deploy_run (const deploy_options_t *options, const remote_order_t *order,
                void (*well) (void *argument, const remote_t *remote), void *argument)
{
    deploy_t self = {.options = options};
    self.fleet = fleet_new (order, options->hosts, options->parallel, s_on_change, &self);
    self.table =
        say_is_terminal () && !s_lists (&self) && !options->quiet ? status_table_new () : NULL;
    s_loop (&self);
    if (s_lists (&self))
        s_print_list (&self);
    size_t failed = fleet_in_state (self.fleet, REMOTE_FAILED);
    for (size_t i = 0; well && i < fleet_count (self.fleet); i++)
        if (remote_state (fleet_at (self.fleet, i)) == REMOTE_DONE)
            well (argument, fleet_at (self.fleet, i));
    status_table_destroy (&self.table);
    fleet_destroy (&self.fleet);
    return interrupt_asked () ? SAY_EXIT_INTERRUPTED : failed ? SAY_EXIT_FAILED : 0;
}
