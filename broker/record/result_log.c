//  result_log.c - results and output of a detached job

#include "broker/record/result_log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/core/context.h"
#include "common/hash.h"

#define SHED_VISITS 1024u           //  Cost to free a segment, in visits of a task
#define SEGMENT_BYTES (256u * 1024) //  A segment of this size is full

typedef struct head {
    uint32_t kind;  //  result_log_kind_t
    uint32_t index; //  Of the task
    uint64_t size;  //  Of the body that follows
} head_t;

typedef struct segment {
    buffer_t bytes; //  Records, aligned to 8; during a refill, those that have been read
    size_t size;    //  Size of its records, also when they are not in memory
    result_log_location_t *runs; //  Where they are in the store, in order
    uint32_t count;              //  Runs
    uint32_t room;               //  Runs allocated
    bool loose;                  //  Some record is not in the store
    bool closed;                 //  No more records are appended
    bool away;                   //  Not in memory
    bool asked;                  //  It is being read back
} segment_t;

typedef struct large {
    uint32_t index;                 //  Of the task
    buffer_t payload;               //  The value; empty while it is not in memory
    result_log_location_t location; //  Its place in the store
    bool stored;                    //  It is in the store
    bool asked;                     //  It is being read back
    UT_hash_handle hh;              //  In keep->large
} large_t;

typedef struct wrote {
    uint32_t index;         //  Of the task
    bool cut;               //  Some output was dropped
    size_t size_bytes;      //  Size of its kept output
    result_log_mark_t mark; //  Of the lease that wrote last
    UT_hash_handle hh;      //  In keep->wrote
} wrote_t;

struct result_log {
    segment_t *segments; //  In order
    size_t count;        //  Segments
    size_t capacity;     //  Segments allocated
    large_t *large;      //  Values too large for a frame, by task
    wrote_t *wrote;      //  Size of tasks' output, by task
    size_t cuts;         //  Tasks of which some output was dropped
    uint64_t held;       //  Bytes added to the account
    account_t *account;  //  Counts its memory; borrowed
};

result_log_t *result_log_new (account_t *account)
{
    result_log_t *self = calloc (1, sizeof *self);
    assert (self);
    self->account = account;
    return self;
}

static void s_result_log_count (result_log_t *self, int64_t bytes)
{
    self->held += (uint64_t) bytes;
    account_add (self->account, (uint64_t) bytes);
}

static void s_free_large (result_log_t *self, large_t *large)
{
    s_result_log_count (self, -(int64_t) large->payload.size);
    HASH_DEL (self->large, large);
    buffer_free (&large->payload);
    free (large);
}

static void s_free_wrote (result_log_t *self, wrote_t *wrote)
{
    HASH_DEL (self->wrote, wrote);
    free (wrote);
}

static void s_free_segment (segment_t *segment)
{
    buffer_free (&segment->bytes);
    free (segment->runs);
}

static bool s_result_log_spend (uint32_t *visits, uint32_t cost)
{
    if (*visits == 0)
        return false;
    *visits -= *visits < cost ? *visits : cost;
    return true;
}

bool result_log_shed (result_log_t *self, uint32_t *visits)
{
    while (self->large && s_result_log_spend (visits, SHED_VISITS))
        s_free_large (self, self->large);
    while (self->wrote && s_result_log_spend (visits, SHED_VISITS / 16))
        s_free_wrote (self, self->wrote);
    while (self->count && s_result_log_spend (visits, SHED_VISITS))
        s_free_segment (&self->segments [--self->count]);
    return !self->large && !self->wrote && self->count == 0;
}

void result_log_destroy (result_log_t **self_p)
{
    assert (self_p);
    result_log_t *self = *self_p;
    if (!self)
        return;
    uint32_t visits = UINT32_MAX;
    while (!result_log_shed (self, &visits))
        visits = UINT32_MAX;
    free (self->segments);
    account_subtract (self->account, self->held);
    free (self);
    *self_p = NULL;
}

//  ---- records ------------------------------------------------------------

uint32_t result_log_segment (uint64_t position)
{
    return (uint32_t) (position >> 32);
}

uint64_t result_log_segment_start (uint32_t segment)
{
    return (uint64_t) segment << 32;
}

static segment_t *s_open_segment (result_log_t *self)
{
    segment_t *last = self->count ? &self->segments [self->count - 1] : NULL;
    if (last && !last->closed && last->size < SEGMENT_BYTES)
        return last;
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 4;
        self->segments = realloc (self->segments, self->capacity * sizeof (segment_t));
        assert (self->segments);
    }
    self->segments [self->count] = (segment_t){0};
    return &self->segments [self->count++];
}

//  A record that follows the previous one in the store, too, extends its run.
static void s_add_run (result_log_t *self, segment_t *segment,
                       const result_log_location_t *location)
{
    result_log_location_t *last = segment->count ? &segment->runs [segment->count - 1] : NULL;
    if (last && last->seq == location->seq && last->offset + last->size == location->offset) {
        last->size += location->size;
        return;
    }
    if (segment->count == segment->room) {
        uint32_t room = segment->room ? segment->room * 2 : 2;
        segment->runs = realloc (segment->runs, room * sizeof (result_log_location_t));
        assert (segment->runs);
        s_result_log_count (self,
                            (int64_t) ((room - segment->room) * sizeof (result_log_location_t)));
        segment->room = room;
    }
    segment->runs [segment->count++] = *location;
}

