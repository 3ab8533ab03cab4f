//  imap.c - a function over a stream of items

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/lib/map.h"
#include "common/moment.h"
#include "common/value.h"

#define WINDOW_ITEMS 1000u

//  A task of the iterator: from when its items were taken until its results were read.
typedef struct chunk {
    uint32_t index; //  Task
    size_t first;   //  Its first item
    size_t items;   //  How many
} chunk_t;

struct cadre_imap {
    cadre_t *pool;               //  Held
    cadre_job_t *job;            //  That does it
    cadre_source_fn *source;     //  Gives items
    void *argument;              //  Of the source
    cadre_map_options_t options; //  As given, batch and spread
    size_t chunk_items;          //  Items of a chunk, at least 1
    size_t window;               //  Items taken ahead of what was read
    bool dry;                    //  The source has ended
    size_t taken;                //  Items taken from the source
    size_t read;                 //  Items given to the reader
    chunk_t *chunks;             //  Ring by task of those on their way
    uint32_t chunk_room;         //  A power of two
    uint32_t chunk_base;         //  The oldest that may be on its way
    chunk_t current;             //  The chunk being read
    size_t current_read;         //  Its items that were given to the reader
    result_t result;             //  Its result
    bool fine;                   //  The cursor stands before the next of its values
    cursor_t cursor;             //  In the result's bytes
    char notice [400];           //  What it waits for, until it was asked for; or empty
    cadre_error_t broken;        //  Why it cannot go on
    fault_t fault;               //  What went wrong last
};

static cadre_error_t s_say (cadre_imap_t *self, const fault_t *fault)
{
    self->fault = *fault;
    return pool_say (self->pool, fault);
}

static cadre_error_t s_check (cadre_source_fn *source, const cadre_map_options_t *options, fault_t *fault)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved [0]; i++)
        if (options->reserved [i])
            return fault_set (
                fault, CADRE_ERROR_ARGUMENT,
                "reserved fields of the map's options are set: begin with `cadre_map_options_t o = {0}`");
    if (!source)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "there is no source: give a function that makes the items");
    if (options->batch && options->spread)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "batch and spread are both set: a batch is one argument, so choose one of them");
    if (options->job.detached || options->job.durable)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "an iterator cannot be detached or durable: open a job with cadre_job_open");
    return CADRE_OK;
}

cadre_imap_t *cadre_imap (cadre_t *self, const char *function, cadre_source_fn *source, void *argument,
                          const cadre_map_options_t *options)
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
    imap->chunk_items = imap->options.chunk ? imap->options.chunk : 1;
    imap->window = imap->options.window ? imap->options.window : WINDOW_ITEMS;
    if (imap->window < imap->chunk_items)
        imap->window = imap->chunk_items;
    fault_t fault = {0};
    if (s_check (source, &imap->options, &fault) == CADRE_OK) {
        imap->job = job_open (self, WIRE_KIND_MAP, function ? function : "", &imap->options.job,
                              !imap->options.unordered, false);
        if (imap->job && imap->job->work.fault.code)
            fault = imap->job->work.fault;
    }
    if (fault.code)
        imap->broken = s_say (imap, &fault);
    return imap;
}

//  ---- taking items ----------------------------------------------------------------

static chunk_t *s_place (cadre_imap_t *self, uint32_t index)
{
    return &self->chunks [index & (self->chunk_room - 1)];
}

static void s_note_chunk (cadre_imap_t *self, chunk_t chunk)
{
    if (chunk.index - self->chunk_base >= self->chunk_room) {
        uint32_t room = self->chunk_room ? self->chunk_room * 2 : 64;
        chunk_t *chunks = calloc (room, sizeof *chunks);
        assert (chunks);
        for (uint32_t index = self->chunk_base; index != chunk.index; index++)
            chunks [index & (room - 1)] = *s_place (self, index);
        free (self->chunks);
        self->chunks = chunks;
        self->chunk_room = room;
    }
    *s_place (self, chunk.index) = chunk;
}

//  Packs the arguments of one item: of the source, or a batch of them. False at the end of the source.
static bool s_pack_item (cadre_imap_t *self, buffer_t *items, fault_t *fault)
{
    size_t wanted = self->options.batch ? self->options.batch : 1, count = 0;
    buffer_t batch = {0};
    while (count < wanted && !self->dry && !fault->code) {
        cadre_value_t *item = self->source (self->argument);
        self->dry = !item;
        if (item && self->options.batch)
            value_pack (&batch, item);
        else if (item)
            map_pack_item (items, item, self->taken, &self->options, fault);
        count += item != NULL;
        cadre_value_destroy (&item);
    }
    if (self->options.batch && count) {
        pack_array (items, 1);
        pack_array (items, count);
        pack_raw (items, batch.data, batch.size);
    }
    buffer_free (&batch);
    return count > 0 && !fault->code;
}

