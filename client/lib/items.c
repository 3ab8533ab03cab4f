//  items.c - sends the items of a map, for cadre_map and cadre_imap

#include "client/lib/items.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/pool/item_times.h"
#include "common/clock.h"
#include "common/gather.h"
#include "common/moving_mean.h"
#include "common/pack.h"
#include "common/rules.h"
#include "common/value.h"

#define CHUNK_MAX 8192u
#define CHUNK_BYTES (64u * 1024u)
#define CHUNK_NS INT64_C (1500000) //  Less work than is sent ahead to a worker
#define CHUNKS_PER_SLOT 4u
#define FIRST_MAX 16u          //  Items per chunk before anything was measured
#define FIRST_PART 64u         //  ... at most this fraction of all
#define FIRST_PART_OF_SLOT 16u //  ... and of a slot's share
#define SILENCE_US 10000 //  Without a result for so long: twice as many items are sent, each alone
#define SILENCES_MAX 16
#define FLYING_LEAST 16u //  Minimum of chunks in flight in that case
#define GROWTH 8u
#define RUN_MOST_US INT64_C (86400000000) //  Limit of run times, which a worker may report wrongly
#define RING_MIN 64u

cadre_error_t items_check (const cadre_map_options_t *options, const char *function, fault_t *fault)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved [0]; i++)
        if (options->reserved [i])
            return fault_set (
                fault, CADRE_ERROR_ARGUMENT,
                "reserved fields of the map's options are set: begin with `cadre_map_options_t o = {0}`");
    if (options->batch && options->spread)
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "batch and spread are both set: a batch is one argument, so choose one of them");
    if (options->job.detached || options->job.durable)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "a map cannot be detached or durable: open a job with cadre_job_open");
    if (!function || !*function)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "no function is named: give the name of one that workers offer");
    return CADRE_OK;
}

static size_t s_least (size_t one, size_t other)
{
    return one < other ? one : other;
}

//  The time of items is unknown: a wrong guess must not cost much.
static size_t s_first (size_t total, size_t slots)
{
    size_t first = s_least (total / FIRST_PART, FIRST_MAX);
    if (slots)
        first = s_least (first, total / (FIRST_PART_OF_SLOT * slots));
    return first < 1 ? 1 : first;
}

cadre_error_t items_open (items_t *self, cadre_t *pool, const char *function,
                          const cadre_map_options_t *options, size_t chunk, size_t total,
                          const items_owner_t *owner)
{
    *self = (items_t){.pool = pool, .owner = *owner, .item_ns = -1};
    self->body.checked = self->payload.checked = true;
    if (items_check (options, function, &self->fault))
        return self->fault.code;
    self->chunk = s_least (chunk, UINT32_MAX);
    if (!chunk)
        self->slots = item_times_slots (pool);
    self->function = function;
    self->item_ns = chunk ? -1 : item_times_recall (pool, function);
    self->grown = self->item_ns < 0 ? s_first (total, self->slots) : CHUNK_MAX;
    self->job = job_open_map (pool, function, &options->job, owner->keeps, &self->tries);
    if (!self->job)
        return fault_set (&self->fault, CADRE_ERROR_MEMORY, "out of memory");
    if (self->job->work.fault.code)
        self->fault = self->job->work.fault;
    return self->fault.code;
}

void items_close (items_t *self)
{
    if (self->job && !self->chunk && self->item_ns >= 0)
        item_times_note (self->pool, self->function, self->item_ns);
    cadre_job_destroy (&self->job);
    free (self->chunks);
    free (self->again);
    buffer_free (&self->payload);
    buffer_free (&self->body);
    self->chunks = NULL;
    self->again = NULL;
    self->again_count = self->again_room = self->room = 0;
}

size_t items_left (const items_t *self)
{
    return self->left;
}

//  ---- the size of chunks --------------------------------------------------------------

//  Number of items that take as long as a chunk should.
static size_t s_timely (const items_t *self)
{
    if (self->item_ns < 0)
        return CHUNK_MAX;
    int64_t items = self->item_ns ? CHUNK_NS / self->item_ns : CHUNK_MAX;
    return items < 1 ? 1 : s_least ((size_t) items, CHUNK_MAX);
}

//  The number of SILENCE_US intervals without a result since the first items were sent: they take
//  long, or slots are starting.
static unsigned s_silences (const items_t *self)
{
    if (self->item_ns >= 0 || !self->begun_us)
        return 0;
    int64_t silences = (clock_now (NULL) - self->begun_us) / SILENCE_US;
    return silences < 0 ? 0 : silences > SILENCES_MAX ? SILENCES_MAX : (unsigned) silences;
}

