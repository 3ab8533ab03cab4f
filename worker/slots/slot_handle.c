//  slot_handle.c - starts a slot, and exchanges messages with it

#include "worker/slots/slot_handle.h"

#include "common/log.h"
#include "common/memory_check.h"
#include "worker/shared/pgroup.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#define FRAME_MAX (WIRE_PAYLOAD_MAX + 64 * 1024)
#define READY_MAX (16u * 1024 * 1024) //  Limit for the functions of a slot
#define OUTPUT_MAX (WIRE_PART_MAX + 1024u)
#define KEEP_BYTES (1024u * 1024) //  A larger buffer is freed when it is empty
#define BELLS_BYTES 256           //  Read at once; more are read in the next turn
#define HEAD_BYTES 4u
#define FILES_MIN 4u
#define RESULT_COPIES 6u //  For the broker, there, and for the client if they are in this process

static const char *const s_names [] = {"empty", "starting", "ready", "leaving"};
static const uint32_t s_next [] = {
    [SLOT_HANDLE_EMPTY] = STATE_MACHINE_TO (SLOT_HANDLE_STARTING),
    [SLOT_HANDLE_STARTING] = STATE_MACHINE_TO (SLOT_HANDLE_READY)
                             | STATE_MACHINE_TO (SLOT_HANDLE_EMPTY)
                             | STATE_MACHINE_TO (SLOT_HANDLE_LEAVING),
    [SLOT_HANDLE_READY] =
        STATE_MACHINE_TO (SLOT_HANDLE_LEAVING) | STATE_MACHINE_TO (SLOT_HANDLE_EMPTY),
    [SLOT_HANDLE_LEAVING] = STATE_MACHINE_TO (SLOT_HANDLE_EMPTY),
};
static const state_machine_table_t s_machine = {"seat", 4, s_names, s_next, NULL};

void slot_handle_init (slot_handle_t *self, size_t index)
{
    *self = (slot_handle_t){
        .index = index, .state = SLOT_HANDLE_EMPTY, .fd = -1, .backend = {.pidfd = -1}};
}

//  What was to be written has gone, or goes nowhere.
static void s_clear_out (slot_handle_t *self)
{
    for (size_t i = 0; i < self->files_count; i++)
        bulk_release (&self->files_out [i].bulk);
    self->files_count = self->files_gone = 0;
    if (self->out.capacity > KEEP_BYTES)
        buffer_free (&self->out);
    buffer_clear (&self->out);
    self->written = 0;
}

void slot_handle_clear (slot_handle_t *self)
{
    assert (self->tasks == NULL);
    assert (self->backend.kind == SLOT_BACKEND_NONE);
    if (self->fd >= 0)
        close (self->fd);
    self->fd = -1;
    slot_memory_destroy (&self->memory);
    buffer_free (&self->in);
    s_clear_out (self);
    buffer_free (&self->out);
    free (self->files_out);
    self->files_out = NULL;
    self->files_capacity = 0;
    handover_clear (&self->files);
}

void slot_handle_move (slot_handle_t *self, slot_handle_state_t to)
{
    state_machine_step (&s_machine, &self->state, (uint8_t) to, NULL);
}

//  Begins a message; after the body, s_slot_handle_close sets its length.
static size_t s_slot_handle_open (slot_handle_t *self, wire_verb_t verb)
{
    size_t start = self->out.size;
    uint8_t *head = buffer_reserve (&self->out, HEAD_BYTES + 1);
    memset (head, 0, HEAD_BYTES);
    head [HEAD_BYTES] = (uint8_t) verb;
    self->out.size += HEAD_BYTES + 1;
    return start;
}

static void s_slot_handle_close (slot_handle_t *self, size_t start)
{
    uint32_t length = htobe32 ((uint32_t) (self->out.size - start - HEAD_BYTES));
    memcpy (self->out.data + start, &length, HEAD_BYTES);
}

