//  fake_worker.c - fake: the worker as its slot meets it

#include "tests/lib/fakes/fake_worker.h"

#include "common/bulk.h"
#include "common/pack.h"
#include "common/value.h"
#include "worker/shared/handover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAKE_PATIENCE_MS 30000

struct fake_worker {
    int fd;                       //  Our end; -1: closed
    int slot_fd;                  //  The slot's end
    slot_memory_t *memory;        //  Shared with it
    int share_fd;                 //  Of that
    ticket_desk_t desk;           //  Tickets that were offered
    ring_reader_t ring;           //  What the slot says
    pthread_t thread;             //  Runs the slot
    slot_serve_options_t options; //  Of the slot
    int status;                   //  That slot_serve returned
    buffer_t out;                 //  To be sent
    buffer_t in;                  //  Received
    size_t at;                    //  Next message in in
    handover_t files;             //  Received with bells
    char message [512];           //  Of slot_ready
    char functions [512];         //  Of slot_ready
    fake_result_t result;         //  Being gathered
    bool complete;                //  It was handed out
};

static void *s_serve (void *argument)
{
    fake_worker_t *self = argument;
    self->status = slot_serve (self->slot_fd, self->memory, &self->options);
    shutdown (self->slot_fd, SHUT_RDWR);
    return NULL;
}

fake_worker_t *fake_worker_new (const cadre_function_t *functions, bool thread,
                                const clock_source_t *clock)
{
    fake_worker_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    int pair [2];
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    self->fd = pair [0];
    self->slot_fd = pair [1];
    self->memory = slot_memory_new (&self->share_fd);
    assert_non_null (self->memory);
    self->desk = ticket_desk_of (&self->memory->page);
    self->ring = (ring_reader_t){.ring = &self->memory->ring};
    self->options =
        (slot_serve_options_t){.functions = functions, .thread = thread, .clock = clock};
    assert_int_equal (pthread_create (&self->thread, NULL, s_serve, self), 0);
    return self;
}

void fake_worker_close (fake_worker_t *self)
{
    if (self->fd >= 0)
        close (self->fd);
    self->fd = -1;
}

static void s_clear (fake_result_t *result)
{
    cadre_value_destroy (&result->value);
    cadre_value_destroy (&result->detail);
    for (size_t i = 0; i < 6; i++)
        buffer_free (&result->streams [i]);
    *result = (fake_result_t){0};
}

int fake_worker_destroy (fake_worker_t **self_p)
{
    fake_worker_t *self = *self_p;
    if (self->fd >= 0)
        fake_worker_flush (self);
    fake_worker_close (self);
    pthread_join (self->thread, NULL);
    int status = self->status;
    close (self->slot_fd);
    close (self->share_fd);
    slot_memory_destroy (&self->memory);
    buffer_free (&self->out);
    buffer_free (&self->in);
    handover_clear (&self->files);
    s_clear (&self->result);
    free (self);
    *self_p = NULL;
    return status;
}

ticket_page_t *fake_worker_page (fake_worker_t *self)
{
    return &self->memory->page;
}

uint32_t fake_worker_revoke (fake_worker_t *self, uint32_t *first)
{
    uint32_t count;
    assert_true (ticket_revoke (&self->desk, first, &count));
    return count;
}

bool fake_worker_has_begun (fake_worker_t *self, uint32_t ticket)
{
    assert_true (ticket_look (&self->desk));
    return ticket_is_claimed (&self->desk, ticket);
}

//  ---- sending -------------------------------------------------------------------

void fake_worker_raw (fake_worker_t *self, const void *bytes, size_t size_bytes)
{
    buffer_append (&self->out, bytes, size_bytes);
}

static void s_put (fake_worker_t *self, uint8_t verb, buffer_t *body)
{
    size_t length = body->size + 1;
    const uint8_t head [] = {(uint8_t) (length >> 24), (uint8_t) (length >> 16),
                             (uint8_t) (length >> 8), (uint8_t) length, verb};
    fake_worker_raw (self, head, sizeof head);
    fake_worker_raw (self, body->data, body->size);
    buffer_free (body);
}

void fake_worker_flush (fake_worker_t *self)
{
    for (size_t sent = 0; sent < self->out.size;) {
        ssize_t put = send (self->fd, self->out.data + sent, self->out.size - sent, MSG_NOSIGNAL);
        if (put <= 0)
            break;
        sent += (size_t) put;
    }
    buffer_clear (&self->out);
}