//  Takes the items of one more task from the source and sends it.
static cadre_error_t s_take_chunk (cadre_imap_t *self, fault_t *fault)
{
    chunk_t chunk = {.first = self->taken};
    buffer_t items = {0}, payload = {0};
    while (chunk.items < self->chunk_items && s_pack_item (self, &items, fault)) {
        chunk.items++;
        self->taken++;
    }
    if (chunk.items && !fault->code) {
        pack_array (&payload, chunk.items);
        pack_raw (&payload, items.data, items.size);
        chunk.index = self->job->work.count;
        s_note_chunk (self, chunk);
        if (job_add (self->job, NULL, &payload))
            *fault = self->job->fault;
    }
    buffer_free (&items);
    buffer_free (&payload);
    return fault->code;
}

static cadre_error_t s_fill (cadre_imap_t *self, fault_t *fault)
{
    while (!self->dry && self->taken - self->read + self->chunk_items <= self->window)
        if (s_take_chunk (self, fault))
            return fault->code;
    return self->dry ? cadre_job_seal (self->job) : CADRE_OK;
}

//  ---- giving results -----------------------------------------------------------------

//  Moves on to the next chunk that has ended.
static cadre_error_t s_next_chunk (cadre_imap_t *self, int64_t deadline_us)
{
    cadre_event_t event;
    do {
        int64_t left_us = deadline_us < 0 ? -1 : deadline_us - moment_now (NULL);
        int timeout_ms = deadline_us < 0 ? -1 : left_us > 0 ? (int) ((left_us + 999) / 1000) : 0;
        cadre_error_t error = cadre_job_next (self->job, &event, timeout_ms);
        if (error)
            return error;
        if (event.kind == CADRE_EVENT_NOTICE)
            snprintf (self->notice, sizeof self->notice, "%s", event.message);
    } while (event.kind != CADRE_EVENT_RESULT || event.index - self->chunk_base >= self->chunk_room
             || s_place (self, event.index)->items == 0);
    result_free (&self->result);
    self->result = self->job->current->result;
    self->job->current->result = (result_t){0};
    self->current = *s_place (self, event.index);
    self->current_read = 0;
    self->fine = map_open_chunk (&self->result, self->current.items, &self->cursor);
    s_place (self, event.index)->items = 0;
    while (self->chunk_base != self->job->work.count && s_place (self, self->chunk_base)->items == 0)
        self->chunk_base++;
    return CADRE_OK;
}

static cadre_error_t s_give (cadre_imap_t *self, cadre_value_t **value, size_t *index)
{
    cadre_value_t *found = self->fine ? value_read (&self->cursor) : NULL;
    if (!found) {
        self->fine = false;
        found = map_failure (&self->result);
    }
    size_t item = self->current.first + self->current_read++;
    self->read++;
    if (index)
        *index = item;
    bool failed = cadre_value_type (found) == CADRE_FAILURE;
    if (failed) {
        fault_t fault = {0};
        fault_set (&fault, CADRE_ERROR_TASK, "item %zu: %s: %s", item,
                   cadre_value_text (cadre_value_at (found, 0)),
                   cadre_value_text (cadre_value_at (found, 1)));
        s_say (self, &fault);
    }
    *value = found;
    return failed ? CADRE_ERROR_TASK : CADRE_OK;
}

cadre_error_t cadre_imap_next (cadre_imap_t *self, cadre_value_t **value, size_t *index, int timeout_ms)
{
    if (!self || !value)
        return CADRE_ERROR_ARGUMENT;
    *value = NULL;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    if (self->broken)
        return self->broken;
    int64_t deadline_us = connection_deadline (timeout_ms);
    fault_t fault = {0};
    cadre_error_t error = s_fill (self, &fault);
    if (!error && self->current_read == self->current.items) {
        error = s_next_chunk (self, deadline_us);
        if (error && error != CADRE_ERROR_END)
            fault = self->job->fault;
    }
    if (!error)
        return s_give (self, value, index);
    if (error == CADRE_ERROR_END || !fault.code)
        return error;
    if (error != CADRE_ERROR_TIMEOUT)
        self->broken = error;
    return s_say (self, &fault);
}

bool imap_notice (cadre_imap_t *self, char *text, size_t size)
{
    snprintf (text, size, "%s", self->notice);
    self->notice [0] = 0;
    return *text;
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
    cadre_job_destroy (&self->job);
    result_free (&self->result);
    free (self->chunks);
    pool_release (&self->pool);
    free (self);
}