static size_t s_most (const items_t *self, size_t count)
{
    if (self->chunk)
        return self->chunk;
    if (s_silences (self))
        return 1;
    size_t share = count / (CHUNKS_PER_SLOT * self->slots);
    size_t most = s_least (s_timely (self), self->grown);
    return s_least (most, share < 1 ? 1 : share);
}

bool items_wants (const items_t *self)
{
    if (self->chunk || (self->item_ns >= 0 && self->grown >= s_timely (self)))
        return true;
    size_t most = CHUNKS_PER_SLOT * self->slots;
    return self->flying < (most < FLYING_LEAST ? FLYING_LEAST : most) << s_silences (self);
}

int64_t items_until_us (const items_t *self, int64_t deadline_us)
{
    if (self->item_ns >= 0)
        return deadline_us;
    int64_t until_us = clock_now (NULL) + SILENCE_US;
    return deadline_us >= 0 && deadline_us < until_us ? deadline_us : until_us;
}

//  Computes the limit of later chunks from the time that a chunk of that size took.
static void s_measure (items_t *self, size_t sent, size_t begun, int64_t run_us)
{
    if (self->chunk || !begun)
        return;
    int64_t sample_ns = (run_us < RUN_MOST_US ? run_us : RUN_MOST_US) * 1000 / (int64_t) begun;
    self->item_ns = self->item_ns < 0 ? sample_ns : moving_mean_after (self->item_ns, sample_ns);
    if (begun < sent) //  Its results exceeded the memory of the slot
        self->grown = begun;
    else if (sent >= self->grown)
        self->grown = s_least (sent * GROWTH, CHUNK_MAX);
}

//  ---- sending ---------------------------------------------------------------------------

static items_chunk_t *s_items_entry (const items_t *self, uint32_t task)
{
    return &self->chunks [task & (self->room - 1)];
}

static cadre_error_t s_items_note (items_t *self, uint32_t task, const items_chunk_t *chunk)
{
    if (task - self->base >= self->room) {
        uint32_t room = self->room ? self->room * 2 : RING_MIN;
        items_chunk_t *chunks = calloc (room, sizeof *chunks);
        if (!chunks)
            return fault_set (&self->fault, CADRE_ERROR_MEMORY,
                              "no memory for so many items: raise the limit (ulimit -v)");
        for (uint32_t at = self->base; at != task; at++)
            chunks [at & (room - 1)] = *s_items_entry (self, at);
        free (self->chunks);
        self->chunks = chunks;
        self->room = room;
    }
    *s_items_entry (self, task) = *chunk;
    self->flying++;
    return CADRE_OK;
}

//  Without memory it is not sent: the map cannot go on, as the fault says.
static void s_again (items_t *self, const items_chunk_t *chunk, int64_t due_us)
{
    if (self->again_count == self->again_room) {
        size_t room = self->again_room ? self->again_room * 2 : RING_MIN;
        items_again_t *again = realloc (self->again, room * sizeof *again);
        if (!again) {
            fault_set (&self->fault, CADRE_ERROR_MEMORY,
                       "no memory for so many items: raise the limit (ulimit -v)");
            return;
        }
        self->again = again;
        self->again_room = room;
    }
    self->again [self->again_count++] = (items_again_t){.due_us = due_us, .chunk = *chunk};
}

//  Packs as many items of the chunk as fit; reduces the chunk to them.
static cadre_error_t s_items_pack (items_t *self, items_chunk_t *chunk)
{
    uint32_t items = 0;
    gather_t gather = {0};
    cadre_error_t error = CADRE_OK;
    buffer_clear (&self->body);
    buffer_clear (&self->payload);
    self->body.gather = &gather;
    while (!error && items < chunk->items
           && (self->chunk || gather_size (&gather, &self->body) < CHUNK_BYTES)) {
        error =
            self->owner.pack (self->owner.owner, &self->body, chunk->first + items, &self->fault);
        items++;
    }
    self->body.gather = NULL;
    if (error)
        return error;
    chunk->items = items;
    pack_array (&self->payload, items + 2u);
    pack_uint (&self->payload, chunk->first);
    pack_uint (&self->payload, chunk->tries);
    gather_shift (&gather, self->payload.size);
    pack_raw (&self->payload, self->body.data, self->body.size);
    self->payload.failed |= self->body.failed;
    gather_take (&gather, &self->payload, WIRE_INLINE_MAX + 1);
    return CADRE_OK;
}

