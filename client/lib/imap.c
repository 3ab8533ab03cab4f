//  imap.c - a function over a stream of items

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/map.h"
#include "common/clock.h"
#include "common/memory_check.h"
#include "common/pack.h"
#include "common/value.h"

#define WINDOW_ITEMS 1000u
#define ROOM_MIN 64u
#define LOOK_US 200 //  Interval of checks for results, while the source is fast
#define SLOW_US                                                                                    \
    1000 //  A source that takes longer is slow: collected items are sent, and results are awaited
#define SLOW_PART 8        //  ... for this fraction of the time that the source took
#define SLOW_MOST_US 20000 //  ... at most
#define FILL_US 1000       //  How long a fast source is read when there is no time to wait
#define LATER_US 10000     //  Delay before a source without items is called again
#define CLOSED_US 50000    //  Delay before the broker's window is checked again

//  An item that was taken from the source and not returned to the reader.
typedef struct entry {
    buffer_t arguments;   //  Packed, until the item has ended
    cadre_value_t *value; //  Its result; NULL: not known yet
    bool given;           //  It was returned to the reader (unordered)
} entry_t;

struct cadre_imap_iterator {
    cadre_t *pool;               //  Held
    items_t items;               //  Items in flight
    cadre_source_fn *source;     //  Returns items
    void *argument;              //  Argument of the source
    cadre_map_options_t options; //  As given, batch and spread
    size_t chunk;                //  Items of a chunk, at least 1
    size_t window;               //  Items that may be taken ahead of the reader
    bool dry;                    //  The source has ended
    size_t taken;                //  Items taken from the source
    size_t sent;                 //  Of these, in chunks
    size_t read;                 //  Items returned to the reader
    buffer_t batch;              //  The elements of the next item
    size_t batch_count;          //  Number of elements
    entry_t *entries;            //  Ring by item, from base on
    size_t room;                 //  A power of two
    size_t base;                 //  The oldest item not returned yet
    size_t *ended;               //  Unordered: ring of items that can be returned
    size_t ended_first;          //  The next of them
    size_t ended_count;          //  How many
    int64_t source_us;           //  How long the last call of the source took
    cadre_error_t broken;        //  Why it cannot continue
    fault_t fault;               //  The last error
};

cadre_value_t *cadre_imap_later (void)
{
    static struct cadre_value later;
    return &later;
}

static cadre_error_t s_imap_say (cadre_imap_t *self, const fault_t *fault)
{
    self->fault = *fault;
    return message_say (self->pool, fault);
}

static entry_t *s_imap_entry (const cadre_imap_t *self, size_t item)
{
    return &self->entries [item & (self->room - 1)];
}

static cadre_error_t s_imap_grow (cadre_imap_t *self, fault_t *fault)
{
    size_t room = self->room ? self->room * 2 : ROOM_MIN;
    entry_t *entries = calloc (room, sizeof *entries);
    size_t *ended = calloc (room, sizeof *ended);
    if (!entries || !ended) {
        free (entries);
        free (ended);
        return fault_set (fault, CADRE_ERROR_MEMORY,
                          "no memory for so many items: raise the limit (ulimit -v)");
    }
    for (size_t item = self->base; item != self->taken; item++)
        entries [item & (room - 1)] = *s_imap_entry (self, item);
    for (size_t i = 0; i < self->ended_count; i++)
        ended [i] = self->ended [(self->ended_first + i) & (self->room - 1)];
    free (self->entries);
    free (self->ended);
    self->entries = entries;
    self->ended = ended;
    self->ended_first = 0;
    self->room = room;
    return CADRE_OK;
}

//  ---- callbacks of the items ------------------------------------------------------

static cadre_error_t s_imap_pack (void *owner, buffer_t *payload, size_t item, fault_t *fault)
{
    const buffer_t *arguments = &s_imap_entry (owner, item)->arguments;
    (void) fault;
    pack_raw (payload, arguments->data, arguments->size);
    return CADRE_OK;
}

static void s_imap_end (void *owner, size_t item, cadre_value_t *value)
{
    cadre_imap_t *self = owner;
    entry_t *entry = s_imap_entry (self, item);
    buffer_free (&entry->arguments);
    entry->value = value;
    if (self->options.unordered)
        self->ended [(self->ended_first + self->ended_count++) & (self->room - 1)] = item;
}

static void s_values (void *owner, size_t first, size_t count, cursor_t *cursor)
{
    for (size_t i = 0; i < count; i++)
        s_imap_end (owner, first + i, map_read (cursor));
}

//  ---- opening --------------------------------------------------------------------------