static slot_backend_t s_backend (const slot_handle_start_t *how, size_t index, int fd,
                                 slot_memory_t *memory, int share_fd, fault_t *fault)
{
    slot_backend_t backend;
    if (how->fake)
        return how->fake (how->context, index, fd, memory);
    if (how->threads) {
        if (slot_backend_start_thread (&backend, how->functions, fd, share_fd, fault) != CADRE_OK)
            close (fd);
    } else {
        slot_backend_start_process (&backend, how->path, how->environment, fd, share_fd, fault);
        close (fd);
    }
    return backend;
}

//  Initializes the record of a new slot.
static void s_take_in (slot_handle_t *self, int fd, slot_memory_t *memory)
{
    self->fd = fd;
    self->session = self->backend.kind == SLOT_BACKEND_PROCESS ? self->backend.pid : 0;
    self->memory = memory;
    self->desk = ticket_desk_of (&memory->page);
    self->begun = 0;
    self->ring = (ring_reader_t){.ring = &memory->ring};
    self->closed = self->killed = self->slow = self->writable_wanted = self->condemned = false;
    self->deaf = self->lost = self->asked = false;
    self->in.checked = true;
    self->fault = SLOT_HANDLE_SOUND;
    self->stopped = self->waits = 0;
    self->given = 0;
    self->ahead_us = 0;
    slot_handle_move (self, SLOT_HANDLE_STARTING);
}

static void s_slot_handle_greet (slot_handle_t *self, const slot_handle_start_t *how)
{
    wire_slot_start_t fields = how->greeting;
    fields.slot = self->index + 1;
    size_t start = s_slot_handle_open (self, WIRE_slot_start);
    wire_pack_slot_start (&self->out, &fields);
    s_slot_handle_close (self, start);
}

cadre_error_t slot_handle_start (slot_handle_t *self, const slot_handle_start_t *how,
                                 fault_t *fault)
{
    int pair [2], share_fd;
    if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return fault_set (fault, CADRE_ERROR_DESCRIPTORS,
                          "no socketpair for a slot: %s; raise the limit (ulimit -n)",
                          strerror (errno));
    slot_memory_t *memory = slot_memory_new (&share_fd);
    if (!memory) {
        int error = errno;
        close (pair [0]);
        close (pair [1]);
        return fault_set (fault, CADRE_ERROR_DESCRIPTORS,
                          "no memory to share with a slot: %s; raise the limit (ulimit -n)",
                          strerror (error));
    }
    self->backend = s_backend (how, self->index, pair [1], memory, share_fd, fault);
    close (share_fd);
    if (self->backend.kind == SLOT_BACKEND_NONE) {
        close (pair [0]);
        slot_memory_destroy (&memory);
        return fault && fault->code ? fault->code : CADRE_ERROR_IO;
    }
    s_take_in (self, pair [0], memory);
    s_slot_handle_greet (self, how);
    return CADRE_OK;
}

static void s_tell_job (slot_handle_t *self, cached_job_t *job)
{
    wire_slot_job_t fields = {.job = job->number,
                              .kind = job->kind,
                              .function = wire_view_of (&job->function),
                              .spec = wire_view_of (&job->spec),
                              .timeout_ms = job->timeout_ms,
                              .grace_ms = job->grace_ms};
    size_t start = s_slot_handle_open (self, WIRE_slot_job);
    wire_pack_slot_job (&self->out, &fields);
    s_slot_handle_close (self, start);
    job_cache_set_known (job, self->index, true);
}

static bool s_slot_handle_check (slot_handle_t *self, bool sane)
{
    if (!sane && !self->fault)
        self->fault = SLOT_HANDLE_TORN;
    return sane;
}

//  Notes a file that goes along with the next byte of out.
static void s_attach (slot_handle_t *self, bulk_t *bulk)
{
    if (self->files_count == self->files_capacity) {
        self->files_capacity = self->files_capacity ? self->files_capacity * 2 : FILES_MIN;
        self->files_out = realloc (self->files_out, self->files_capacity * sizeof (slot_file_t));
        assert (self->files_out);
    }
    self->files_out [self->files_count++] =
        (slot_file_t){.at = self->out.size, .bulk = bulk_hold (bulk)};
}

