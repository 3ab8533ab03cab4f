//  front_frames.c - the frames of one client's session

#include "broker/front/front_frames.h"

#include <stdio.h>
#include <stdlib.h>

#include "broker/delivery/durable_answers.h"
#include "broker/front/deferred_frames.h"
#include "broker/front/front_jobs.h"
#include "broker/front/front_session.h"
#include "broker/front/requests.h"

//  A payload that can never fit is refused when its first part comes; otherwise the client would
//  wait for a window without end.
static bool s_fits_memory (front_t *self, client_t *client, const wire_part_t *part)
{
    char message [256];
    if (part->total <= self->ctx->memory_limit / 2)
        return true;
    snprintf (
        message, sizeof message,
        "a payload of %llu MiB is more than half of what this broker may hold (%llu MiB): see --memory",
        (unsigned long long) part->total >> 20, (unsigned long long) self->ctx->memory_limit >> 20);
    front_session_refuse (self, client->route, CADRE_ERROR_TOO_LARGE, message);
    return false;
}

static bool s_front_frames_part (front_t *self, client_t *client, cursor_t *body, size_t size_bytes)
{
    wire_part_t part;
    if (!wire_read_part (body, &part) || !cursor_done (body)
        || !s_fits_memory (self, client, &part))
        return false;
    if (part.held > WIRE_PART_MAX)
        return false;
    client->received_bytes += size_bytes + part.held;
    client->unacknowledged_bytes += part.held;
    self->ctx->frame_work++;
    return client->received_bytes <= client->granted_bytes
           && parts_add (client->parts, &part) == CADRE_OK;
}

static bool s_front_frames_tasks (front_t *self, client_t *client, cursor_t *body,
                                  size_t size_bytes)
{
    client->received_bytes += size_bytes;
    return client->received_bytes <= client->granted_bytes && front_jobs_tasks (self, client, body)
           && client->received_tasks <= client->granted_tasks;
}

//  A client that sends requests without reading replies is stopped at a limit.
static bool s_request (front_t *self, client_t *client, cursor_t *body)
{
    char message [CONTEXT_NAME_BYTES + 192];
    if (inbox_admits (&client->inbox, (size_t) (body->end - body->at)))
        return requests_take (self, client, body);
    snprintf (
        message, sizeof message,
        "%zu requests of client %s are queued: it sends requests faster than it reads replies",
        client->inbox.count, client->name);
    front_session_refuse (self, client->route, CADRE_ERROR_TOO_LARGE, message);
    return false;
}

static bool s_handle_stream (front_t *self, client_t *client, unsigned verb, cursor_t *body,
                             size_t size_bytes)
{
    switch (verb) {
    case WIRE_job_open: return front_jobs_open (self, client, body);
    case WIRE_job_tasks: return s_front_frames_tasks (self, client, body, size_bytes);
    case WIRE_part: return s_front_frames_part (self, client, body, size_bytes);
    case WIRE_job_seal: return front_jobs_seal (self, client, body);
    case WIRE_job_cancel: return front_jobs_cancel (self, client, body);
    case WIRE_job_follow: return front_jobs_follow (self, client, body);
    case WIRE_request: return s_request (self, client, body);
    default: return false;
    }
}

static bool s_window (front_t *self, client_t *client, cursor_t *body)
{
    wire_window_t window;
    if (!wire_read_window (body, &window) || !cursor_done (body))
        return false;
    stream_grant (client->out, window.tasks, window.bytes);
    client_touch (client, self->ctx);
    return true;
}

//  A frame that caused a record is acknowledged when the record is on the disk; a part, when its
//  task is.
static bool s_handle_recorded (front_t *self, client_t *client, const wire_envelope_t *envelope,
                               cursor_t *body, size_t size_bytes)
{
    journal_t *journal = self->ctx->journal;
    uint64_t session = client->session, mark = journal_mark (journal);
    if (!s_handle_stream (self, client, envelope->verb, body, size_bytes))
        return false;
    if (parts_bytes (client->parts) == 0)
        client->parts_from = 0;
    else if (client->parts_from == 0)
        client->parts_from = envelope->sequence;
    if (journal_mark (journal) != mark && client->session == session)
        durable_answers_acknowledge_client (journal, client, envelope->sequence);
    return true;
}

static bool s_handle_next (front_t *self, client_t *client, const wire_envelope_t *envelope,
                           cursor_t *body, size_t size_bytes)
{
    return self->ctx->journal ? s_handle_recorded (self, client, envelope, body, size_bytes)
                              : s_handle_stream (self, client, envelope->verb, body, size_bytes);
}

//  Processes a deferred frame. False when it breaks the protocol.
static bool s_take_parked (front_t *self, client_t *client)
{
    deferred_frame_t *frame;
    bool fine = true;
    while (fine && (frame = deferred_frames_next (client, self->ctx)) != NULL) {
        cursor_t body = cursor_of (frame->body, frame->size);
        fine = s_handle_next (self, client, &frame->envelope, &body,
                              frame->size + WIRE_ENVELOPE_BYTES);
        free (frame);
    }
    if (fine && deferred_frames_wants_more (client))
        front_session_who (self, client->route);
    return fine;
}

static bool s_front_frames_beat (front_t *self, client_t *client, cursor_t *body)
{
    wire_beat_t beat;
    if (!wire_read_beat (body, &beat) || !cursor_done (body)
        || !stream_acknowledge (client->out, beat.received))
        return false;
    if (beat.sent > client->in.received && !client->deaf)
        front_session_who (self,
                           client->route); //  Frames are missing, and no later frame has shown that
    if (beat.shares && client->shares)
        stream_share (client->out);
    client_touch (client, self->ctx);
    return s_take_parked (self, client);
}

//  A numbered frame belongs to the stream: a repeated one is dropped, and after a gap the client is
//  asked to send again.
static bool s_handle_numbered (front_t *self, client_t *client, const wire_envelope_t *envelope,
                               cursor_t *body, size_t size_bytes)
{
    bool next = envelope->sequence == client->in.received + 1;
    deferred_frames_verdict_t verdict =
        next || client->deaf ? deferred_frames_judge (client, self->ctx, envelope, body)
                             : DEFERRED_FRAMES_PASS;
    if (verdict == DEFERRED_FRAMES_DROP || verdict == DEFERRED_FRAMES_BROKEN)
        return verdict == DEFERRED_FRAMES_DROP;
    switch (stream_in_accept (&client->in, envelope->sequence)) {
    case STREAM_SEEN: client->beat_due = true; return true;
    case STREAM_GAP: front_session_who (self, client->route); return true;
    case STREAM_NEW: break;
    }
    client->unacknowledged_bytes += size_bytes;
    if (client->in.received - client->acknowledged >= 64
        || client->unacknowledged_bytes >= 256 * 1024)
        client->beat_due = true;
    client_touch (client, self->ctx);
    return verdict == DEFERRED_FRAMES_TAKEN
           || s_handle_next (self, client, envelope, body, size_bytes);
}

bool front_frames_handle (front_t *self, client_t *client, const wire_envelope_t *envelope,
                          cursor_t *body, size_t size_bytes)
{
    if (envelope->sequence)
        return s_handle_numbered (self, client, envelope, body, size_bytes);
    if (envelope->verb == WIRE_beat)
        return s_front_frames_beat (self, client, body);
    return envelope->verb == WIRE_window && s_window (self, client, body);
}

bool front_frames_unpark (front_t *self, client_t *client)
{
    if (!client->deferred || s_take_parked (self, client))
        return true;
    front_session_break (self, client, "frame that waited");
    return false;
}
