//  requests.c - questions and orders of clients: the table, arguments and replies

#include "broker/requests.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/holder.h"
#include "broker/journal.h"

#define REPLY_BYTES (256u * 1024) //  A list that has grown to this is cut
#define VISITS_ELEMENT 64u        //  What an element of a list costs, in visits of a task
#define VISITS_REQUEST 128u       //  What any request costs

//  A turn in which others have spoken has fewer steps than FRONT_STEPS: they are not kept waiting.
#define STEPS_HEARD 4096u
#define STEPS_SLICE 4096u //  Of one request, before it is another client's turn

typedef struct handler {
    const char *what; //  Name of the request
    request_fn *run;  //  Answers it, or returns a fault that becomes the answer
    role_t least;     //  Who may ask: any client, clients but observers, or admins alone
} handler_t;

static const handler_t s_handlers [] = {
    {"job.list", request_job_list, ROLE_OBSERVER},
    {"job.info", request_job_info, ROLE_OBSERVER},
    {"job.cancel", request_job_cancel, ROLE_CLIENT},
    {"job.retry", request_job_retry, ROLE_CLIENT},
    {"job.forget", request_job_forget, ROLE_CLIENT},
    {"task.list", request_task_list, ROLE_OBSERVER},
    {"task.info", request_task_info, ROLE_OBSERVER},
    {"task.explain", request_task_explain, ROLE_OBSERVER},
    {"task.drop", request_task_drop, ROLE_CLIENT},
    {"worker.list", request_worker_list, ROLE_OBSERVER},
    {"worker.drain", request_worker_drain, ROLE_ADMIN},
    {"worker.stop", request_worker_stop, ROLE_ADMIN},
    {"function.list", request_function_list, ROLE_OBSERVER},
    {"broker.info", request_broker_info, ROLE_OBSERVER},
    {"broker.drain", request_broker_drain, ROLE_ADMIN},
    {"broker.stop", request_broker_stop, ROLE_ADMIN},
    {"broker.reload", request_broker_reload, ROLE_ADMIN},
};

static uint64_t s_mark (const hub_t *hub)
{
    return hub->journal ? journal_mark (hub->journal) : 0;
}

static void s_pack_reply (const request_t *self, buffer_t *frame, wire_reply_t fields)
{
    fields.id = self->id;
    wire_write_reply (frame, (wire_envelope_t){0}, &fields);
}

//  An order that left a record is answered when that is on the disk. A reply that no frame holds would be our own mistake: it is
//  said, and costs the client nothing but its answer.
void request_reply (request_t *self, cadre_error_t code, const char *message, view_t body, bool more)
{
    buffer_t frame = {0};
    s_pack_reply (self, &frame,
                  (wire_reply_t){.code = code, .message = wire_view (message), .body = body, .more = more});
    if (frame.size > WIRE_FRAME_MAX) {
        buffer_clear (&frame);
        s_pack_reply (self, &frame,
                      (wire_reply_t){.code = CADRE_ERROR_TOO_LARGE,
                                     .message = wire_view ("the answer is larger than a frame"),
                                     .more = more});
    }
    if (self->recorded || s_mark (self->hub) != self->mark) {
        journal_reply (self->hub->journal, self->client, &frame);
        return;
    }
    stream_put (self->client->out, &frame, 0, false);
    client_touch (self->client, self->hub);
}

void request_spend (request_t *self, uint32_t visits)
{
    self->steps -= visits < self->steps ? visits : self->steps;
}

static bool s_takes_replies (const client_t *client, const hub_t *hub)
{
    return !client_is_full (client, hub);
}

bool request_goes_on (request_t *self)
{
    self->unfinished = self->steps == 0 || !s_takes_replies (self->client, self->hub);
    return !self->unfinished;
}

//  The elements before end go out, the others stay.
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
    *job = holder_find (self->hub, self->client, number, fault);
    return *job ? CADRE_OK : fault->code;
}

cadre_error_t request_task (request_t *self, job_t *job, uint32_t *index, fault_t *fault)
{
    uint64_t number = 0;
    if (!request_uint (self, "task", &number))
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "the request needs the number of a task");
    if (number >= job->total)
        return fault_set (
            fault, CADRE_ERROR_NOT_FOUND, "no task %llu.%llu: list them with: cadre task list %llu",
            (unsigned long long) job->number, (unsigned long long) number, (unsigned long long) job->number);
    *index = (uint32_t) number;
    return CADRE_OK;
}

static const handler_t *s_find (view_t what)
{
    for (size_t i = 0; i < sizeof s_handlers / sizeof s_handlers [0]; i++)
        if (view_is (what, s_handlers [i].what))
            return &s_handlers [i];
    return NULL;
}

