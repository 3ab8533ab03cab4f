//  stream.c - numbered frames in order, kept until they are acknowledged

#include "common/stream.h"
#include "common/bulk.h"
#include "common/sharing.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#define PART_HEAD_BYTES 128u //  More than a PART frame has besides the bytes

//  One frame, from put until acknowledgement.
typedef struct item {
    struct item *prev; //  utlist: the previous one; the head's is the tail
    struct item *next; //  utlist: the next one
    buffer_t frame;    //  The whole frame
    uint64_t sequence; //  Its number; 0 until it is first returned
    uint64_t tasks;    //  Tasks in it
    bool metered;      //  It counts against the window
    bool part;         //  A PART frame of a payload
    size_t held;       //  Of a PART without bytes: how many of a file it counts for
    bulk_t *file;      //  That file, kept until the peer has opened it
    buffer_t payload;  //  The payload to which it refers, if any, kept for a new session
    uint64_t number;   //  Of that payload
    bool shared;       //  It goes as a file
    size_t cut;        //  Bytes of the payload that were split off
    bool refused;      //  The peer refuses it
    buffer_t instead;  //  Replacement in a new session; empty: none
} item_t;

struct stream {
    uint64_t session;         //  Set in every frame
    uint64_t last;            //  Highest number assigned
    uint64_t acknowledged;    //  Highest number the peer has received
    item_t *sent;             //  Returned, oldest first
    item_t *waiting;          //  To be returned, oldest first
    item_t *cutting;          //  Items whose payloads are being split, in turn
    bool part_turn;           //  The next frame is a part, if there is one
    bool shares;              //  The peer can open files
    bool overdraws;           //  The rest of the window need not hold the whole frame
    size_t frames;            //  In sent and waiting
    size_t bytes;             //  Held in total
    size_t plain_bytes;       //  Frames that are not metered, with STREAM_FRAME_BYTES each
    size_t unsent_bytes;      //  Of frames not returned yet
    size_t flying_bytes;      //  Frames in sent
    uint64_t unsent_tasks;    //  Tasks not returned yet
    uint64_t grant_tasks;     //  Window: total of tasks
    uint64_t grant_bytes;     //  Window: total of bytes
    uint64_t metered_tasks;   //  Returned in this session
    uint64_t metered_bytes;   //  Returned in this session
    uint64_t payload_numbers; //  Highest number assigned to a payload
};

static item_t *s_item_new (buffer_t *frame, uint64_t tasks, bool metered)
{
    assert (frame->size >= WIRE_ENVELOPE_BYTES && frame->size <= WIRE_FRAME_MAX);
    item_t *item = calloc (1, sizeof *item);
    assert (item);
    buffer_trim (frame);
    item->frame = buffer_take (frame);
    item->tasks = tasks;
    item->metered = metered;
    return item;
}

static void s_item_destroy (item_t *item)
{
    buffer_free (&item->frame);
    buffer_free (&item->payload);
    buffer_free (&item->instead);
    bulk_release (&item->file);
    free (item);
}

stream_t *stream_new (uint64_t session)
{
    stream_t *self = calloc (1, sizeof *self);
    assert (self);
    self->session = session;
    return self;
}

void stream_destroy (stream_t **self_p)
{
    stream_t *self = *self_p;
    if (!self)
        return;
    item_t *item, *next;
    DL_FOREACH_SAFE (self->sent, item, next)
        s_item_destroy (item);
    DL_FOREACH_SAFE (self->waiting, item, next)
        s_item_destroy (item);
    DL_FOREACH_SAFE (self->cutting, item, next)
        s_item_destroy (item);
    free (self);
    *self_p = NULL;
}

void stream_overdraw (stream_t *self)
{
    self->overdraws = true;
}

static void s_count_new (stream_t *self, size_t bytes, uint64_t tasks)
{
    self->bytes += bytes;
    self->unsent_bytes += bytes;
    self->unsent_tasks += tasks;
}

void stream_put (stream_t *self, buffer_t *frame, uint64_t tasks, bool metered)
{
    item_t *item = s_item_new (frame, tasks, metered);
    DL_APPEND (self->waiting, item);
    self->frames++;
    if (!metered)
        self->plain_bytes += item->frame.size + STREAM_FRAME_BYTES;
    s_count_new (self, item->frame.size, tasks);
}

