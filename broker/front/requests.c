//  requests.c - receives and schedules the requests of clients; see the table in SPEC.md, section 4

#include "broker/front/requests.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include "broker/front/front_session.h"
#include "broker/front/request_jobs.h"
#include "broker/front/request_workers.h"

#define VISITS_REQUEST 128u //  Cost of any request, in visits of a task

//  Limit of a turn in which frames were received, which must not wait.
#define STEPS_HEARD 4096u
#define STEPS_SLICE 4096u //  Of one request, before another client is served

typedef struct handler {
    const char *what; //  Name of the request
    request_fn *run;  //  Handler; its fault becomes the reply
    role_t least;     //  Required role: any client, all clients except observers, or admins only
} handler_t;

static const handler_t s_handlers [] = {
    {"job.list", request_jobs_list, ROLE_OBSERVER},
    {"job.info", request_jobs_info, ROLE_OBSERVER},
    {"job.cancel", request_jobs_cancel, ROLE_CLIENT},
    {"job.retry", request_jobs_retry, ROLE_CLIENT},
    {"job.forget", request_jobs_forget, ROLE_CLIENT},
    {"task.list", request_jobs_task_list, ROLE_OBSERVER},
    {"task.info", request_jobs_task_info, ROLE_OBSERVER},
    {"task.explain", request_jobs_task_explain, ROLE_OBSERVER},
    {"task.drop", request_jobs_task_drop, ROLE_CLIENT},
    {"worker.list", request_workers_list, ROLE_OBSERVER},
    {"worker.drain", request_workers_drain, ROLE_ADMIN},
    {"worker.stop", request_workers_stop, ROLE_ADMIN},
    {"function.list", request_workers_function_list, ROLE_OBSERVER},
    {"broker.info", request_workers_broker_info, ROLE_OBSERVER},
    {"broker.drain", request_workers_broker_drain, ROLE_ADMIN},
    {"broker.stop", request_workers_broker_stop, ROLE_ADMIN},
    {"broker.reload", request_workers_broker_reload, ROLE_ADMIN},
};

static const handler_t *s_requests_find (view_t what)
{
    for (size_t i = 0; i < sizeof s_handlers / sizeof s_handlers [0]; i++)
        if (view_is (what, s_handlers [i].what))
            return &s_handlers [i];
    return NULL;
}

static bool s_may (const request_t *self, role_t least)
{
    const rights_t *rights = authz_rights (self->ctx->authz, self->client->peer);
    role_t role = rights ? rights->role : ROLE_NONE;
    return role == ROLE_ADMIN || (role == ROLE_CLIENT && least != ROLE_ADMIN)
           || (role == ROLE_OBSERVER && least == ROLE_OBSERVER);
}

static void s_requests_run (request_t *self)
{
    const handler_t *handler = s_requests_find (self->what);
    fault_t fault = {0};
    char what [64];
    view_copy (self->what, what, sizeof what);
    if (!handler)
        fault_set (&fault, CADRE_ERROR_ARGUMENT, "this broker (%s) knows no request '%s'",
                   CADRE_VERSION_STRING, what);
    else if (!s_may (self, handler->least))
        fault_set (&fault, CADRE_ERROR_REFUSED,
                   "the key %s may not request %s: that requires a key of role %s",
                   self->client->key, what, keys_role_name (handler->least));
    else
        handler->run (self, &fault);
    if (fault.code) {
        self->unfinished = false;
        request_reply (self, fault.code, fault.text, (view_t){0}, false);
    }
}

//  Runs one step of the first request.
static void s_step (front_t *self, client_t *client)
{
    request_t *request = client->inbox.first;
    uint32_t slice = self->steps < STEPS_SLICE ? self->steps : STEPS_SLICE;
    request->steps = slice;
    request->mark = request_mark (self->ctx);
    request->unfinished = request->later = false;
    s_requests_run (request);
    request->begun = true;
    request->recorded = request->recorded || request_mark (self->ctx) != request->mark;
    uint32_t spent = slice - request->steps + VISITS_REQUEST;
    self->steps -= spent < self->steps ? spent : self->steps;
    client->inbox.waits_store = request->later;
    self->waits_store = self->waits_store || request->later;
    if (!request->later && !request->unfinished)
        request_take_out (client, request);
}

static void s_charged_step (front_t *self, client_t *client)
{
    int64_t since_us = self->ctx->meter ? clock_now (self->ctx->clock) : 0;
    s_step (self, client);
    if (self->ctx->meter)
        client_charge (client, self->ctx,
                       (uint64_t) (clock_now (self->ctx->clock) - since_us) * 1000);
}

//  Clients take turns; a client with more requests goes to the end.
void requests_answer (front_t *self)
{
    if (self->ctx->heard && self->steps > STEPS_HEARD)
        self->steps = STEPS_HEARD;
    while (self->asking && self->steps) {
        client_t *client = self->asking;
        request_unqueue (self, client);
        if (request_may_go_on (self, client))
            s_charged_step (self, client);
        request_queue (self, client);
    }
    self->steps = FRONT_STEPS;
}

static void s_requests_put (front_t *self, client_t *client, request_t *request)
{
    request->front = self;
    request->ctx = self->ctx;
    request->client = client;
    DL_APPEND (client->inbox.first, request);
    client->inbox.count++;
    client->inbox.bytes += request->body.size;
}

//  A request that finds an empty inbox and enough budget is answered at once.
bool requests_take (front_t *self, client_t *client, cursor_t *body)
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
    s_requests_put (self, client, request);
    if (client->inbox.count == 1 && self->steps && request_may_go_on (self, client))
        s_step (self, client);
    request_queue (self, client);
    return true;
}
