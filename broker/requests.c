//  requests.c - questions and orders of clients: the table, arguments and replies

#include "broker/requests.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/holder.h"
#include "broker/journal.h"

#define REPLY_BYTES (256u * 1024) //  A list that has grown to this is cut

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

//  An order that left a record is answered when that is on the disk.
void request_reply (request_t *self, cadre_error_t code, const char *message, view_t body, bool more)
{
    buffer_t frame = {0};
    wire_reply_t fields = {
        .id = self->id, .code = code, .message = wire_view (message), .body = body, .more = more};
    wire_write_reply (&frame, (wire_envelope_t){0}, &fields);
    if (s_mark (self->hub) != self->mark) {
        journal_reply (self->hub->journal, self->client, &frame);
        return;
    }
    stream_put (self->client->out, &frame, 0, false);
    client_touch (self->client, self->hub);
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

void request_pair_text (buffer_t *map, const char *key, const char *value)
{
    pack_text (map, key);
    pack_text (map, value);
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

//  A question that waits for the store.
typedef struct question {
    struct question *next; //  Asked before
    uint64_t session;      //  Who asked
    buffer_t body;         //  The request
} question_t;

static void s_put_off (front_t *self, const client_t *client, view_t body)
{
    question_t *question = calloc (1, sizeof *question);
    assert (question);
    question->session = client->session;
    buffer_append (&question->body, body.data, body.size);
    question->next = self->questions;
    self->questions = question;
}

//  Takes one out; its client may have gone.
static void s_ask_again (front_t *self, question_t *question)
{
    client_t *client;
    HASH_FIND (hh, self->hub->clients, &question->session, sizeof question->session, client);
    cursor_t body = cursor_of (question->body.data, question->body.size);
    if (client)
        front_request (self, client, &body);
    buffer_free (&question->body);
    free (question);
}

void front_ask_again (front_t *self)
{
    question_t *questions = self->questions, *next;
    self->questions = NULL;
    for (question_t *question = questions; question; question = next) {
        next = question->next;
        s_ask_again (self, question);
    }
}

void front_drop_questions (front_t *self)
{
    question_t *next;
    for (question_t *question = self->questions; question; question = next) {
        next = question->next;
        buffer_free (&question->body);
        free (question);
    }
    self->questions = NULL;
}

bool front_request (front_t *self, client_t *client, cursor_t *body)
{
    wire_request_t fields;
    view_t whole = {body->at, (size_t) (body->end - body->at)};
    if (!wire_read_request (body, &fields) || !cursor_done (body))
        return false;
    request_t request = {.front = self,
                         .hub = self->hub,
                         .client = client,
                         .id = fields.id,
                         .arguments = fields.arguments,
                         .mark = s_mark (self->hub)};
    const handler_t *handler = s_find (fields.what);
    fault_t fault = {0};
    char what [64];
    view_copy (fields.what, what, sizeof what);
    if (!handler)
        fault_set (&fault, CADRE_ERROR_ARGUMENT, "this broker (%s) knows no request '%s'",
                   CADRE_VERSION_STRING, what);
    else if (!s_may (&request, handler->least))
        fault_set (&fault, CADRE_ERROR_REFUSED, "the key %s may not ask for %s: that takes a key of role %s",
                   client->key, what, keys_role_name (handler->least));
    else
        handler->run (&request, &fault);
    if (fault.code)
        request_reply (&request, fault.code, fault.text, (view_t){0}, false);
    if (request.later)
        s_put_off (self, client, whole);
    buffer_free (&request.items);
    return true;
}