//  Why the chunk was refused: names the first item whose arguments are invalid.
static void s_refused (items_t *self, const items_chunk_t *chunk)
{
    cursor_t cursor = cursor_of (self->body.data, self->body.size);
    fault_t fault = {0};
    view_t arguments;
    self->fault = self->job->fault;
    for (size_t i = 0; i < chunk->items; i++) {
        if (rules_take (&cursor, &rules_call, &arguments, &fault))
            continue;
        fault_set (&self->fault, self->fault.code, "item %zu: %s", chunk->first + i, fault.text);
        return;
    }
}

static cadre_error_t s_items_put (items_t *self, items_chunk_t *chunk)
{
    uint32_t task = self->job->work.count;
    if (s_items_pack (self, chunk))
        return self->fault.code;
    if (s_items_note (self, task, chunk))
        return self->fault.code;
    if (job_add (self->job, NULL, &self->payload))
        s_refused (self, chunk);
    if (self->body.capacity > WIRE_FRAME_MAX)
        buffer_free (&self->body);
    if (self->payload.capacity > WIRE_FRAME_MAX)
        buffer_free (&self->payload);
    return self->fault.code;
}

size_t items_send (items_t *self, size_t first, size_t count)
{
    items_chunk_t chunk = {.first = first, .items = (uint32_t) s_least (count, UINT32_MAX)};
    size_t most = s_most (self, count);
    if (chunk.items > most)
        chunk.items = (uint32_t) most;
    if (self->fault.code || s_items_put (self, &chunk))
        return 0;
    if (!self->begun_us)
        self->begun_us = clock_now (NULL);
    self->left += chunk.items;
    return chunk.items;
}

//  Sends chunks that are due; returns when the next one is due, or -1.
static int64_t s_send_due (items_t *self)
{
    int64_t next_us = -1, now_us = self->again_count ? clock_now (NULL) : 0;
    for (size_t i = 0; i < self->again_count && !self->fault.code;) {
        items_again_t again = self->again [i];
        if (again.due_us > now_us) {
            next_us = next_us < 0 || again.due_us < next_us ? again.due_us : next_us;
            i++;
            continue;
        }
        self->again [i] = self->again [--self->again_count];
        items_chunk_t chunk = again.chunk;
        if (s_items_put (self, &chunk))
            break;
        if (chunk.items < again.chunk.items) {
            again.chunk.first += chunk.items;
            again.chunk.items -= chunk.items;
            s_again (self, &again.chunk, now_us);
        }
    }
    return next_us;
}

//  ---- results ------------------------------------------------------------------------------

//  Retries a failed item, or reports its final failure. Takes the failure.
static void s_items_fail (items_t *self, const items_chunk_t *chunk, size_t item, unsigned outcome,
                          cadre_value_t *failure)
{
    retry_counts_t tried = {.failed = chunk->tries};
    if (retry_policy_allow (&self->tries, tried, outcome) && outcome != CADRE_OUTCOME_WORKER_LOST) {
        if (!retry_policy_is_deadly (tried, outcome, false)) {
            int64_t wait_us =
                retry_policy_wait_us (&self->tries, tried, outcome, (uint32_t) random ());
            s_again (self, &(items_chunk_t){.first = item, .items = 1, .tries = chunk->tries + 1},
                     clock_now (NULL) + wait_us);
            cadre_value_destroy (&failure);
            return;
        }
        char message [128];
        snprintf (message, sizeof message,
                  "it has killed %u slots (last by %s), and is not tried again", tried.failed + 1,
                  cadre_outcome_text ((cadre_outcome_t) outcome));
        cadre_value_destroy (&failure);
        failure = value_failure ("quarantined", message, "");
    }
    self->left--;
    self->owner.failed (self->owner.owner, item, failure);
}

static cadre_value_t *s_failure_of (const result_t *result)
{
    const detail_t *detail = result_detail (result);
    const char *word = cadre_outcome_text ((cadre_outcome_t) result->outcome);
    if (result->outcome == CADRE_OUTCOME_OK)
        return value_failure ("protocol", "the worker gave another number of results than of items",
                              "");
    return value_failure (*detail->kind ? detail->kind : word,
                          *detail->message ? detail->message : word, detail->trace);
}

//  For items without a result of their own: they failed as the task did.
static void s_fail_rest (items_t *self, const items_chunk_t *chunk, size_t from,
                         const result_t *result)
{
    for (size_t i = from; i < chunk->items; i++)
        s_items_fail (self, chunk, chunk->first + i, result->outcome, s_failure_of (result));
}

//  The worker had to leave. The interrupted item uses up no try, but if it has only one it must not
//  be started twice.
static bool s_was_drained (const result_t *result)
{
    return result->outcome == CADRE_OUTCOME_CANCELLED
           && strcmp (result_detail (result)->kind, "drained") == 0;
}