static void s_result_log_put (result_log_t *self, segment_t *segment, result_log_kind_t kind,
                              uint32_t index, view_t body)
{
    static const uint8_t zeros [8];
    size_t room = segment->bytes.capacity;
    head_t head = {.kind = kind, .index = index, .size = body.size};
    buffer_append (&segment->bytes, &head, sizeof head);
    buffer_append (&segment->bytes, body.data, body.size);
    buffer_append (&segment->bytes, zeros, (8 - body.size % 8) % 8);
    s_result_log_count (self, (int64_t) (segment->bytes.capacity - room));
}

uint64_t result_log_append (result_log_t *self, result_log_kind_t kind, uint32_t index, view_t body,
                            const result_log_location_t *location)
{
    segment_t *segment = s_open_segment (self);
    size_t offset = segment->size;
    s_result_log_put (self, segment, kind, index, body);
    segment->size = segment->bytes.size;
    if (location)
        s_add_run (self, segment, location);
    else
        segment->loose = true;
    return (uint64_t) (self->count - 1) << 32 | offset;
}

//  The segment of the record at *position; a position at the end of a segment moves to the next.
//  NULL at the end of the log.
static segment_t *s_at (const result_log_t *self, uint64_t *position)
{
    size_t at = result_log_segment (*position);
    if (at + 1 < self->count && (*position & UINT32_MAX) == self->segments [at].size)
        *position = result_log_segment_start ((uint32_t) ++at);
    if (at >= self->count || (*position & UINT32_MAX) == self->segments [at].size)
        return NULL;
    return &self->segments [at];
}

void result_log_normalize (const result_log_t *self, uint64_t *position)
{
    s_at (self, position);
}

bool result_log_is_here (const result_log_t *self, uint64_t position)
{
    const segment_t *segment = s_at (self, &position);
    return !segment || !segment->away;
}

bool result_log_read (const result_log_t *self, uint64_t *position, result_log_record_t *record)
{
    uint64_t from = *position;
    const segment_t *segment = s_at (self, &from);
    if (!segment || segment->away)
        return false;
    const uint8_t *at = segment->bytes.data + (from & UINT32_MAX);
    head_t head;
    memcpy (&head, at, sizeof head);
    *record = (result_log_record_t){.kind = (result_log_kind_t) head.kind,
                                    .index = head.index,
                                    .body = {.data = at + sizeof head, .size = head.size}};
    *position = from + sizeof head + (head.size + 7) / 8 * 8;
    return true;
}

//  ---- eviction and refill ------------------------------------------------

static bool s_may_leave (const segment_t *segment)
{
    if (segment->away || segment->loose
        || segment->count * sizeof (result_log_location_t) * 2 > segment->size)
        return false;
    for (uint32_t i = 0; i < segment->count; i++)
        if (segment->runs [i].seq == 0)
            return false;
    return true;
}

void result_log_spill (result_log_t *self, uint32_t number)
{
    segment_t *segment = number < self->count ? &self->segments [number] : NULL;
    if (!segment || !s_may_leave (segment))
        return;
    s_result_log_count (self, -(int64_t) segment->bytes.capacity);
    buffer_free (&segment->bytes);
    segment->away = segment->closed = true;
}

void result_log_spill_all (result_log_t *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        result_log_spill (self, i);
    for (const large_t *large = self->large; large; large = large->hh.next)
        result_log_spill_large (self, large->index);
}

size_t result_log_ask (result_log_t *self, uint64_t position, const result_log_location_t **runs)
{
    segment_t *segment = s_at (self, &position);
    if (!segment || !segment->away || segment->asked)
        return 0;
    segment->asked = true;
    *runs = segment->runs;
    return segment->count;
}

void result_log_refill (result_log_t *self, uint32_t segment, result_log_kind_t kind,
                        uint32_t index, view_t body)
{
    if (segment < self->count && self->segments [segment].asked)
        s_result_log_put (self, &self->segments [segment], kind, index, body);
}

bool result_log_refilled (result_log_t *self, uint32_t number)
{
    segment_t *segment = number < self->count ? &self->segments [number] : NULL;
    if (!segment || !segment->asked || segment->bytes.size != segment->size)
        return false;
    segment->away = segment->asked = false;
    return true;
}

bool result_log_is_whole (const result_log_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->segments [i].away)
            return false;
    for (const large_t *large = self->large; large; large = large->hh.next)
        if (!large->payload.size)
            return false;
    return true;
}

bool result_log_missing (const result_log_t *self, uint64_t *position)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (self->segments [i].away && !self->segments [i].asked) {
            *position = result_log_segment_start (i);
            return true;
        }
    return false;
}