cadre_imap_t *cadre_imap (cadre_t *self, const char *function, cadre_source_fn *source,
                          void *argument, const cadre_map_options_t *options)
{
    static const cadre_map_options_t usual = {0};
    if (!self || pool_forked (self))
        return NULL;
    cadre_imap_t *imap = calloc (1, sizeof *imap);
    if (!imap)
        return NULL;
    imap->pool = pool_hold (self);
    imap->options = options ? *options : usual;
    imap->source = source;
    imap->argument = argument;
    imap->chunk = imap->options.chunk ? imap->options.chunk : 1;
    imap->window = imap->options.window ? imap->options.window : WINDOW_ITEMS;
    if (imap->window < imap->chunk)
        imap->window = imap->chunk;
    fault_t fault = {0};
    const items_owner_t owner = {s_imap_pack, s_values, s_imap_end, false, imap};
    if (!source)
        fault_set (&fault, CADRE_ERROR_ARGUMENT,
                   "there is no source: give a function that makes the items");
    else if (items_open (&imap->items, self, function, &imap->options, imap->chunk, 0, &owner))
        fault = imap->items.fault;
    if (fault.code)
        imap->broken = s_imap_say (imap, &fault);
    return imap;
}

//  ---- taking items ----------------------------------------------------------------

//  Packs an item of the source, or an element of a batch.
static void s_imap_take (cadre_imap_t *self, const cadre_value_t *item, fault_t *fault)
{
    if (self->options.batch) {
        if (item) {
            value_codec_pack (&self->batch, item);
            self->batch_count++;
        }
        bool full = self->batch_count == self->options.batch || (!item && self->batch_count);
        if (!full)
            return;
    } else if (!item)
        return;
    if (self->taken - self->base == self->room && s_imap_grow (self, fault))
        return;
    entry_t *entry = s_imap_entry (self, self->taken);
    *entry = (entry_t){.arguments.checked = true};
    if (!self->options.batch)
        map_pack_item (&entry->arguments, item, self->taken, &self->options, fault);
    else {
        pack_array (&entry->arguments, 1);
        pack_array (&entry->arguments, self->batch_count);
        pack_raw (&entry->arguments, self->batch.data, self->batch.size);
        buffer_clear (&self->batch);
        self->batch_count = 0;
    }
    if (entry->arguments.failed && !fault->code)
        memory_check_lacks (entry->arguments.size, "arguments", fault);
    self->taken += !fault->code;
}

//  Calls the source once. False: it has no item now.
static bool s_imap_ask (cadre_imap_t *self, fault_t *fault)
{
    int64_t before_us = clock_now (NULL);
    cadre_value_t *item = self->source (self->argument);
    self->source_us = clock_now (NULL) - before_us;
    if (item == cadre_imap_later ())
        return false;
    self->dry = !item;
    s_imap_take (self, item, fault);
    cadre_value_destroy (&item);
    return true;
}

static cadre_error_t s_imap_send (cadre_imap_t *self, fault_t *fault)
{
    while (self->sent < self->taken) {
        size_t sent = items_send (&self->items, self->sent, self->taken - self->sent);
        if (!sent) {
            *fault = self->items.fault;
            return fault->code;
        }
        self->sent += sent;
    }
    return CADRE_OK;
}

//  Is the broker's window closed? Then the source is not called, and results are read.
static bool s_is_closed (cadre_imap_t *self)
{
    pool_lock (self->pool);
    bool closed = session_put_blocked (pool_session (self->pool))
                  && !session_put_given_up (pool_session (self->pool));
    pool_unlock (self->pool);
    return closed;
}

//  Has the window room for an item, or for a whole chunk when one begins?
static bool s_imap_has_room (const cadre_imap_t *self)
{
    size_t wanted = self->taken == self->sent ? self->chunk : 1;
    return !self->dry && self->taken - self->read + wanted <= self->window;
}

//  Takes items until a chunk is full, or the source is slow; then sends them. False: the source has
//  no item now.
static bool s_imap_fill (cadre_imap_t *self, fault_t *fault)
{
    bool asked = true;
    while (asked && !fault->code && s_imap_has_room (self)
           && self->taken - self->sent < self->chunk) {
        asked = s_imap_ask (self, fault);
        if (self->source_us > SLOW_US)
            break;
    }
    if (!fault->code)
        s_imap_send (self, fault);
    return asked;
}

//  ---- returning results --------------------------------------------------------------

static bool s_is_ready (const cadre_imap_t *self)
{
    if (self->options.unordered)
        return self->ended_count > 0;
    return self->base != self->taken && s_imap_entry (self, self->base)->value;
}

static size_t s_imap_choose (cadre_imap_t *self)
{
    if (!self->options.unordered)
        return self->base;
    size_t item = self->ended [self->ended_first & (self->room - 1)];
    self->ended_first++;
    self->ended_count--;
    return item;
}

static cadre_error_t s_imap_give (cadre_imap_t *self, cadre_value_t **value, size_t *index)
{
    size_t item = s_imap_choose (self);
    entry_t *entry = s_imap_entry (self, item);
    *value = entry->value;
    entry->value = NULL;
    entry->given = true;
    while (self->base != self->taken && s_imap_entry (self, self->base)->given)
        self->base++;
    self->read++;
    if (index)
        *index = item;
    if (cadre_value_type (*value) != CADRE_TYPE_FAILURE)
        return CADRE_OK;
    fault_t fault = {0};
    map_describe (&fault, item, *value);
    return s_imap_say (self, &fault);
}

