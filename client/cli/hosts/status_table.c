//  status_table.c - see status_table.h

#include "client/cli/hosts/status_table.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/output/text.h"
#include "common/printable.h"

#define WORD_WIDTH 11
#define NAME_LEAST 8
#define NAME_MOST 40

struct status_table {
    text_t out;    //  the last drawing
    unsigned rows; //  lines of the terminal in use
};

status_table_t *status_table_new (void)
{
    status_table_t *self = text_resize (NULL, sizeof *self);
    *self = (status_table_t){0};
    return self;
}

void status_table_destroy (status_table_t **self_p)
{
    status_table_t *self = *self_p;
    if (!self)
        return;
    text_free (&self->out);
    free (self);
    *self_p = NULL;
}

//  Adds a line that fits the terminal, so that it does not wrap.
static void s_put_row (status_table_t *self, unsigned columns, int width, const char *name,
                       const char *word, const char *why)
{
    text_t line = {0};
    text_print (&line, "%-*.*s  %-*s %s", width, NAME_MOST, name, WORD_WIDTH, word, why);
    line.size = printable_bytes (line.bytes, line.size);
    size_t size = line.size;
    if (size >= columns)
        size = columns - 1;
    while (size < line.size && size > 0 && (line.bytes [size] & 0xc0) == 0x80)
        size--;
    while (size > 0 && line.bytes [size - 1] == ' ')
        size--;
    text_add (&self->out, line.bytes, size);
    text_put (&self->out, "\033[K\n");
    text_free (&line);
    self->rows++;
}

static void s_put_sum (status_table_t *self, const fleet_t *fleet, size_t hidden)
{
    static const struct {
        remote_state_t state; //  the state to count
        const char *word;     //  its name
    } sums [] = {{REMOTE_DONE, "done"},       {REMOTE_RUNNING, "running"},
                 {REMOTE_FAILED, "failed"},   {REMOTE_STARTING, "starting"},
                 {REMOTE_SENDING, "sending"}, {REMOTE_CONNECTING, "connecting"},
                 {REMOTE_WAITING, "waiting"}};
    const char *comma = ": ";
    text_print (&self->out, "%zu hosts", fleet_count (fleet));
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        size_t count = fleet_in_state (fleet, sums [i].state);
        if (count == 0)
            continue;
        text_print (&self->out, "%s%zu %s", comma, count, sums [i].word);
        comma = ", ";
    }
    if (hidden)
        text_print (&self->out, " (%zu not shown)", hidden);
    text_put (&self->out, "\033[K\n");
    self->rows++;
}

static void s_put_class (status_table_t *self, const fleet_t *fleet, bool well, unsigned room,
                         unsigned columns, int width, size_t *hidden)
{
    for (size_t i = 0; i < fleet_count (fleet); i++) {
        const remote_t *remote = fleet_at (fleet, i);
        const remote_state_t state = remote_state (remote);
        if ((state == REMOTE_DONE || state == REMOTE_RUNNING || state == REMOTE_WAITING) != well)
            continue;
        if (self->rows < room)
            s_put_row (self, columns, width, remote_host (remote)->name, remote_word (remote),
                       remote_why (remote));
        else
            ++*hidden;
    }
}

static int s_width (const fleet_t *fleet)
{
    size_t width = NAME_LEAST;
    for (size_t i = 0; i < fleet_count (fleet); i++) {
        size_t size = strlen (remote_host (fleet_at (fleet, i))->name);
        width = size > width ? size : width;
    }
    return width < NAME_MOST ? (int) width : NAME_MOST;
}

static void s_go_up (status_table_t *self)
{
    text_clear (&self->out);
    if (self->rows)
        text_print (&self->out, "\033[%uA\r", self->rows);
    self->rows = 0;
}

const char *status_table_draw (status_table_t *self, const fleet_t *fleet, unsigned lines,
                               unsigned columns)
{
    const unsigned room = lines > 4 ? lines - 2 : 2;
    const int width = s_width (fleet);
    size_t hidden = 0;
    s_go_up (self);
    s_put_row (self, columns, width, "HOST", "STATE", "WHY");
    s_put_class (self, fleet, false, room, columns, width, &hidden);
    s_put_class (self, fleet, true, room, columns, width, &hidden);
    s_put_sum (self, fleet, hidden);
    text_put (&self->out, "\033[J");
    return self->out.bytes;
}

const char *status_table_wipe (status_table_t *self)
{
    s_go_up (self);
    text_put (&self->out, "\033[J");
    return self->out.bytes;
}