//  A large payload goes as a file, where that is to be had: then the reference stands for it. One
//  that came in parts is written to a file once, and stays there for another try.
static view_t s_payload (slot_handle_t *self, lease_t *lease, buffer_t *reference)
{
    view_t payload = lease_payload (lease);
    if (payload.size <= WIRE_INLINE_MAX)
        return payload;
    if (!lease->payload.bulk || bulk_descriptor (lease->payload.bulk) < 0) {
        bulk_t *bulk = bulk_of_pieces (&payload, 1);
        if (!bulk)
            return payload;
        buffer_free (&lease->payload);
        lease->payload = buffer_of_bulk (bulk);
    }
    s_attach (self, lease->payload.bulk);
    wire_pack_file (reference, payload.size);
    return wire_view_of (reference);
}

bool slot_handle_give (slot_handle_t *self, lease_t *lease)
{
    buffer_t reference = {0};
    if (!s_slot_handle_check (self, ticket_offer (&self->desk, 1, &lease->ticket)))
        return false;
    if (!job_cache_is_known (lease->job, self->index))
        s_tell_job (self, lease->job);
    lease->output_before = lease->output_sent;
    wire_slot_task_t fields = {.ticket = lease->ticket,
                               .job = lease->job->number,
                               .index = lease->index,
                               .attempt = lease->attempt,
                               .output_bytes = lease->output_window > lease->output_sent
                                                   ? lease->output_window - lease->output_sent
                                                   : 0,
                               .payload = s_payload (self, lease, &reference),
                               .begin_by_us = (uint64_t) lease->begin_by_us};
    size_t start = s_slot_handle_open (self, WIRE_slot_task);
    wire_pack_slot_task (&self->out, &fields);
    s_slot_handle_close (self, start);
    buffer_free (&reference);
    DL_APPEND (self->tasks, lease);
    self->count++;
    self->ahead_us += lease->job->mean_us > 0 ? lease->job->mean_us : 0;
    return true;
}

static void s_recount (slot_handle_t *self)
{
    self->ahead_us = 0;
    self->count = 0;
    lease_t *lease;
    DL_FOREACH (self->tasks, lease) {
        self->count++;
        self->ahead_us += lease->job->mean_us > 0 ? lease->job->mean_us : 0;
    }
}

lease_t *slot_handle_revoke (slot_handle_t *self)
{
    uint32_t first, count;
    lease_t *back = NULL, *lease, *next;
    if (!self->tasks || !s_slot_handle_check (self, ticket_revoke (&self->desk, &first, &count))
        || count == 0)
        return NULL;
    DL_FOREACH_SAFE (self->tasks, lease, next) {
        if (ticket_before (lease->ticket, first))
            continue;
        DL_DELETE (self->tasks, lease);
        DL_APPEND (back, lease);
    }
    s_recount (self);
    return back;
}

lease_t *slot_handle_take (slot_handle_t *self)
{
    lease_t *lease = self->tasks;
    if (!lease)
        return NULL;
    DL_DELETE (self->tasks, lease);
    self->count--;
    if (self->count == 0)
        self->ahead_us = 0;
    else if (lease->job->mean_us > 0)
        self->ahead_us -=
            self->ahead_us < lease->job->mean_us ? self->ahead_us : lease->job->mean_us;
    return lease;
}

void slot_handle_cancel (slot_handle_t *self)
{
    assert (self->tasks);
    ticket_cancel (&self->memory->page, self->tasks->ticket);
    size_t start = s_slot_handle_open (self, WIRE_slot_cancel);
    wire_pack_slot_cancel (&self->out, &(wire_slot_cancel_t){.ticket = self->tasks->ticket});
    s_slot_handle_close (self, start);
}

void slot_handle_output_window (slot_handle_t *self, const lease_t *lease, uint64_t bytes)
{
    size_t start = s_slot_handle_open (self, WIRE_slot_output_window);
    wire_pack_slot_output_window (
        &self->out, &(wire_slot_output_window_t){.ticket = lease->ticket, .bytes = bytes});
    s_slot_handle_close (self, start);
}

