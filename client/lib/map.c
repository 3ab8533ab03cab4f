//  map.c - a function over many items at once

#include <stdlib.h>
#include <string.h>

#include "client/lib/map.h"
#include "common/moment.h"
#include "common/value.h"

#define CHUNKS_WANTED 64u
#define CHUNK_MAX 8192u
#define CHUNK_BYTES (64u * 1024u)

static const cadre_map_options_t s_usual = {0};

//  ---- what items are ------------------------------------------------------------

//  Packs the argument array of item number index.
typedef cadre_error_t (pack_item_fn) (buffer_t *payload, const void *items, size_t index,
                                      const cadre_map_options_t *options, fault_t *fault);

cadre_error_t map_pack_item (buffer_t *payload, const cadre_value_t *item, size_t index,
                             const cadre_map_options_t *options, fault_t *fault)
{
    if (!options->spread) {
        pack_array (payload, 1);
        value_pack (payload, item);
        return CADRE_OK;
    }
    if (cadre_value_type (item) != CADRE_LIST)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "item %zu is a %s: with spread each item is a list of arguments", index,
                          cadre_type_name (cadre_value_type (item)));
    value_pack (payload, item);
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
        value_pack (payload, cadre_value_at (items, first + i));
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

//  Items of one task.
typedef struct chunk {
    size_t first;    //  Its first item
    result_t result; //  How it ended
    bool ended;      //  It has
} chunk_t;

typedef struct map {
    cadre_t *pool;                      //  Whose
    const cadre_map_options_t *options; //  Never NULL
    const void *items;                  //  A list value, or an array
    pack_item_fn *pack;                 //  Reads it
    size_t count;                       //  Items
    chunk_t *chunks;                    //  In order
    size_t chunk_count;                 //  How many
    size_t chunk_room;                  //  Allocated
    cadre_job_t *job;                   //  That does it
    int64_t deadline_us;                //  When time is over; -1: never
    fault_t fault;                      //  The first failure
} map_t;

size_t map_chunk_items (size_t count, const cadre_map_options_t *options)
{
    if (options->chunk)
        return options->chunk < UINT32_MAX ? options->chunk : UINT32_MAX;
    size_t items = count / CHUNKS_WANTED;
    return items < 1 ? 1 : items > CHUNK_MAX ? CHUNK_MAX : items;
}

static cadre_error_t s_fault (map_t *self, cadre_error_t code, const char *text)
{
    return self->fault.code ? code : fault_set (&self->fault, code, "%s", text);
}

//  Packs items from first on into one task; how many is returned through taken.
static cadre_error_t s_pack_chunk (map_t *self, size_t first, size_t most, buffer_t *payload, size_t *taken)
{
    buffer_t items = {0};
    cadre_error_t error = CADRE_OK;
    size_t count = 0;
    while (!error && count < most && first + count < self->count) {
        if (!self->options->chunk && items.size >= CHUNK_BYTES)
            break;
        error = self->pack (&items, self->items, first + count, self->options, &self->fault);
        count++;
    }
    pack_array (payload, count);
    pack_raw (payload, items.data, items.size);
    buffer_free (&items);
    *taken = count;
    return error;
}

static void s_note_chunk (map_t *self, size_t first)
{
    if (self->chunk_count == self->chunk_room) {
        self->chunk_room = self->chunk_room ? self->chunk_room * 2 : CHUNKS_WANTED * 2;
        self->chunks = realloc (self->chunks, self->chunk_room * sizeof *self->chunks);
        if (!self->chunks)
            abort ();
    }
    self->chunks [self->chunk_count++] = (chunk_t){.first = first};
}

static cadre_error_t s_send (map_t *self)
{
    size_t most = map_chunk_items (self->count, self->options), taken = 0;
    buffer_t payload = {0};
    cadre_error_t error = CADRE_OK;
    for (size_t first = 0; !error && first < self->count; first += taken) {
        buffer_clear (&payload);
        error = s_pack_chunk (self, first, most, &payload, &taken);
        if (error)
            break;
        s_note_chunk (self, first);
        error = job_add (self->job, NULL, &payload);
        if (error)
            s_fault (self, error, cadre_job_message (self->job));
    }
    buffer_free (&payload);
    return error ? error : cadre_job_seal (self->job);
}

//  Takes the result out of the event that was read last.
static void s_take (map_t *self, const cadre_event_t *event)
{
    if (event->kind != CADRE_EVENT_RESULT || event->index >= self->chunk_count
        || self->chunks [event->index].ended)
        return;
    chunk_t *chunk = &self->chunks [event->index];
    chunk->result = self->job->current->result;
    chunk->ended = true;
    self->job->current->result = (result_t){0};
}