void stream_put_payload (stream_t *self, uint64_t number, buffer_t *payload, buffer_t *frame,
                         uint64_t tasks)
{
    assert (payload->size > 0);
    item_t *item = s_item_new (frame, tasks, true);
    item->payload = buffer_take (payload);
    item->number = number;
    DL_APPEND (self->cutting, item);
    self->frames++;
    s_count_new (self, item->payload.size + item->frame.size, tasks);
}

uint64_t stream_payload_number (stream_t *self)
{
    return ++self->payload_numbers;
}

//  Is so much left of one of the window's units?
static bool s_is_left (const stream_t *self, uint64_t granted, uint64_t used, uint64_t wanted)
{
    return self->overdraws ? wanted == 0 || used < granted : used + wanted <= granted;
}

//  Frames that were returned once have been counted already.
static bool s_fits_window (const stream_t *self, const item_t *item)
{
    if (!item->metered || item->sequence)
        return true;
    return s_is_left (self, self->grant_tasks, self->metered_tasks, item->tasks)
           && s_is_left (self, self->grant_bytes, self->metered_bytes,
                         item->frame.size + item->held);
}

//  Is the payload a file that the peer can open?
static bool s_is_shared (const stream_t *self, const buffer_t *payload)
{
    return self->shares && payload->bulk && bulk_descriptor (payload->bulk) >= 0;
}

//  A PART frame: with the bytes, or for a shared file only their number. It is not queued yet.
static item_t *s_part_new (stream_t *self, uint64_t number, const buffer_t *payload, size_t at,
                           bool shared, size_t *size)
{
    size_t left = payload->size - at;
    *size = left < WIRE_PART_MAX ? left : WIRE_PART_MAX;
    wire_part_t fields = {.payload = number, .total = payload->size};
    buffer_t frame = {0}, file = {0};
    bulk_name_t name;
    if (shared)
        fields.held = *size;
    else
        fields.bytes = (view_t){.data = payload->data + at, .size = *size};
    if (shared && at == 0 && bulk_name (payload->bulk, &name)) {
        sharing_pack_name (&file, &name);
        fields.file = wire_view_of (&file);
    }
    wire_write_part (&frame, (wire_envelope_t){0}, &fields);
    buffer_free (&file);
    item_t *part = s_item_new (&frame, 0, true);
    part->part = true;
    part->held = fields.held;
    part->file = shared ? bulk_hold (payload->bulk) : NULL;
    self->frames++;
    self->bytes += part->frame.size;
    self->unsent_bytes += part->frame.size;
    return part;
}

unsigned stream_put_parts (stream_t *self, uint64_t number, const buffer_t *payload)
{
    unsigned count = 0;
    bool shared = s_is_shared (self, payload);
    for (size_t at = 0, size; at < payload->size; at += size, count++) {
        item_t *part = s_part_new (self, number, payload, at, shared, &size);
        DL_APPEND (self->waiting, part);
    }
    return count;
}

void stream_share (stream_t *self)
{
    self->shares = true;
}

//  Splits the next part off the payload whose turn it is, and puts it at the front of the waiting
//  frames; after the last part follows the frame that refers to the payload.
static item_t *s_cut_part (stream_t *self)
{
    item_t *item = self->cutting;
    size_t size;
    if (item->cut == 0)
        item->shared = s_is_shared (self, &item->payload);
    item_t *part = s_part_new (self, item->number, &item->payload, item->cut, item->shared, &size);
    self->unsent_bytes -= size;
    item->cut += size;
    DL_DELETE (self->cutting, item);
    if (item->cut == item->payload.size)
        DL_PREPEND (self->waiting, item);
    else if (part->held) //  Its parts are small: other messages do not wait for them
        DL_PREPEND (self->cutting, item);
    else
        DL_APPEND (self->cutting, item);
    DL_PREPEND (self->waiting, part);
    return part;
}

//  Is there room for one more part of maximum size?
static bool s_part_fits (const stream_t *self)
{
    return self->cutting
           && s_is_left (self, self->grant_bytes, self->metered_bytes,
                         WIRE_PART_MAX + PART_HEAD_BYTES);
}

