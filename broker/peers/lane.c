//  lane.c - one worker's PUSH socket, its window and its frame numbers

#include "broker/peers/lane.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/auth/authz.h"
#include "common/sockets.h"
#include "common/stream.h"

#define LANE_TRIES 64 //  Ports in use by other programs that are tried; each costs system calls
#define AHEAD_SHARE                                                                                \
    8 //  Fraction of the memory that may be in flight on a lane, whatever the worker grants
#define AHEAD_LEAST (4u * 1024 * 1024)

struct lane {
    context_t *ctx;          //  Records the ports in use; borrowed
    address_kind_t kind;     //  Where it is bound
    void *socket;            //  PUSH
    stream_t *out;           //  Frames to send
    uint64_t number;         //  Port, or N of lane-N
    unsigned holds;          //  Nothing is sent while there are any
    bool hello_sent;         //  LANE_HELLO has reached a peer
    uint64_t window_tasks;   //  Granted in total
    uint64_t window_bytes;   //  …
    uint64_t ahead_bytes;    //  Maximum in flight, whatever is granted
    uint64_t received_bytes; //  Of the bytes sent, those that the worker has acknowledged
    uint64_t mark;        //  A sequence number, and the bytes sent up to it: acknowledged together
    uint64_t mark_bytes;  //  …
    uint64_t asked_bytes; //  Granted in total by the worker, not limited
    char path [ADDRESS_ENDPOINT_BYTES]; //  ipc: the socket file to remove; else empty
};

static const address_t *s_lane_address (const context_t *ctx, address_kind_t kind)
{
    for (size_t i = 0; i < ctx->addresses_count; i++)
        if (ctx->addresses [i].kind == kind)
            return &ctx->addresses [i];
    return NULL;
}

static void s_range (const context_t *ctx, const address_t *address, uint32_t *first,
                     uint32_t *last)
{
    bool tcp = address->kind == ADDRESS_TCP;
    uint32_t base = (uint32_t) address->port + ADDRESS_LANES_OFFSET;
    *first = !tcp ? 1 : ctx->lane_first ? ctx->lane_first : base;
    *last = !tcp ? UINT32_MAX : ctx->lane_last ? ctx->lane_last : UINT16_MAX;
}

size_t lane_capacity (const context_t *ctx, address_kind_t kind)
{
    uint32_t first, last;
    const address_t *address = s_lane_address (ctx, kind);
    if (!address)
        return 0;
    s_range (ctx, address, &first, &last);
    return last < first ? 0 : (size_t) last - first + 1;
}

//  The ports of other lanes are known without a system call.
static uint64_t *s_word (const lane_t *self, uint32_t port)
{
    return self->kind == ADDRESS_TCP ? &self->ctx->lane_ports [port / 64] : NULL;
}

static bool s_has_lane (const lane_t *self, uint32_t port)
{
    const uint64_t *word = s_word (self, port);
    return word && *word >> (port % 64) & 1;
}

static cadre_error_t s_bind (lane_t *self, const address_t *address, uint32_t *next, fault_t *fault)
{
    uint32_t first, last;
    s_range (self->ctx, address, &first, &last);
    char endpoint [ADDRESS_ENDPOINT_BYTES];
    uint64_t capacity = lane_capacity (self->ctx, self->kind), tries = LANE_TRIES;
    for (uint64_t i = 0; i < capacity && tries; i++) {
        uint32_t number = *next < first || *next > last ? first : *next;
        *next = number < UINT32_MAX ? number + 1 : first;
        if (s_has_lane (self, number))
            continue;
        tries--;
        address_lane_endpoint (address, number, endpoint, sizeof endpoint);
        cadre_error_t error = sockets_bind (self->socket, endpoint, fault);
        if (error == CADRE_OK) {
            self->number = number;
            if (s_word (self, number))
                *s_word (self, number) |= UINT64_C (1) << number % 64;
            if (strncmp (endpoint, "ipc://", 6) == 0)
                memcpy (self->path, endpoint + 6, strlen (endpoint + 6) + 1);
            return CADRE_OK;
        }
        if (error != CADRE_ERROR_ADDRESS_IN_USE)
            return error;
    }
    return fault_set (fault, CADRE_ERROR_DESCRIPTORS,
                      "no port from %u to %u is free for a lane: give a wider range with --lanes",
                      first, last);
}

static void s_put_hello (lane_t *self)
{
    buffer_t frame = {0};
    wire_write_lane_hello (&frame, (wire_envelope_t){0}, &(wire_lane_hello_t){.minor = WIRE_MINOR});
    stream_put (self->out, &frame, 0, false);
}

lane_t *lane_new (context_t *ctx, address_kind_t kind, const char *peer, uint64_t session,
                  uint32_t *next, fault_t *fault)
{
    const address_t *address = s_lane_address (ctx, kind);
    if (!address) {
        fault_set (fault, CADRE_ERROR_ADDRESS,
                   "this broker does not listen at an address of that kind");
        return NULL;
    }
    lane_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ctx = ctx;
    self->kind = kind;
    self->socket = sockets_new (ctx->zmq, ZMQ_PUSH, fault);
    char domain [AUTHZ_DOMAIN_BYTES];
    if (self->socket)
        sockets_set_queue (self->socket, 0, 1); //  Frames from peers of a lane are never read
    if (self->socket)
        authz_guard (ctx->authz, self->socket, kind, authz_lane (peer, domain));
    if (!self->socket || s_bind (self, address, next, fault)) {
        lane_destroy (&self);
        return NULL;
    }
    self->out = stream_new (session);
    stream_overdraw (self->out);
    self->ahead_bytes = ctx->memory_limit / AHEAD_SHARE > AHEAD_LEAST
                            ? ctx->memory_limit / AHEAD_SHARE
                            : AHEAD_LEAST;
    s_put_hello (self);
    return self;
}

