//  map.c - cadre_map: a function over many items at once

#include <stdlib.h>
#include <string.h>

#include "client/lib/map.h"
#include "common/pack.h"
#include "common/value.h"

static const cadre_map_options_t s_usual = {0};

//  ---- packing items ------------------------------------------------------------

//  Packs the argument array of item number index.
typedef cadre_error_t (pack_item_fn) (buffer_t *payload, const void *items, size_t index,
                                      const cadre_map_options_t *options, fault_t *fault);

cadre_error_t map_pack_item (buffer_t *payload, const cadre_value_t *item, size_t index,
                             const cadre_map_options_t *options, fault_t *fault)
{
    if (!options->spread) {
        pack_array (payload, 1);
        value_codec_pack (payload, item);
        return CADRE_OK;
    }
    if (cadre_value_type (item) != CADRE_TYPE_LIST)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "item %zu is a %s: with spread each item is a list of arguments", index,
                          cadre_type_name (cadre_value_type (item)));
    value_codec_pack (payload, item);
    return CADRE_OK;
}

static cadre_error_t s_pack_value (buffer_t *payload, const void *items, size_t index,
                                   const cadre_map_options_t *options, fault_t *fault)
{
    return map_pack_item (payload, cadre_value_at (items, index), index, options, fault);
}

static cadre_error_t s_pack_batch (buffer_t *payload, const void *items, size_t index,
                                   const cadre_map_options_t *options, fault_t *fault)
{
    (void) fault;
    size_t first = index * options->batch, count = cadre_value_count (items) - first;
    if (count > options->batch)
        count = options->batch;
    pack_array (payload, 1);
    pack_array (payload, count);
    for (size_t i = 0; i < count; i++)
        value_codec_pack (payload, cadre_value_at (items, first + i));
    return CADRE_OK;
}

static cadre_error_t s_pack_int (buffer_t *payload, const void *items, size_t index,
                                 const cadre_map_options_t *options, fault_t *fault)
{
    (void) options;
    (void) fault;
    pack_array (payload, 1);
    pack_int (payload, ((const int64_t *) items) [index]);
    return CADRE_OK;
}

static cadre_error_t s_pack_double (buffer_t *payload, const void *items, size_t index,
                                    const cadre_map_options_t *options, fault_t *fault)
{
    (void) options;
    (void) fault;
    pack_array (payload, 1);
    pack_double (payload, ((const double *) items) [index]);
    return CADRE_OK;
}

//  ---- one map -------------------------------------------------------------------------

#define LOOK_EVERY 16u //  Chunks sent between two checks for results

typedef struct map {
    cadre_t *pool;
    const cadre_map_options_t *options; //  Never NULL
    const void *items;                  //  A list value, or an array
    pack_item_fn *pack;                 //  Packs an item of items
    size_t count;                       //  Number of items
    items_t sent;                       //  Items in flight
    cadre_value_t **values;             //  cadre_map: by item
    void *results;                      //  cadre_map_int and _double: the caller's array
    size_t told;                        //  Items whose result or failure is known
    size_t failed_item;                 //  The first failed item; count: none
    fault_t fault;                      //  Its failure, or why the map has failed
} map_t;

cadre_value_t *map_read (cursor_t *cursor)
{
    cadre_value_t *value = value_codec_read (cursor);
    return value ? value : value_failure ("protocol", "the worker returned an invalid value", "");
}

void map_describe (fault_t *fault, size_t item, const cadre_value_t *failure)
{
    fault_set (fault, CADRE_ERROR_TASK, "item %zu: %s: %s", item,
               cadre_value_text (cadre_value_at (failure, 0)),
               cadre_value_text (cadre_value_at (failure, 1)));
}

//  If several items fail, the first one is reported.
static bool s_is_first (map_t *self, size_t item)
{
    if (item >= self->failed_item)
        return false;
    self->failed_item = item;
    return true;
}

static void s_note_failure (map_t *self, size_t item, const cadre_value_t *failure)
{
    if (s_is_first (self, item))
        map_describe (&self->fault, item, failure);
}

static cadre_error_t s_map_pack (void *owner, buffer_t *payload, size_t item, fault_t *fault)
{
    map_t *self = owner;
    return self->pack (payload, self->items, item, self->options, fault);
}