static cadre_error_t s_receive (map_t *self)
{
    for (;;) {
        cadre_event_t event;
        int timeout_ms = -1;
        if (self->deadline_us >= 0) {
            int64_t left_us = self->deadline_us - moment_now (NULL);
            timeout_ms = left_us > 0 ? (int) ((left_us + 999) / 1000) : 0;
        }
        cadre_error_t error = cadre_job_next (self->job, &event, timeout_ms);
        if (error == CADRE_ERROR_END)
            return CADRE_OK;
        if (error)
            return s_fault (self, error, cadre_job_message (self->job));
        s_take (self, &event);
    }
}

static cadre_error_t s_check (map_t *self, const char *function)
{
    const cadre_map_options_t *options = self->options;
    if (options->batch && options->spread)
        return s_fault (self, CADRE_ERROR_ARGUMENT,
                        "batch and spread are both set: a batch is one argument, so choose one of them");
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved [0]; i++)
        if (options->reserved [i])
            return s_fault (
                self, CADRE_ERROR_ARGUMENT,
                "reserved fields of the map's options are set: begin with `cadre_map_options_t o = {0}`");
    if (options->job.detached || options->job.durable)
        return s_fault (self, CADRE_ERROR_ARGUMENT,
                        "a map cannot be detached or durable: open a job with cadre_job_open");
    if (!function || !*function)
        return s_fault (self, CADRE_ERROR_ARGUMENT,
                        "no function is named: give the name of one that workers offer");
    return CADRE_OK;
}

//  Sends all and waits for all. The chunks hold what came back.
static cadre_error_t s_run (map_t *self, const char *function)
{
    if (s_check (self, function))
        return self->fault.code;
    self->deadline_us = connection_deadline (self->options->timeout_ms > 0 ? self->options->timeout_ms : -1);
    self->job = job_open (self->pool, WIRE_KIND_MAP, function, &self->options->job, false, true);
    if (!self->job)
        return s_fault (self, CADRE_ERROR_MEMORY, "out of memory");
    cadre_error_t error = s_send (self);
    return error ? error : s_receive (self);
}

static void s_end (map_t *self)
{
    cadre_job_destroy (&self->job);
    for (size_t i = 0; i < self->chunk_count; i++)
        result_free (&self->chunks [i].result);
    free (self->chunks);
}

//  ---- reading chunks --------------------------------------------------------------------

static size_t s_chunk_items (const map_t *self, size_t number)
{
    size_t next = number + 1 < self->chunk_count ? self->chunks [number + 1].first : self->count;
    return next - self->chunks [number].first;
}

bool map_open_chunk (const result_t *result, size_t items, cursor_t *cursor)
{
    size_t count = 0;
    *cursor = cursor_of_view (result_value (result));
    //  a task of which items failed ends with an error, and brings the values of the others all the same
    return (result->outcome == CADRE_OUTCOME_OK || result->outcome == CADRE_OUTCOME_ERROR)
           && cursor_array (cursor, &count) && count == items;
}

cadre_value_t *map_failure (const result_t *result)
{
    const detail_t *detail = result_detail (result);
    const char *word = cadre_outcome_text ((cadre_outcome_t) result->outcome);
    if (result->outcome == CADRE_OUTCOME_OK)
        return value_failure ("protocol", "the worker gave another number of results than of items", "");
    return value_failure (*detail->kind ? detail->kind : word, *detail->message ? detail->message : word,
                          detail->trace);
}

static void s_note_failure (map_t *self, size_t item, const cadre_value_t *failure)
{
    if (self->fault.code)
        return;
    fault_set (&self->fault, CADRE_ERROR_TASK, "item %zu: %s: %s", item,
               cadre_value_text (cadre_value_at (failure, 0)),
               cadre_value_text (cadre_value_at (failure, 1)));
}

//  The value of one item, from a chunk that is well-formed, or of one that failed as a whole.
static cadre_value_t *s_item_value (map_t *self, const chunk_t *chunk, bool fine, cursor_t *cursor,
                                    size_t item)
{
    cadre_value_t *value = fine ? value_read (cursor) : NULL;
    if (!value)
        value = map_failure (&chunk->result);
    if (cadre_value_type (value) == CADRE_FAILURE)
        s_note_failure (self, item, value);
    return value;
}

static cadre_value_t *s_list (map_t *self)
{
    cadre_value_t *list = cadre_value_list ();
    for (size_t number = 0; number < self->chunk_count; number++) {
        const chunk_t *chunk = &self->chunks [number];
        size_t items = s_chunk_items (self, number);
        cursor_t cursor;
        bool fine = map_open_chunk (&chunk->result, items, &cursor);
        for (size_t i = 0; i < items; i++) {
            cadre_value_t *value = s_item_value (self, chunk, fine, &cursor, chunk->first + i);
            cadre_value_append (list, &value);
        }
    }
    return list;
}

