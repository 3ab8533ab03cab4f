//  request.c - requests to the broker

#include "client/lib/pool/request.h"

#include <utlist.h>

#include "common/memory_check.h"
#include "common/pack.h"
#include "common/value.h"

//  A request in progress, on the stack of its thread.
typedef struct request {
    uint64_t id;          //  Number of the request
    bool answered;        //  The last reply has come, or it has failed
    bool listed;          //  Several replies: body holds elements of a list
    size_t count;         //  How many
    buffer_t body;        //  The reply's bytes
    fault_t fault;        //  Why it failed
    struct request *prev; //  utlist
    struct request *next; //  utlist
} request_t;

//  Maximum size of all replies to a request.
#define BODY_MAX (256u * 1024u * 1024u)

static bool s_request_gather (request_t *self, const wire_reply_t *reply)
{
    if (!reply->more && !self->listed) {
        buffer_append (&self->body, reply->body.data, reply->body.size);
        return true;
    }
    size_t count;
    cursor_t cursor = cursor_of_view (reply->body);
    if (!cursor_array (&cursor, &count))
        return false;
    if (self->body.size > BODY_MAX) {
        buffer_free (&self->body);
        fault_set (&self->fault, CADRE_ERROR_TOO_LARGE,
                   "the list has more than 256 MiB: ask for it in parts, with first and count");
        return true;
    }
    self->listed = true;
    self->count += count;
    buffer_append (&self->body, cursor.at, (size_t) (cursor.end - cursor.at));
    return true;
}

bool request_take_reply (cadre_t *self, cursor_t body)
{
    wire_reply_t reply;
    if (!wire_read_reply (&body, &reply))
        return false;
    request_t *request;
    DL_FOREACH (self->requests, request)
        if (request->id == reply.id)
            break;
    if (!request || request->answered)
        return true;
    if (reply.code)
        fault_set (&request->fault,
                   reply.code < CADRE_ERROR_END ? (cadre_error_t) reply.code : CADRE_ERROR_REFUSED,
                   "%.*s", (int) (reply.message.size < 500 ? reply.message.size : 500),
                   reply.message.size ? (const char *) reply.message.data : "");
    else if (!s_request_gather (request, &reply))
        return false;
    if (request->body.failed)
        memory_check_lacks (request->body.capacity, "the answer", &request->fault);
    request->answered = request->fault.code || !reply.more;
    return true;
}

void request_fail_all (cadre_t *self, const fault_t *why)
{
    request_t *request;
    DL_FOREACH (self->requests, request)
        if (!request->answered) {
            request->fault = *why;
            request->answered = true;
        }
}

static bool s_request_answered (void *argument)
{
    request_t *self = argument;
    return self->answered;
}

//  A request needs a session.
static bool s_can_ask (void *argument)
{
    cadre_t *self = argument;
    fault_t fault = {0};
    return session_put_accepts (pool_session (self)) || pool_ready (self, &fault);
}

static cadre_error_t s_request_late (cadre_t *self, const char *what, int timeout_ms,
                                     fault_t *fault)
{
    char why [400];
    pool_explain (self, "", why, sizeof why);
    return fault_set (fault, CADRE_ERROR_TIMEOUT, "%s was not answered after %d ms%s%s", what,
                      timeout_ms, *why ? ": " : "", why);
}

static cadre_error_t s_request_ask (cadre_t *self, request_t *request, const char *what,
                                    const cadre_value_t *arguments, int timeout_ms)
{
    fault_t *fault = &request->fault;
    int64_t deadline_us = connection_deadline (timeout_ms);
    if (!connection_wait (self->connection, deadline_us, s_can_ask, self))
        return s_request_late (self, what, timeout_ms, fault);
    if (pool_ready (self, fault))
        return fault->code;
    buffer_t packed = {0}, frame = {0};
    value_codec_pack (&packed, arguments);
    request->id = ++self->last_request;
    wire_request_t fields = {
        .id = request->id, .what = wire_view (what), .arguments = wire_view_of (&packed)};
    if (packed.size > WIRE_INLINE_MAX)
        fault_set (fault, CADRE_ERROR_TOO_LARGE,
                   "the arguments of the request have more than 256 KiB: ask for less at a time");
    else {
        wire_write_request (&frame, (wire_envelope_t){0}, &fields);
        session_put (pool_session (self), &frame, 0, false);
        DL_APPEND (self->requests, request);
        connection_flush (self->connection);
        if (!connection_wait (self->connection, deadline_us, s_request_answered, request))
            s_request_late (self, what, timeout_ms, fault);
        DL_DELETE (self->requests, request);
    }
    buffer_free (&packed);
    return fault->code;
}

static cadre_value_t *s_decode (request_t *self)
{
    if (!self->listed)
        return cadre_value_decode (self->body.data, self->body.size);
    buffer_t list = {0};
    pack_array (&list, self->count);
    pack_raw (&list, self->body.data, self->body.size);
    cadre_value_t *value = cadre_value_decode (list.data, list.size);
    buffer_free (&list);
    return value;
}

cadre_error_t cadre_request (cadre_t *self, const char *what, const cadre_value_t *arguments,
                             cadre_value_t **body, int timeout_ms)
{
    if (body)
        *body = NULL;
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self))
        return CADRE_ERROR_FORKED;
    if (!what || !*what)
        return message_say_text (self, CADRE_ERROR_ARGUMENT,
                                 "no request is named: give one such as \"worker.list\"");
    request_t request = {.body.checked = true};
    pool_lock (self);
    cadre_error_t error = s_request_ask (self, &request, what, arguments, timeout_ms);
    pool_unlock (self);
    if (!error && body) {
        *body = s_decode (&request);
        if (!*body)
            error = fault_set (
                &request.fault, CADRE_ERROR_PROTOCOL,
                "the answer to %s cannot be read: use the same release on both sides", what);
    }
    if (error)
        message_say (self, &request.fault);
    buffer_free (&request.body);
    return error;
}