//  Sends all items and waits for all results.
static cadre_error_t s_go_on (map_t *self, int64_t deadline_us)
{
    size_t next = 0;
    cadre_error_t error = CADRE_OK;
    while (next < self->count || items_left (&self->sent)) {
        for (size_t chunks = 0;
             chunks < LOOK_EVERY && next < self->count && items_wants (&self->sent); chunks++) {
            size_t taken = items_send (&self->sent, next, self->count - next);
            if (!taken)
                return self->sent.fault.code;
            next += taken;
        }
        int64_t until_us = deadline_us;
        if (next < self->count)
            until_us = items_wants (&self->sent) ? 0 : items_until_us (&self->sent, deadline_us);
        error = items_step (&self->sent, until_us);
        if (error && !(error == CADRE_ERROR_TIMEOUT && until_us != deadline_us))
            return error;
    }
    return CADRE_OK;
}

static void s_late (map_t *self, size_t left)
{
    fault_set (&self->fault, CADRE_ERROR_TIMEOUT, "%zu of %zu items have no result after %d ms%s%s",
               left, self->count, self->options->timeout_ms, *self->sent.notice ? ": " : "",
               self->sent.notice);
}

//  Also reports the error of the map, or of its first failed item.
static cadre_error_t s_map_run (map_t *self, const char *function, const items_owner_t *owner)
{
    int64_t deadline_us =
        connection_deadline (self->options->timeout_ms > 0 ? self->options->timeout_ms : -1);
    self->failed_item = self->count;
    cadre_error_t error = items_open (&self->sent, self->pool, function, self->options,
                                      self->options->chunk, self->count, owner);
    if (!error)
        error = s_go_on (self, deadline_us);
    if (error == CADRE_ERROR_TIMEOUT)
        s_late (self, self->count - self->told);
    else if (error)
        self->fault = self->sent.fault;
    items_close (&self->sent);
    return error;
}

static cadre_error_t s_map_say (map_t *self)
{
    return self->fault.code ? message_say (self->pool, &self->fault) : CADRE_OK;
}

//  ---- lists -----------------------------------------------------------------------------

static void s_map_keep (void *owner, size_t item, cadre_value_t *value)
{
    map_t *self = owner;
    if (cadre_value_type (value) == CADRE_TYPE_FAILURE)
        s_note_failure (self, item, value);
    self->values [item] = value;
    self->told++;
}

static void s_keep_values (void *owner, size_t first, size_t count, cursor_t *cursor)
{
    for (size_t i = 0; i < count; i++)
        s_map_keep (owner, first + i, map_read (cursor));
}

//  Items without a result have a failure that says so. NULL: no memory, which the fault says.
static cadre_value_t *s_list_map (map_t *self)
{
    cadre_value_t *list = cadre_value_list ();
    for (size_t i = 0; i < self->count; i++) {
        if (!self->values [i])
            self->values [i] =
                value_failure ("unfinished", "the map ended before the result came", "");
        if (cadre_value_append (list, &self->values [i])) {
            cadre_value_destroy (&list);
            fault_set (&self->fault, CADRE_ERROR_MEMORY,
                       "no memory for so many results: raise the limit (ulimit -v)");
            break;
        }
    }
    return list;
}

static cadre_error_t s_map_list (map_t *self, const char *function, cadre_value_t **results)
{
    const items_owner_t owner = {.pack = s_map_pack,
                                 .values = s_keep_values,
                                 .failed = s_map_keep,
                                 .keeps = true,
                                 .owner = self};
    self->values = calloc (self->count ? self->count : 1, sizeof *self->values);
    if (!self->values)
        return message_say_text (self->pool, CADRE_ERROR_MEMORY, "out of memory for %zu results",
                                 self->count);
    cadre_error_t error = s_map_run (self, function, &owner);
    if (error != CADRE_ERROR_ARGUMENT && results)
        *results = s_list_map (self);
    for (size_t i = 0; i < self->count; i++)
        cadre_value_destroy (&self->values [i]);
    free (self->values);
    return s_map_say (self);
}