static cadre_error_t s_say (map_t *self, cadre_error_t error)
{
    if (!error)
        error = self->fault.code;
    return error && self->fault.code ? pool_say (self->pool, &self->fault) : error;
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
    if (items && cadre_value_type (items) != CADRE_LIST)
        return pool_say_text (self, CADRE_ERROR_ARGUMENT, "the items are a %s: give a list",
                              cadre_type_name (cadre_value_type (items)));
    map_t map = {.pool = self, .options = options ? options : &s_usual, .items = items, .pack = s_pack_value};
    map.count = cadre_value_count (items);
    if (map.options->batch) {
        map.pack = s_pack_batch;
        map.count = (map.count + map.options->batch - 1) / map.options->batch;
    }
    cadre_error_t error = s_run (&map, function);
    if (!error) {
        cadre_value_t *list = s_list (&map);
        if (results)
            *results = list;
        else
            cadre_value_destroy (&list);
    }
    error = s_say (&map, error);
    s_end (&map);
    return error;
}

//  ---- plain arrays --------------------------------------------------------------------------

//  Stores the next number of a chunk at a place; false when it is none.
typedef bool (store_fn) (cursor_t *cursor, void *results, size_t index);

static bool s_store_int (cursor_t *cursor, void *results, size_t index)
{
    return cursor_int (cursor, &((int64_t *) results) [index]);
}

static bool s_store_double (cursor_t *cursor, void *results, size_t index)
{
    return cursor_double (cursor, &((double *) results) [index]);
}

//  What is no number: a failure, or a value of another type.
static void s_note_other (map_t *self, const chunk_t *chunk, size_t item, view_t bytes)
{
    cursor_t cursor = cursor_of_view (bytes);
    cadre_value_t *value = s_item_value (self, chunk, bytes.size > 0, &cursor, item);
    if (cadre_value_type (value) != CADRE_FAILURE && !self->fault.code)
        fault_set (&self->fault, CADRE_ERROR_TYPE, "item %zu gave a %s: read such results with cadre_map",
                   item, cadre_type_name (cadre_value_type (value)));
    cadre_value_destroy (&value);
}

static void s_store_chunk (map_t *self, size_t number, void *results, store_fn *store)
{
    const chunk_t *chunk = &self->chunks [number];
    size_t items = s_chunk_items (self, number);
    cursor_t cursor;
    bool fine = map_open_chunk (&chunk->result, items, &cursor);
    for (size_t i = 0; i < items; i++) {
        cursor_t item = cursor;
        view_t bytes = {NULL, 0};
        if (fine && store (&item, results, chunk->first + i)) {
            cursor = item;
            continue;
        }
        if (fine && !cursor_skip (&cursor, &bytes))
            fine = false;
        s_note_other (self, chunk, chunk->first + i, bytes);
    }
}

static cadre_error_t s_map_numbers (map_t *map, const char *function, void *results, size_t result_bytes,
                                    store_fn *store)
{
    cadre_t *self = map->pool;
    if (!self || ((!map->items || !results) && map->count))
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self))
        return CADRE_ERROR_FORKED;
    if (map->options->batch || map->options->spread)
        return pool_say_text (self, CADRE_ERROR_ARGUMENT, "batch and spread are for lists: use cadre_map");
    cadre_error_t error = s_run (map, function);
    if (!error) {
        if (map->count)
            memset (results, 0, map->count * result_bytes);
        for (size_t number = 0; number < map->chunk_count; number++)
            s_store_chunk (map, number, results, store);
    }
    error = s_say (map, error);
    s_end (map);
    return error;
}

cadre_error_t cadre_map_int (cadre_t *self, const char *function, const int64_t *items, size_t count,
                             const cadre_map_options_t *options, int64_t *results)
{
    map_t map = {.pool = self,
                 .options = options ? options : &s_usual,
                 .items = items,
                 .pack = s_pack_int,
                 .count = count};
    return s_map_numbers (&map, function, results, sizeof *results, s_store_int);
}

cadre_error_t cadre_map_double (cadre_t *self, const char *function, const double *items, size_t count,
                                const cadre_map_options_t *options, double *results)
{
    map_t map = {.pool = self,
                 .options = options ? options : &s_usual,
                 .items = items,
                 .pack = s_pack_double,
                 .count = count};
    return s_map_numbers (&map, function, results, sizeof *results, s_store_double);
}