//  The next frame: frames and parts alternate; frames to be sent again come first, in order.
static item_t *s_stream_choose (stream_t *self)
{
    item_t *first = self->waiting;
    if (first && first->sequence)
        return first;
    bool frame_fits = first && s_fits_window (self, first);
    if (s_part_fits (self) && (self->part_turn || !frame_fits)) {
        self->part_turn = false;
        return s_cut_part (self);
    }
    self->part_turn = true;
    return frame_fits ? first : NULL;
}

const buffer_t *stream_next (stream_t *self)
{
    item_t *item = s_stream_choose (self);
    if (!item)
        return NULL;
    DL_DELETE (self->waiting, item);
    DL_APPEND (self->sent, item);
    if (item->sequence == 0) {
        item->sequence = ++self->last;
        if (item->metered) {
            self->metered_tasks += item->tasks;
            self->metered_bytes += item->frame.size + item->held;
        }
    }
    self->unsent_bytes -= item->frame.size;
    self->unsent_tasks -= item->tasks;
    self->flying_bytes += item->frame.size;
    wire_stamp (&item->frame, self->session, item->sequence);
    return &item->frame;
}

//  Moves the newest sent frame back to the front of the waiting frames.
static void s_stream_take_back (stream_t *self)
{
    item_t *item = self->sent->prev;
    DL_DELETE (self->sent, item);
    DL_PREPEND (self->waiting, item);
    self->unsent_bytes += item->frame.size;
    self->unsent_tasks += item->tasks;
    self->flying_bytes -= item->frame.size;
}

void stream_unsend (stream_t *self)
{
    assert (self->sent);
    s_stream_take_back (self);
}

//  Frees an item that is no longer in a list.
static void s_stream_forget (stream_t *self, item_t *item)
{
    self->bytes -= item->frame.size + item->payload.size;
    if (!item->metered)
        self->plain_bytes -= item->frame.size + STREAM_FRAME_BYTES;
    self->frames--;
    s_item_destroy (item);
}

static void s_free_received (stream_t *self, item_t **list, uint64_t received)
{
    while (*list && (*list)->sequence && (*list)->sequence <= received) {
        item_t *item = *list;
        DL_DELETE (*list, item);
        if (list == &self->waiting) {
            self->unsent_bytes -= item->frame.size;
            self->unsent_tasks -= item->tasks;
        } else
            self->flying_bytes -= item->frame.size;
        s_stream_forget (self, item);
    }
}

bool stream_acknowledge (stream_t *self, uint64_t received)
{
    if (received > self->last)
        return false;
    if (received <= self->acknowledged)
        return true;
    self->acknowledged = received;
    s_free_received (self, &self->sent, received);
    s_free_received (self, &self->waiting, received);
    return true;
}

void stream_grant (stream_t *self, uint64_t tasks, uint64_t bytes)
{
    if (tasks > self->grant_tasks)
        self->grant_tasks = tasks;
    if (bytes > self->grant_bytes)
        self->grant_bytes = bytes;
}

void stream_rewind (stream_t *self, uint64_t received)
{
    stream_acknowledge (self, received);
    while (self->sent)
        s_stream_take_back (self);
}

//  Handles an item that is not sent again unchanged.
static void s_replace (stream_t *self, item_t *item)
{
    self->unsent_bytes -= item->frame.size;
    if (item->instead.size == 0) {
        DL_DELETE (self->waiting, item);
        self->unsent_tasks -= item->tasks;
        s_stream_forget (self, item);
        return;
    }
    self->bytes -= item->frame.size + item->payload.size;
    buffer_free (&item->frame);
    buffer_free (&item->payload);
    item->frame = buffer_take (&item->instead);
    item->refused = false;
    self->bytes += item->frame.size;
    self->unsent_bytes += item->frame.size;
}

//  The new session has none of the parts: payloads are split again from the start.
static void s_start_over (stream_t *self, item_t *item)
{
    item->sequence = 0;
    if (item->refused) {
        s_replace (self, item);
    } else if (item->part) {
        DL_DELETE (self->waiting, item);
        self->unsent_bytes -= item->frame.size;
        s_stream_forget (self, item);
    } else if (item->payload.size) {
        DL_DELETE (self->waiting, item);
        self->unsent_bytes += item->cut;
        item->cut = 0;
        DL_APPEND (self->cutting, item);
    }
}