static bool s_may (const request_t *self, role_t least)
{
    const rights_t *rights = doors_rights (self->hub->doors, self->client->peer);
    role_t role = rights ? rights->role : ROLE_NONE;
    return role == ROLE_ADMIN || (role == ROLE_CLIENT && least != ROLE_ADMIN)
           || (role == ROLE_OBSERVER && least == ROLE_OBSERVER);
}

//  ---- the inbox ----------------------------------------------------------

static void s_take_out (client_t *client, request_t *request)
{
    client->inbox.count--;
    client->inbox.bytes -= request->body.size;
    DL_DELETE (client->inbox.first, request);
    walk_end (&request->walk);
    buffer_free (&request->items);
    buffer_free (&request->body);
    free (request);
}

static void s_run (request_t *self)
{
    const handler_t *handler = s_find (self->what);
    fault_t fault = {0};
    char what [64];
    view_copy (self->what, what, sizeof what);
    if (!handler)
        fault_set (&fault, CADRE_ERROR_ARGUMENT, "this broker (%s) knows no request '%s'",
                   CADRE_VERSION_STRING, what);
    else if (!s_may (self, handler->least))
        fault_set (&fault, CADRE_ERROR_REFUSED, "the key %s may not ask for %s: that takes a key of role %s",
                   self->client->key, what, keys_role_name (handler->least));
    else
        handler->run (self, &fault);
    if (fault.code) {
        self->unfinished = false;
        request_reply (self, fault.code, fault.text, (view_t){0}, false);
    }
}

//  One step of the first request.
static void s_step (front_t *self, client_t *client)
{
    request_t *request = client->inbox.first;
    uint32_t slice = self->steps < STEPS_SLICE ? self->steps : STEPS_SLICE;
    request->steps = slice;
    request->mark = s_mark (self->hub);
    request->unfinished = request->later = false;
    s_run (request);
    request->begun = true;
    request->recorded = request->recorded || s_mark (self->hub) != request->mark;
    uint32_t spent = slice - request->steps + VISITS_REQUEST;
    self->steps -= spent < self->steps ? spent : self->steps;
    client->inbox.waits_store = request->later;
    self->waits_store = self->waits_store || request->later;
    if (!request->later && !request->unfinished)
        s_take_out (client, request);
}

static bool s_may_go_on (const front_t *self, const client_t *client)
{
    return client->inbox.first && !client->inbox.waits_store && s_takes_replies (client, self->hub);
}

void front_ask (front_t *self, client_t *client)
{
    if (client->inbox.asking || !s_may_go_on (self, client))
        return;
    client->inbox.asking = true;
    DL_APPEND2 (self->asking, client, inbox.prev_asks, inbox.next_asks);
}

static void s_leave (front_t *self, client_t *client)
{
    if (!client->inbox.asking)
        return;
    client->inbox.asking = false;
    DL_DELETE2 (self->asking, client, inbox.prev_asks, inbox.next_asks);
}

//  Clients in turn; who has more to ask goes to the end.
void front_answer (front_t *self)
{
    if (self->hub->heard && self->steps > STEPS_HEARD)
        self->steps = STEPS_HEARD;
    while (self->asking && self->steps) {
        client_t *client = self->asking;
        s_leave (self, client);
        if (s_may_go_on (self, client))
            s_step (self, client);
        front_ask (self, client);
    }
    self->steps = FRONT_STEPS;
}

void front_drop_requests (front_t *self, client_t *client)
{
    s_leave (self, client);
    while (client->inbox.first)
        s_take_out (client, client->inbox.first);
}

static void s_put (front_t *self, client_t *client, request_t *request)
{
    request->front = self;
    request->hub = self->hub;
    request->client = client;
    DL_APPEND (client->inbox.first, request);
    client->inbox.count++;
    client->inbox.bytes += request->body.size;
}

//  What finds nothing before it, and time, is answered at once.
bool front_request (front_t *self, client_t *client, cursor_t *body)
{
    wire_request_t fields;
    request_t *request = calloc (1, sizeof *request);
    assert (request);
    buffer_append (&request->body, body->at, (size_t) (body->end - body->at));
    *body = cursor_of_view (wire_view_of (&request->body));
    if (!wire_read_request (body, &fields) || !cursor_done (body)) {
        buffer_free (&request->body);
        free (request);
        return false;
    }
    request->id = fields.id;
    request->what = fields.what;
    request->arguments = fields.arguments;
    s_put (self, client, request);
    if (client->inbox.count == 1 && self->steps && s_may_go_on (self, client))
        s_step (self, client);
    front_ask (self, client);
    return true;
}