static void s_fail_drained (items_t *self, const items_chunk_t *chunk, size_t item,
                            cadre_value_t *failure)
{
    if (self->tries.again [CADRE_OUTCOME_WORKER_LOST]) {
        s_again (self, &(items_chunk_t){.first = item, .items = 1, .tries = chunk->tries}, 0);
        cadre_value_destroy (&failure);
    } else
        s_items_fail (self, chunk, item, CADRE_OUTCOME_WORKER_LOST, failure);
}

//  Some items have values, others failures. The outcome is that of the last item.
static void s_take_each (items_t *self, const items_chunk_t *chunk, size_t count, cursor_t *cursor,
                         const result_t *result)
{
    for (size_t i = 0; i < count; i++) {
        size_t item = chunk->first + i;
        cadre_type_t type = CADRE_TYPE_NIL;
        if (!value_codec_peek (cursor, &type) || type != CADRE_TYPE_FAILURE) {
            self->left--;
            self->owner.values (self->owner.owner, item, 1, cursor);
            continue;
        }
        cadre_value_t *failure = value_codec_read (cursor);
        bool last = i + 1 == count && result->outcome != CADRE_OUTCOME_OK;
        if (!failure)
            failure = value_failure ("protocol", "the worker returned no failure", "");
        if (last && s_was_drained (result))
            s_fail_drained (self, chunk, item, failure);
        else
            s_items_fail (self, chunk, item, last ? result->outcome : CADRE_OUTCOME_ERROR, failure);
    }
}

//  Did the task end in a way that leaves items unstarted, which may run in another task?
static bool s_leaves_rest (const result_t *result)
{
    unsigned outcome = result->outcome;
    return s_was_drained (result) || outcome == CADRE_OUTCOME_OK || outcome == CADRE_OUTCOME_ERROR
           || outcome == CADRE_OUTCOME_SIGNAL || outcome == CADRE_OUTCOME_TIMEOUT
           || outcome == CADRE_OUTCOME_OUT_OF_MEMORY;
}

static void s_items_take (items_t *self, const items_chunk_t *chunk, const result_t *result)
{
    size_t count = 0;
    cursor_t cursor = cursor_of_view (result_value (result));
    if (!result->size || !cursor_array (&cursor, &count) || count > chunk->items)
        count = 0;
    if (count == chunk->items && result->outcome == CADRE_OUTCOME_OK) {
        self->left -= count;
        self->owner.values (self->owner.owner, chunk->first, count, &cursor);
    } else
        s_take_each (self, chunk, count, &cursor, result);
    //  At least one item must have been started, otherwise this could repeat without end
    if (count && count < chunk->items && s_leaves_rest (result)) {
        items_chunk_t rest = {.first = chunk->first + count,
                              .items = chunk->items - (uint32_t) count,
                              .tries = chunk->tries};
        s_again (self, &rest, 0);
    } else
        s_fail_rest (self, chunk, count, result);
    s_measure (self, chunk->items, count, result->run_us);
}

static void s_items_on_result (items_t *self, uint32_t task)
{
    if (task - self->base >= self->room || s_items_entry (self, task)->items == 0)
        return;
    items_chunk_t chunk = *s_items_entry (self, task);
    s_items_entry (self, task)->items = 0;
    self->flying--;
    while (self->base != self->job->work.count && s_items_entry (self, self->base)->items == 0)
        self->base++;
    self->notice [0] = 0;
    s_items_take (self, &chunk, &self->job->current->result);
}

cadre_error_t items_step (items_t *self, int64_t deadline_us)
{
    int64_t due_us = s_send_due (self);
    if (self->fault.code)
        return self->fault.code;
    bool early = due_us >= 0 && (deadline_us < 0 || due_us < deadline_us);
    int64_t until_us = early ? due_us : deadline_us;
    int64_t left_us = until_us < 0 ? 0 : until_us - clock_now (NULL);
    int timeout_ms = until_us < 0  ? -1
                     : left_us > 0 ? (int) s_least ((size_t) (left_us + 999) / 1000, INT32_MAX)
                                   : 0;
    cadre_event_t event;
    cadre_error_t error = cadre_job_next (self->job, &event, timeout_ms);
    if (error == CADRE_ERROR_TIMEOUT)
        return early ? CADRE_OK : error;
    if (error == CADRE_ERROR_END)
        return fault_set (&self->fault, CADRE_ERROR_CLOSED,
                          "the broker ended the map before its items");
    if (error) {
        self->fault = self->job->fault;
        return error;
    }
    if (event.kind == CADRE_EVENT_RESULT)
        s_items_on_result (self, event.index);
    else if (event.kind == CADRE_EVENT_NOTICE) {
        snprintf (self->notice, sizeof self->notice, "%s", event.message);
        self->noticed = true;
    }
    return self->fault.code;
}