void fake_worker_job (fake_worker_t *self, uint64_t job, unsigned kind, const char *function,
                      const fake_job_t *options)
{
    buffer_t spec = {0}, body = {0};
    value_codec_pack (&spec, options ? options->spec : NULL);
    wire_slot_job_t fields = {.job = job,
                              .kind = kind,
                              .function = wire_view (function),
                              .spec = wire_view_of (&spec),
                              .timeout_ms = options ? options->timeout_ms : 0,
                              .grace_ms = options ? options->grace_ms : 0};
    wire_pack_slot_job (&body, &fields);
    s_put (self, WIRE_slot_job, &body);
    buffer_free (&spec);
}

static uint32_t s_put_task (fake_worker_t *self, uint64_t job, uint64_t output_bytes,
                            uint64_t begin_by_us, cadre_value_t **payload)
{
    uint32_t ticket;
    assert_true (ticket_offer (&self->desk, 1, &ticket));
    buffer_t bytes = {0}, body = {0};
    assert_non_null (*payload);
    value_codec_pack (&bytes, *payload);
    cadre_value_destroy (payload);
    wire_slot_task_t fields = {.ticket = ticket,
                               .job = job,
                               .index = ticket + 100,
                               .attempt = 1,
                               .output_bytes = output_bytes,
                               .payload = wire_view_of (&bytes),
                               .begin_by_us = begin_by_us};
    wire_pack_slot_task (&body, &fields);
    s_put (self, WIRE_slot_task, &body);
    buffer_free (&bytes);
    return ticket;
}

uint32_t fake_worker_task (fake_worker_t *self, uint64_t job, uint64_t output_bytes,
                           cadre_value_t **payload)
{
    return s_put_task (self, job, output_bytes, 0, payload);
}

uint32_t fake_worker_task_by (fake_worker_t *self, uint64_t job, uint64_t begin_by_us,
                              cadre_value_t **payload)
{
    return s_put_task (self, job, 1u << 20, begin_by_us, payload);
}

void fake_worker_window (fake_worker_t *self, uint32_t ticket, uint64_t bytes)
{
    buffer_t body = {0};
    wire_slot_output_window_t fields = {.ticket = ticket, .bytes = bytes};
    wire_pack_slot_output_window (&body, &fields);
    s_put (self, WIRE_slot_output_window, &body);
}

void fake_worker_cancel (fake_worker_t *self, uint32_t ticket)
{
    buffer_t body = {0};
    wire_slot_cancel_t fields = {.ticket = ticket};
    ticket_cancel (&self->memory->page, ticket);
    wire_pack_slot_cancel (&body, &fields);
    s_put (self, WIRE_slot_cancel, &body);
}

//  ---- receiving ------------------------------------------------------------------

//  False at the end.
static bool s_fill (fake_worker_t *self)
{
    struct pollfd polled = {.fd = self->fd, .events = POLLIN};
    if (poll (&polled, 1, FAKE_PATIENCE_MS) != 1)
        fail_msg ("the slot said nothing for %d s", FAKE_PATIENCE_MS / 1000);
    uint8_t bells [64];
    ssize_t got = handover_receive (&self->files, self->fd, bells, sizeof bells, 0);
    for (ssize_t i = 0; i < got; i++)
        assert_true (bells [i] == RING_BELL || bells [i] == RING_BELL_FILE);
    assert_true (ring_take (&self->ring, &self->in));
    return got > 0;
}

static bool s_next (fake_worker_t *self, uint8_t *verb, cursor_t *body)
{
    for (;;) {
        size_t left = self->in.size - self->at;
        const uint8_t *head = self->in.data + self->at;
        size_t length = left < 4 ? 0
                                 : (size_t) head [0] << 24 | (size_t) head [1] << 16
                                       | (size_t) head [2] << 8 | head [3];
        if (length && left >= length + 4) {
            *verb = head [4];
            *body = cursor_of (head + 5, length - 1);
            self->at += 4 + length;
            return true;
        }
        buffer_consume (&self->in, self->at);
        self->at = 0;
        if (!s_fill (self))
            return false;
    }
}

static void s_pack_names (buffer_t *values, const char *const *names, size_t *count)
{
    for (; names && *names; names++, (*count)++)
        pack_text (values, *names);
}

static void s_read_functions (fake_worker_t *self, const wire_list_t *list)
{
    cursor_t cursor = cursor_of_view (list->values);
    self->functions [0] = 0;
    for (size_t i = 0; i < list->count; i++) {
        wire_function_t function;
        assert_true (wire_read_function (&cursor, &function));
        size_t length = strlen (self->functions);
        snprintf (self->functions + length, sizeof self->functions - length, "%s%.*s(%.*s)",
                  i ? " " : "", (int) function.name.size, (const char *) function.name.data,
                  (int) function.takes.size, (const char *) function.takes.data);
    }
}