bool result_log_missing_large (const result_log_t *self, uint32_t *index)
{
    for (const large_t *large = self->large; large; large = large->hh.next)
        if (!large->payload.size && !large->asked) {
            *index = large->index;
            return true;
        }
    return false;
}

//  ---- rewrite ------------------------------------------------------------

void result_log_move (result_log_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        self->segments [i].count = 0;
        self->segments [i].loose = false;
    }
}

void result_log_note (result_log_t *self, uint64_t position, const result_log_location_t *location)
{
    segment_t *segment = s_at (self, &position);
    assert (segment);
    s_add_run (self, segment, location);
}

void result_log_settle (result_log_t *self, uint64_t seq)
{
    for (size_t i = 0; i < self->count; i++)
        for (uint32_t k = 0; k < self->segments [i].count; k++)
            if (self->segments [i].runs [k].seq == 0)
                self->segments [i].runs [k].seq = seq;
    for (large_t *large = self->large; large; large = large->hh.next)
        if (large->stored && large->location.seq == 0)
            large->location.seq = seq;
}

//  ---- large values -------------------------------------------------------

static large_t *s_large (const result_log_t *self, uint32_t index)
{
    large_t *large = NULL;
    if (self->large)
        HASH_FIND (hh, self->large, &index, sizeof index, large);
    return large;
}

void result_log_put_large (result_log_t *self, uint32_t index, buffer_t *payload,
                           const result_log_location_t *location)
{
    result_log_drop_large (self, index);
    large_t *large = calloc (1, sizeof *large);
    assert (large);
    large->index = index;
    large->payload = buffer_take (payload);
    if (location)
        large->location = *location;
    large->stored = location != NULL;
    s_result_log_count (self, (int64_t) large->payload.size);
    HASH_ADD (hh, self->large, index, sizeof large->index, large);
}

view_t result_log_large (const result_log_t *self, uint32_t index)
{
    const large_t *large = s_large (self, index);
    return large ? wire_view_of (&large->payload) : (view_t){0};
}

void result_log_drop_large (result_log_t *self, uint32_t index)
{
    large_t *large = s_large (self, index);
    if (large)
        s_free_large (self, large);
}

bool result_log_large_is_here (const result_log_t *self, uint32_t index)
{
    const large_t *large = s_large (self, index);
    return !large || large->payload.size;
}

void result_log_spill_large (result_log_t *self, uint32_t index)
{
    large_t *large = s_large (self, index);
    if (!large || !large->stored || large->location.seq == 0)
        return;
    s_result_log_count (self, -(int64_t) large->payload.size);
    buffer_free (&large->payload);
}

bool result_log_ask_large (result_log_t *self, uint32_t index, result_log_location_t *location)
{
    large_t *large = s_large (self, index);
    if (!large || large->payload.size || large->asked)
        return false;
    large->asked = true;
    *location = large->location;
    return true;
}

bool result_log_restore_large (result_log_t *self, uint32_t index, buffer_t *payload)
{
    large_t *large = s_large (self, index);
    if (!large || !large->asked)
        return true; //  It was replaced meanwhile
    large->asked = false;
    if (payload->size != large->location.size)
        return false;
    large->payload = buffer_take (payload);
    s_result_log_count (self, (int64_t) large->payload.size);
    return true;
}

void result_log_note_large (result_log_t *self, uint32_t index,
                            const result_log_location_t *location)
{
    large_t *large = s_large (self, index);
    assert (large);
    large->location = *location;
    large->stored = true;
}

//  ---- output -------------------------------------------------------------

static wrote_t *s_wrote (result_log_t *self, uint32_t index)
{
    wrote_t *wrote;
    HASH_FIND (hh, self->wrote, &index, sizeof index, wrote);
    if (wrote)
        return wrote;
    wrote = calloc (1, sizeof *wrote);
    assert (wrote);
    wrote->index = index;
    s_result_log_count (self, sizeof *wrote);
    HASH_ADD (hh, self->wrote, index, sizeof wrote->index, wrote);
    return wrote;
}

void result_log_set_mark (result_log_t *self, uint32_t index, result_log_mark_t mark)
{
    s_wrote (self, index)->mark = mark;
}

result_log_mark_t result_log_mark (const result_log_t *self, uint32_t index)
{
    const wrote_t *wrote;
    HASH_FIND (hh, self->wrote, &index, sizeof index, wrote);
    return wrote ? wrote->mark : (result_log_mark_t){0};
}

bool result_log_admits (result_log_t *self, uint32_t index, size_t size_bytes, bool *first)
{
    wrote_t *wrote = s_wrote (self, index);
    if (!wrote->cut && size_bytes <= CONTEXT_KEEP_BYTES - wrote->size_bytes) {
        wrote->size_bytes += size_bytes;
        return true;
    }
    *first = !wrote->cut;
    self->cuts += *first;
    wrote->cut = true;
    return false;
}

size_t result_log_cuts (const result_log_t *self)
{
    return self->cuts;
}

bool result_log_is_cut (const result_log_t *self, uint32_t index)
{
    const wrote_t *wrote = NULL;
    HASH_FIND (hh, self->wrote, &index, sizeof index, wrote);
    return wrote && wrote->cut;
}