void lane_destroy (lane_t **self_p)
{
    assert (self_p);
    lane_t *self = *self_p;
    if (!self)
        return;
    sockets_destroy (&self->socket);
    if (self->number && s_word (self, (uint32_t) self->number))
        *s_word (self, (uint32_t) self->number) &= ~(UINT64_C (1) << self->number % 64);
    if (self->path [0])
        unlink (self->path);
    stream_destroy (&self->out);
    free (self);
    *self_p = NULL;
}

address_kind_t lane_kind (const lane_t *self)
{
    return self->kind;
}

uint64_t lane_number (const lane_t *self)
{
    return self->number;
}

void *lane_socket (lane_t *self)
{
    return self->socket;
}

bool lane_is_pending (const lane_t *self)
{
    return !self->hello_sent;
}

bool lane_flush (lane_t *self)
{
    const buffer_t *frame;
    if (self->holds)
        return true;
    while ((frame = stream_next (self->out)) != NULL) {
        cadre_error_t error =
            sockets_send_bytes (self->socket, frame->data, frame->size, ZMQ_DONTWAIT);
        if (error) {
            stream_unsend (self->out);
            return !self->hello_sent;
        }
        self->hello_sent = true;
        stream_acknowledge (self->out, stream_sent (self->out));
    }
    return true;
}

void lane_hold (lane_t *self)
{
    self->holds++;
}

void lane_let (lane_t *self)
{
    assert (self->holds);
    self->holds--;
}

bool lane_is_held (const lane_t *self)
{
    return self->holds > 0;
}

//  A worker that does not read must not fill the broker's memory, whatever it grants.
static void s_open_window (lane_t *self)
{
    uint64_t most = self->received_bytes + self->ahead_bytes;
    uint64_t bytes = self->asked_bytes < most ? self->asked_bytes : most;
    if (bytes > self->window_bytes)
        self->window_bytes = bytes;
    stream_grant (self->out, self->window_tasks, bytes);
}

void lane_grant (lane_t *self, uint64_t tasks, uint64_t bytes)
{
    if (tasks > self->window_tasks)
        self->window_tasks = tasks;
    if (bytes > self->asked_bytes)
        self->asked_bytes = bytes;
    s_open_window (self);
}

void lane_received (lane_t *self, uint64_t received)
{
    if (received < self->mark)
        return;
    self->received_bytes = self->mark_bytes;
    self->mark = stream_sent (self->out);
    self->mark_bytes = stream_sent_bytes (self->out);
    if (received >= self->mark)
        self->received_bytes = self->mark_bytes;
    s_open_window (self);
}

uint64_t lane_tasks (const lane_t *self)
{
    return stream_sent_tasks (self->out) + stream_unsent_tasks (self->out);
}

uint64_t lane_free_tasks (const lane_t *self)
{
    uint64_t put = lane_tasks (self);
    return self->window_tasks > put ? self->window_tasks - put : 0;
}

uint64_t lane_free_bytes (const lane_t *self)
{
    uint64_t put = stream_sent_bytes (self->out) + stream_unsent_bytes (self->out);
    return self->window_bytes > put ? self->window_bytes - put : 0;
}

void lane_put_job (lane_t *self, const job_t *job)
{
    buffer_t frame = {0};
    wire_lane_job_t fields = {.job = job->number,
                              .kind = job->kind,
                              .function = wire_view (job->function),
                              .spec = wire_view_of (&job->spec),
                              .timeout_ms = job->timeout_ms,
                              .grace_ms = job->grace_ms};
    wire_write_lane_job (&frame, (wire_envelope_t){0}, &fields);
    stream_put (self->out, &frame, 0, false);
}

void lane_put_job_end (lane_t *self, uint64_t job)
{
    buffer_t frame = {0};
    wire_write_lane_job_end (&frame, (wire_envelope_t){0}, &(wire_lane_job_end_t){.job = job});
    stream_put (self->out, &frame, 0, false);
}

static void s_write_tasks (buffer_t *frame, uint64_t job, uint64_t serial, const buffer_t *tasks,
                           size_t count)
{
    buffer_reserve (frame, tasks->size + 64);
    wire_lane_tasks_t fields = {.job = job, .serial = serial, .tasks = wire_list_of (tasks, count)};
    wire_write_lane_tasks (frame, (wire_envelope_t){0}, &fields);
}

void lane_put_tasks (lane_t *self, uint64_t job, uint64_t serial, const buffer_t *tasks,
                     size_t count)
{
    buffer_t frame = {0};
    s_write_tasks (&frame, job, serial, tasks, count);
    stream_put (self->out, &frame, count, true);
}

void lane_share (lane_t *self)
{
    stream_share (self->out);
}

void lane_put_large (lane_t *self, uint64_t job, uint64_t serial, const wire_lane_task_t *task,
                     const buffer_t *payload)
{
    uint64_t number = stream_payload_number (self->out);
    buffer_t reference = {0}, item = {0}, frame = {0}, shared = buffer_share (payload);
    wire_pack_parts (&reference, number);
    wire_lane_task_t referring = *task;
    referring.payload = wire_view_of (&reference);
    wire_pack_lane_task (&item, &referring);
    s_write_tasks (&frame, job, serial, &item, 1);
    stream_put_payload (self->out, number, &shared, &frame, 1);
    buffer_free (&reference);
    buffer_free (&item);
}

uint64_t lane_sent (const lane_t *self)
{
    return stream_sent (self->out);
}

bool lane_has_unsent (const lane_t *self)
{
    return stream_unacknowledged (self->out) > 0;
}

size_t lane_bytes (const lane_t *self)
{
    return stream_bytes (self->out);
}