cadre_error_t cadre_map (cadre_t *self, const char *function, const cadre_value_t *items,
                         const cadre_map_options_t *options, cadre_value_t **results)
{
    if (results)
        *results = NULL;
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self))
        return CADRE_ERROR_FORKED;
    if (items && cadre_value_type (items) != CADRE_TYPE_LIST)
        return message_say_text (self, CADRE_ERROR_ARGUMENT, "the items are a %s: give a list",
                                 cadre_type_name (cadre_value_type (items)));
    map_t map = {.pool = self,
                 .options = options ? options : &s_usual,
                 .items = items,
                 .pack = s_pack_value};
    map.count = cadre_value_count (items);
    if (map.options->batch) {
        map.pack = s_pack_batch;
        map.count = (map.count + map.options->batch - 1) / map.options->batch;
    }
    return s_map_list (&map, function, results);
}

//  ---- plain arrays --------------------------------------------------------------------------

static void s_mark (map_t *self, size_t item, bool valid)
{
    if (self->options->valid)
        self->options->valid [item] = valid;
    self->told++;
}

//  Records a result that is not a number.
static void s_note_other (map_t *self, size_t item, cursor_t *cursor)
{
    cadre_value_t *value = map_read (cursor);
    if (cadre_value_type (value) == CADRE_TYPE_FAILURE)
        s_note_failure (self, item, value);
    else if (s_is_first (self, item))
        fault_set (&self->fault, CADRE_ERROR_TYPE,
                   "item %zu gave a %s: read such results with cadre_map", item,
                   cadre_type_name (cadre_value_type (value)));
    cadre_value_destroy (&value);
}

static void s_store_ints (void *owner, size_t first, size_t count, cursor_t *cursor)
{
    int64_t *results = ((map_t *) owner)->results;
    for (size_t i = first; i < first + count; i++) {
        cursor_t item = *cursor;
        bool valid = cursor_int (&item, &results [i]);
        s_mark (owner, i, valid);
        if (valid) {
            *cursor = item;
            continue;
        }
        results [i] = 0;
        s_note_other (owner, i, cursor);
    }
}

static void s_store_doubles (void *owner, size_t first, size_t count, cursor_t *cursor)
{
    double *results = ((map_t *) owner)->results;
    for (size_t i = first; i < first + count; i++) {
        cursor_t item = *cursor;
        bool valid = cursor_double (&item, &results [i]);
        s_mark (owner, i, valid);
        if (valid) {
            *cursor = item;
            continue;
        }
        results [i] = 0;
        s_note_other (owner, i, cursor);
    }
}

static void s_fail_int (void *owner, size_t item, cadre_value_t *failure)
{
    ((int64_t *) ((map_t *) owner)->results) [item] = 0;
    s_mark (owner, item, false);
    s_note_failure (owner, item, failure);
    cadre_value_destroy (&failure);
}

static void s_fail_double (void *owner, size_t item, cadre_value_t *failure)
{
    ((double *) ((map_t *) owner)->results) [item] = 0;
    s_mark (owner, item, false);
    s_note_failure (owner, item, failure);
    cadre_value_destroy (&failure);
}

//  Results are stored as they come; an item that may be retried is not overwritten if both arrays
//  are the same.
static cadre_error_t s_map_numbers (map_t *self, const char *function, const items_owner_t *owner)
{
    if (!self->pool || ((!self->items || !self->results) && self->count))
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    if (self->options->batch || self->options->spread)
        return message_say_text (self->pool, CADRE_ERROR_ARGUMENT,
                                 "batch and spread are for lists: use cadre_map");
    if (self->options->valid)
        memset (self->options->valid, 0, self->count * sizeof *self->options->valid);
    s_map_run (self, function, owner);
    return s_map_say (self);
}

cadre_error_t cadre_map_int (cadre_t *self, const char *function, const int64_t *items,
                             size_t count, const cadre_map_options_t *options, int64_t *results)
{
    map_t map = {.pool = self,
                 .options = options ? options : &s_usual,
                 .items = items,
                 .pack = s_pack_int,
                 .count = count,
                 .results = results};
    return s_map_numbers (&map, function,
                          &(items_owner_t){s_map_pack, s_store_ints, s_fail_int, true, &map});
}

cadre_error_t cadre_map_double (cadre_t *self, const char *function, const double *items,
                                size_t count, const cadre_map_options_t *options, double *results)
{
    map_t map = {.pool = self,
                 .options = options ? options : &s_usual,
                 .items = items,
                 .pack = s_pack_double,
                 .count = count,
                 .results = results};
    return s_map_numbers (&map, function,
                          &(items_owner_t){s_map_pack, s_store_doubles, s_fail_double, true, &map});
}