void stream_restart (stream_t *self, uint64_t session)
{
    while (self->sent)
        s_stream_take_back (self);
    item_t *item, *next;
    DL_FOREACH_SAFE (self->cutting, item, next) {
        self->unsent_bytes += item->cut;
        item->cut = 0;
        if (!item->refused)
            continue;
        self->unsent_bytes -= item->payload.size;
        DL_DELETE (self->cutting, item);
        DL_APPEND (self->waiting, item);
    }
    DL_FOREACH_SAFE (self->waiting, item, next)
        s_start_over (self, item);
    self->session = session;
    self->shares = false;
    self->last = self->acknowledged = 0;
    self->grant_tasks = self->grant_bytes = 0;
    self->metered_tasks = self->metered_bytes = 0;
}

static item_t *s_of_sequence (item_t *list, uint64_t sequence)
{
    item_t *item;
    DL_SEARCH_SCALAR (list, item, sequence, sequence);
    return item;
}

static item_t *s_of_payload (item_t *list, uint64_t number)
{
    item_t *item;
    DL_SEARCH_SCALAR (list, item, number, number);
    return item;
}

//  Finds the item to whose payload a part belongs.
static item_t *s_whole (stream_t *self, const item_t *part)
{
    wire_envelope_t envelope;
    wire_part_t fields;
    cursor_t body;
    if (wire_open (part->frame.data, part->frame.size, &envelope, &body)
        || !wire_read_part (&body, &fields))
        return NULL;
    item_t *item = s_of_payload (self->cutting, fields.payload);
    if (!item)
        item = s_of_payload (self->waiting, fields.payload);
    return item ? item : s_of_payload (self->sent, fields.payload);
}

static item_t *s_handed_out (stream_t *self, uint64_t sequence)
{
    item_t *item = sequence ? s_of_sequence (self->sent, sequence) : NULL;
    if (!item && sequence)
        item = s_of_sequence (self->waiting, sequence);
    return item && item->part ? s_whole (self, item) : item;
}

const buffer_t *stream_frame (stream_t *self, uint64_t sequence)
{
    const item_t *item = s_handed_out (self, sequence);
    return item ? &item->frame : NULL;
}

void stream_instead (stream_t *self, uint64_t sequence, buffer_t *frame)
{
    item_t *item = s_handed_out (self, sequence);
    if (!item) {
        buffer_free (frame);
        return;
    }
    buffer_free (&item->instead);
    item->instead = buffer_take (frame);
    item->refused = true;
}

uint64_t stream_session (const stream_t *self)
{
    return self->session;
}

uint64_t stream_sent (const stream_t *self)
{
    return self->last;
}

uint64_t stream_acknowledged (const stream_t *self)
{
    return self->acknowledged;
}

size_t stream_unacknowledged (const stream_t *self)
{
    return self->frames;
}

size_t stream_bytes (const stream_t *self)
{
    return self->bytes;
}

size_t stream_unsent_bytes (const stream_t *self)
{
    return self->unsent_bytes;
}

size_t stream_flying_bytes (const stream_t *self)
{
    return self->flying_bytes;
}

size_t stream_plain_bytes (const stream_t *self)
{
    return self->plain_bytes;
}

uint64_t stream_unsent_tasks (const stream_t *self)
{
    return self->unsent_tasks;
}

bool stream_blocked (const stream_t *self)
{
    bool frames = self->waiting && !s_fits_window (self, self->waiting);
    bool parts = self->cutting && !s_part_fits (self);
    return (frames && (parts || !self->cutting)) || (parts && !self->waiting);
}

bool stream_is_cutting (const stream_t *self)
{
    return self->cutting != NULL;
}

uint64_t stream_sent_tasks (const stream_t *self)
{
    return self->metered_tasks;
}

uint64_t stream_sent_bytes (const stream_t *self)
{
    return self->metered_bytes;
}

stream_verdict_t stream_in_accept (stream_in_t *self, uint64_t sequence)
{
    if (sequence == 0 || sequence > self->received + 1)
        return STREAM_GAP;
    if (sequence <= self->received)
        return STREAM_SEEN;
    self->received = sequence;
    return STREAM_NEW;
}