void slot_handle_end_job (slot_handle_t *self, const job_cache_t *jobs, cached_job_t *job)
{
    if (!job_cache_is_known (job, self->index))
        return;
    job_cache_set_known (job, self->index, false);
    const cached_job_t *present = job_cache_find (jobs, job->number);
    if (present
        && job_cache_is_known (present, self->index)) //  In the slot it has replaced this one
        return;
    size_t start = s_slot_handle_open (self, WIRE_slot_job_end);
    wire_pack_slot_job_end (&self->out, &(wire_slot_job_end_t){.job = job->number});
    s_slot_handle_close (self, start);
}

//  Sends what there is, up to the next file that goes along, or that and what is behind it.
static ssize_t s_send (slot_handle_t *self)
{
    size_t end = self->out.size, next = self->files_gone;
    const uint8_t *bytes = self->out.data + self->written;
    bool along = next < self->files_count && self->files_out [next].at == self->written;
    if (next + along < self->files_count)
        end = self->files_out [next + along].at;
    if (!along)
        return send (self->fd, bytes, end - self->written, MSG_NOSIGNAL | MSG_DONTWAIT);
    ssize_t sent = handover_send (self->fd, bytes, end - self->written,
                                  bulk_descriptor (self->files_out [next].bulk), MSG_DONTWAIT);
    if (sent > 0)
        self->files_gone++;
    return sent;
}

bool slot_handle_flush (slot_handle_t *self)
{
    while (self->fd >= 0 && !self->closed && self->written < self->out.size) {
        ssize_t sent = s_send (self);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return false;
        if (sent < 0) //  Reading will detect the end
            break;
        self->written += (size_t) sent;
    }
    s_clear_out (self);
    return true;
}

