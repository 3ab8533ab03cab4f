//  request.c - a request of a client: its steps, arguments and replies

#include "broker/front/request.h"

#include <stdlib.h>
#include <utlist.h>

#include "broker/core/meter.h"
#include "broker/delivery/durable_answers.h"
#include "broker/front/front_session.h"
#include "broker/front/job_owner.h"
#include "common/pack.h"

#define REPLY_BYTES (256u * 1024) //  Size at which a list is split
#define VISITS_ELEMENT 64u        //  Cost of an element of a list, in visits of a task

uint64_t request_mark (const context_t *ctx)
{
    return ctx->journal ? journal_mark (ctx->journal) : 0;
}

static void s_pack_reply (const request_t *self, buffer_t *frame, wire_reply_t fields)
{
    fields.id = self->id;
    wire_write_reply (frame, (wire_envelope_t){0}, &fields);
}

//  The reply to a request that recorded a change waits for the disk. A reply larger than a frame is
//  a bug: it is reported instead of the reply.
void request_reply (request_t *self, cadre_error_t code, const char *message, view_t body,
                    bool more)
{
    buffer_t frame = {0};
    s_pack_reply (
        self, &frame,
        (wire_reply_t){.code = code, .message = wire_view (message), .body = body, .more = more});
    if (frame.size > WIRE_FRAME_MAX) {
        buffer_clear (&frame);
        s_pack_reply (self, &frame,
                      (wire_reply_t){.code = CADRE_ERROR_TOO_LARGE,
                                     .message = wire_view ("the reply is larger than a frame"),
                                     .more = more});
    }
    client_charge (self->client, self->ctx, METER_FRAME_NS + METER_BYTE_NS * (uint64_t) frame.size);
    if (self->recorded || request_mark (self->ctx) != self->mark) {
        durable_answers_reply (self->ctx->journal, self->client, &frame);
        return;
    }
    stream_put (self->client->out, &frame, 0, false);
    client_touch (self->client, self->ctx);
}

void request_spend (request_t *self, uint32_t visits)
{
    self->steps -= visits < self->steps ? visits : self->steps;
}

bool request_takes_replies (const client_t *client, const context_t *ctx)
{
    return !client_is_full (client, ctx);
}

bool request_goes_on (request_t *self)
{
    self->unfinished = self->steps == 0 || !request_takes_replies (self->client, self->ctx);
    return !self->unfinished;
}

//  Sends the elements before end and keeps the others.
static void s_send_list (request_t *self, size_t count, bool more)
{
    buffer_t list = {0};
    pack_array (&list, count);
    pack_raw (&list, self->items.data, self->end);
    request_reply (self, CADRE_OK, "", wire_view_of (&list), more);
    buffer_free (&list);
    buffer_consume (&self->items, self->end);
    self->count -= count;
    self->end = 0;
}

//  The reply is closed before the element that would make it too large.
void request_element (request_t *self)
{
    if (self->end && self->items.size > REPLY_BYTES)
        s_send_list (self, self->count, true);
    self->count++;
    self->end = self->items.size;
    request_spend (self, VISITS_ELEMENT);
}

void request_end_list (request_t *self)
{
    s_send_list (self, self->count, false);
}

void request_pair_uint (buffer_t *map, const char *key, uint64_t value)
{
    pack_text (map, key);
    pack_uint (map, value);
}

void request_pair_cut (buffer_t *map, const char *key, view_t text, size_t max)
{
    static const char mark [] = "…";
    size_t mark_size = sizeof mark - 1;
    pack_text (map, key);
    if (text.size <= max) {
        pack_text_of (map, (const char *) text.data, text.size);
        return;
    }
    buffer_t cut = {0};
    view_t begin = view_cut (text, max - mark_size);
    buffer_append (&cut, begin.data, begin.size);
    buffer_append (&cut, mark, mark_size);
    pack_text_of (map, (const char *) cut.data, cut.size);
    buffer_free (&cut);
}

void request_pair_text (buffer_t *map, const char *key, const char *value)
{
    request_pair_cut (map, key, wire_view (value), REQUEST_TEXT_MAX);
}

void request_pair_bool (buffer_t *map, const char *key, bool value)
{
    pack_text (map, key);
    pack_bool (map, value);
}

bool request_uint (const request_t *self, const char *key, uint64_t *value)
{
    cursor_t cursor = cursor_find (self->arguments, key);
    return cursor_uint (&cursor, value);
}

bool request_text (const request_t *self, const char *key, view_t *value)
{
    cursor_t cursor = cursor_find (self->arguments, key);
    return cursor_text (&cursor, value);
}

cadre_error_t request_job (request_t *self, job_t **job, fault_t *fault)
{
    uint64_t number = 0;
    if (!request_uint (self, "job", &number))
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "the request needs the number of a job");
    *job = job_owner_find (self->ctx, self->client, number, fault);
    return *job ? CADRE_OK : fault->code;
}

cadre_error_t request_task (request_t *self, job_t *job, uint32_t *index, fault_t *fault)
{
    uint64_t number = 0;
    if (!request_uint (self, "task", &number))
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "the request needs the number of a task");
    if (number >= job->total)
        return fault_set (fault, CADRE_ERROR_NOT_FOUND,
                          "no task %llu.%llu: list them with: cadre task list %llu",
                          (unsigned long long) job->number, (unsigned long long) number,
                          (unsigned long long) job->number);
    *index = (uint32_t) number;
    return CADRE_OK;
}

//  ---- the inbox ----------------------------------------------------------

void request_take_out (client_t *client, request_t *request)
{
    client->inbox.count--;
    client->inbox.bytes -= request->body.size;
    DL_DELETE (client->inbox.first, request);
    walk_end (&request->walk);
    buffer_free (&request->items);
    buffer_free (&request->body);
    free (request);
}

bool request_may_go_on (const front_t *self, const client_t *client)
{
    return client->inbox.first && !client->inbox.waits_store
           && request_takes_replies (client, self->ctx);
}

void request_queue (front_t *self, client_t *client)
{
    if (client->inbox.asking || !request_may_go_on (self, client))
        return;
    client->inbox.asking = true;
    DL_APPEND2 (self->asking, client, inbox.prev_asks, inbox.next_asks);
}

void request_unqueue (front_t *self, client_t *client)
{
    if (!client->inbox.asking)
        return;
    client->inbox.asking = false;
    DL_DELETE2 (self->asking, client, inbox.prev_asks, inbox.next_asks);
}

void request_drop_all (front_t *self, client_t *client)
{
    request_unqueue (self, client);
    while (client->inbox.first)
        request_take_out (client, client->inbox.first);
}