int fake_worker_start (fake_worker_t *self, const char *const *plugins, const char *const *program)
{
    buffer_t plugin_list = {0}, program_list = {0}, body = {0};
    wire_slot_start_t start = {.slot = 3, .broker = wire_view ("ipc:///nowhere")};
    s_pack_names (&plugin_list, plugins, &start.plugins.count);
    s_pack_names (&program_list, program, &start.program.count);
    start.plugins.values = wire_view_of (&plugin_list);
    start.program.values = wire_view_of (&program_list);
    wire_pack_slot_start (&body, &start);
    s_put (self, WIRE_slot_start, &body);
    fake_worker_flush (self);
    buffer_free (&plugin_list);
    buffer_free (&program_list);
    uint8_t verb = 0;
    cursor_t cursor = {0};
    wire_slot_ready_t ready;
    assert_true (s_next (self, &verb, &cursor));
    assert_int_equal (verb, WIRE_slot_ready);
    assert_true (wire_read_slot_ready (&cursor, &ready));
    view_copy (ready.message, self->message, sizeof self->message);
    s_read_functions (self, &ready.functions);
    return (int) ready.code;
}

const char *fake_worker_message (const fake_worker_t *self)
{
    return self->message;
}

const char *fake_worker_functions (const fake_worker_t *self)
{
    return self->functions;
}

static void s_terminate (buffer_t *stream)
{
    *buffer_reserve (stream, 1) = 0;
}

static unsigned s_take_output (fake_worker_t *self, cursor_t *body)
{
    wire_slot_output_t output;
    assert_true (wire_read_slot_output (body, &output));
    assert_true (output.stream >= 1 && output.stream <= 5 && output.bytes.size <= 262144);
    buffer_t *stream = &self->result.streams [output.stream];
    buffer_append (stream, output.bytes.data, output.bytes.size);
    s_terminate (stream);
    self->result.outputs++;
    return (unsigned) output.stream;
}

//  The value, which may be in a file.
static cadre_value_t *s_value (fake_worker_t *self, view_t value)
{
    int fd = -1;
    uint64_t size = wire_file_of (value);
    if (!size)
        return cadre_value_decode (value.data, value.size);
    assert_true (handover_take (&self->files, &fd));
    bulk_t *file = bulk_of_descriptor (fd, size, false);
    assert_non_null (file);
    view_t bytes = bulk_view (file);
    cadre_value_t *decoded = cadre_value_decode (bytes.data, bytes.size);
    bulk_release (&file);
    return decoded;
}

static void s_take_result (fake_worker_t *self, cursor_t *body)
{
    wire_slot_result_t fields;
    assert_true (wire_read_slot_result (body, &fields));
    self->result.ticket = (uint32_t) fields.ticket;
    self->result.outcome = (cadre_outcome_t) fields.outcome;
    self->result.code = (int) fields.code;
    self->result.value = s_value (self, fields.value);
    self->result.detail = cadre_value_decode (fields.detail.data, fields.detail.size);
    assert_non_null (self->result.value);
    assert_non_null (self->result.detail);
    for (size_t i = 0; i < 6; i++)
        s_terminate (&self->result.streams [i]);
}

static uint8_t s_take (fake_worker_t *self)
{
    uint8_t verb = 0;
    cursor_t body = {0};
    fake_worker_flush (self);
    if (self->complete)
        s_clear (&self->result);
    self->complete = false;
    if (!s_next (self, &verb, &body))
        fail_msg ("the slot has closed");
    if (verb == WIRE_slot_output)
        return (uint8_t) s_take_output (self, &body);
    assert_int_equal (verb, WIRE_slot_result);
    s_take_result (self, &body);
    self->complete = true;
    return 0;
}

unsigned fake_worker_output (fake_worker_t *self)
{
    unsigned stream = s_take (self);
    assert_int_not_equal (stream, 0);
    return stream;
}

size_t fake_worker_gathered (const fake_worker_t *self, unsigned stream)
{
    return self->complete ? 0 : self->result.streams [stream].size;
}

fake_result_t *fake_worker_result (fake_worker_t *self)
{
    while (s_take (self) != 0)
        ;
    return &self->result;
}

bool fake_worker_ended (fake_worker_t *self)
{
    uint8_t verb = 0;
    cursor_t body = {0};
    fake_worker_flush (self);
    return !s_next (self, &verb, &body);
}