//  The socket carries only bells, which mean that there is data in the ring, and files that results
//  there refer to. False when there was nothing to read.
static bool s_hear_bells (slot_handle_t *self)
{
    uint8_t bells [BELLS_BYTES];
    ssize_t got;
    if (self->fd < 0 || self->closed)
        return false;
    do
        got = handover_receive (&self->files, self->fd, bells, sizeof bells, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        self->closed = true;
    for (ssize_t i = 0; i < got; i++)
        if (bells [i] != RING_BELL && bells [i] != RING_BELL_FILE && !self->fault)
            self->fault = SLOT_HANDLE_GARBLED;
    return got > 0;
}

//  A file is sent before the result that refers to it: what came is read as far as it takes.
bool slot_handle_take_file (slot_handle_t *self, uint64_t size_bytes, buffer_t *value)
{
    int fd;
    while (!handover_take (&self->files, &fd))
        if (!s_hear_bells (self))
            return false;
    bool room =
        size_bytes <= WIRE_PAYLOAD_MAX && memory_check_for (RESULT_COPIES * (size_t) size_bytes);
    bulk_t *bulk = room ? bulk_of_descriptor (fd, size_bytes, true) : NULL;
    if (!room && fd >= 0)
        close (fd);
    if (bulk)
        *value = buffer_of_bulk (bulk);
    return true;
}

static void s_lack_room (slot_handle_t *self)
{
    self->deaf = true;
    self->fault = self->fault ? self->fault : SLOT_HANDLE_LARGE;
}

void slot_handle_read (slot_handle_t *self)
{
    if (self->state == SLOT_HANDLE_EMPTY)
        return;
    s_hear_bells (self);
    if (!self->deaf && !s_slot_handle_check (self, ring_take (&self->ring, &self->in)))
        self->deaf = self->lost = true;
    if (self->in.failed && !self->deaf) {
        self->lost = true;
        s_lack_room (self);
    }
}

//  Maximum size of a message with this verb.
static size_t s_message_max (uint8_t verb)
{
    switch (verb) {
    case WIRE_slot_ready: return READY_MAX;
    case WIRE_slot_output: return OUTPUT_MAX;
    case WIRE_slot_result: return FRAME_MAX;
    default: return 0;
    }
}

int slot_handle_message (const slot_handle_t *self, size_t *offset, uint8_t *verb, cursor_t *body)
{
    if (self->deaf || self->in.size - *offset < HEAD_BYTES + 1)
        return 0;
    uint32_t length;
    memcpy (&length, self->in.data + *offset, HEAD_BYTES);
    length = be32toh (length);
    if (length == 0 || length > s_message_max (self->in.data [*offset + HEAD_BYTES]))
        return -1;
    if (self->in.size - *offset - HEAD_BYTES < length)
        return 0;
    *verb = self->in.data [*offset + HEAD_BYTES];
    *body = cursor_of (self->in.data + *offset + HEAD_BYTES + 1, length - 1);
    *offset += HEAD_BYTES + length;
    return 1;
}

//  Checks that there is memory for the rest of a large message and its copies to the broker, and to
//  the client of an embedded pool. It is allocated as bytes arrive.
static void s_make_room (slot_handle_t *self)
{
    if (self->in.size < HEAD_BYTES || self->deaf)
        return;
    uint32_t length;
    memcpy (&length, self->in.data, HEAD_BYTES);
    length = be32toh (length);
    if (length < MEMORY_CHECK_LEAST || length > FRAME_MAX || self->asked)
        return;
    self->asked = true;
    if (!memory_check_for (RESULT_COPIES * (size_t) length))
        s_lack_room (self);
}

void slot_handle_consume (slot_handle_t *self, size_t offset)
{
    buffer_consume (&self->in, offset);
    if (offset)
        self->asked = false;
    s_make_room (self);
    if (self->in.size == 0 && self->in.capacity > KEEP_BYTES)
        buffer_free (&self->in);
}

void slot_handle_look (slot_handle_t *self)
{
    uint32_t begun = atomic_load_explicit (&self->memory->begun, memory_order_acquire);
    s_slot_handle_check (self, ticket_look (&self->desk));
    if (!ticket_before (begun, self->desk.limit) || ticket_before (begun, self->begun)) {
        s_slot_handle_check (self, false);
        self->lost = true;
        return;
    }
    self->begun = begun;
}

bool slot_handle_has_begun (slot_handle_t *self, const lease_t *lease)
{
    if (!ticket_before (self->begun, lease->ticket))
        return true;
    slot_handle_look (self);
    if (self->lost)
        return !ticket_look (&self->desk) || ticket_is_claimed (&self->desk, lease->ticket);
    return !ticket_before (self->begun, lease->ticket);
}

bool slot_handle_has_gone_on (const slot_handle_t *self)
{
    uint32_t begun = atomic_load_explicit (&self->memory->begun, memory_order_acquire);
    return self->tasks && ticket_before (self->tasks->ticket, begun)
           && ticket_before (begun, self->desk.limit);
}

int64_t slot_handle_run_us (const slot_handle_t *self, int64_t now_us)
{
    int64_t since_us = atomic_load (&self->memory->page.started_us);
    if (!self->tasks || since_us > now_us)
        return 0;
    return now_us - (since_us > self->tasks->given_us ? since_us : self->tasks->given_us);
}

//  The program of a thread is in our own session: it is only required not to be our own group.
static bool s_owns (const slot_handle_t *self, pid_t group)
{
    return self->session ? pgroup_is_of (group, self->session) : group > 1 && group != getpgrp ();
}

void slot_handle_kill_group (const slot_handle_t *self)
{
    int32_t group = self->memory ? atomic_load (&self->memory->page.process_group) : 0;
    if (group == 0)
        return;
    if (s_owns (self, group))
        kill (-group, SIGKILL);
    else if (group < 0 || kill (-group, 0) == 0)
        log_line (LOG_WARNING, "W044",
                  "slot %zu names process group %d, which is not in its session: it is not killed",
                  self->index + 1, (int) group);
}

void slot_handle_kill (slot_handle_t *self)
{
    self->killed = true;
    slot_backend_signal (&self->backend, SIGKILL);
    slot_handle_kill_group (self);
}