//  ---- waiting ----------------------------------------------------------------------------

//  Handles events until a result can be returned, or until that time. A timeout is not an error
//  here.
static cadre_error_t s_imap_look (cadre_imap_t *self, int64_t until_us)
{
    cadre_error_t error = CADRE_OK;
    while (!error && !s_is_ready (self))
        error = items_step (&self->items, until_us);
    return error == CADRE_ERROR_TIMEOUT ? CADRE_OK : error;
}

static int64_t s_sooner (int64_t deadline_us, int64_t from_us, int64_t wait_us)
{
    int64_t until_us = from_us + wait_us;
    return deadline_us >= 0 && deadline_us < until_us ? deadline_us : until_us;
}

//  Until when to wait for results before the source is called again.
static int64_t s_patience_us (const cadre_imap_t *self, int64_t now_us, int64_t deadline_us,
                              bool asked, bool closed)
{
    if (closed)
        return s_sooner (deadline_us, now_us, CLOSED_US);
    if (!s_imap_has_room (self))
        return deadline_us;
    if (!asked)
        return s_sooner (deadline_us, now_us, LATER_US);
    int64_t part_us = self->source_us / SLOW_PART;
    if (self->source_us > SLOW_US)
        return s_sooner (deadline_us, now_us, part_us < SLOW_MOST_US ? part_us : SLOW_MOST_US);
    return now_us;
}

//  Is the deadline over? A fast source may still fill the window, for FILL_US.
static bool s_is_over (const cadre_imap_t *self, int64_t deadline_us, int64_t now_us)
{
    bool fills = s_imap_has_room (self) && self->source_us < SLOW_US;
    return deadline_us >= 0 && now_us >= deadline_us + (fills ? FILL_US : 0);
}

static cadre_error_t s_imap_late (cadre_imap_t *self, int timeout_ms)
{
    fault_t fault = {0};
    fault_set (&fault, CADRE_ERROR_TIMEOUT, "no item is ready after %d ms%s%s", timeout_ms,
               *self->items.notice ? ": " : "", self->items.notice);
    return s_imap_say (self, &fault);
}

//  Available results come first, then the source is called, and results are checked again before
//  its next call.
static cadre_error_t s_imap_next (cadre_imap_t *self, int timeout_ms, fault_t *fault)
{
    int64_t deadline_us = connection_deadline (timeout_ms), looked_us = 0;
    for (bool first = true;; first = false) {
        if (s_is_ready (self))
            return CADRE_OK;
        if (self->dry && self->read == self->taken)
            return CADRE_ERROR_END;
        int64_t now_us = clock_now (NULL);
        if (!first && s_is_over (self, deadline_us, now_us))
            return CADRE_ERROR_TIMEOUT;
        bool closed = s_is_closed (self), asked = true;
        if (!closed && s_imap_has_room (self))
            asked = s_imap_fill (self, fault);
        if (fault->code)
            return fault->code;
        now_us = clock_now (NULL);
        int64_t until_us = s_patience_us (self, now_us, deadline_us, asked, closed);
        if (until_us == now_us && now_us - looked_us < LOOK_US)
            continue;
        looked_us = now_us;
        if (s_imap_look (self, until_us)) {
            *fault = self->items.fault;
            return fault->code;
        }
    }
}

cadre_error_t cadre_imap_next (cadre_imap_t *self, cadre_value_t **value, size_t *index,
                               int timeout_ms)
{
    if (!self || !value)
        return CADRE_ERROR_ARGUMENT;
    *value = NULL;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    if (self->broken)
        return self->broken;
    fault_t fault = {0};
    cadre_error_t error = s_imap_next (self, timeout_ms, &fault);
    if (!error)
        return s_imap_give (self, value, index);
    if (error == CADRE_ERROR_TIMEOUT && !fault.code)
        return s_imap_late (self, timeout_ms);
    if (error == CADRE_ERROR_END && !fault.code)
        return error;
    self->broken = error;
    return s_imap_say (self, &fault);
}

const char *cadre_imap_notice (cadre_imap_t *self)
{
    if (!self || pool_forked (self->pool))
        return "";
    bool noticed = self->items.noticed;
    self->items.noticed = false;
    return noticed ? self->items.notice : "";
}

const char *cadre_imap_message (cadre_imap_t *self)
{
    return self && !pool_forked (self->pool) ? self->fault.text : "";
}

void cadre_imap_destroy (cadre_imap_t **self_p)
{
    cadre_imap_t *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    if (pool_forked (self->pool))
        return;
    items_close (&self->items);
    for (size_t item = self->base; item != self->taken; item++) {
        buffer_free (&s_imap_entry (self, item)->arguments);
        cadre_value_destroy (&s_imap_entry (self, item)->value);
    }
    buffer_free (&self->batch);
    free (self->entries);
    free (self->ended);
    pool_release (&self->pool);
    free (self);
}
