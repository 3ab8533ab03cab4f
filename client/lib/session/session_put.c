//  session_put.c - puts frames into a session, and takes payloads from it

#include "client/lib/session/session_private.h"

bool session_put_accepts (const session_t *self)
{
    return self->out != NULL;
}

bool session_put_given_up (const session_t *self)
{
    return self->given_up;
}

static void s_session_put_frame (session_t *self, buffer_t *frame, uint64_t tasks, bool metered)
{
    stream_put (self->out, frame, tasks, metered);
    buffer_free (frame);
    self->puts++;
}

uint64_t session_put (session_t *self, buffer_t *frame, uint64_t tasks, bool metered)
{
    if (self->out)
        s_session_put_frame (self, frame, tasks, metered);
    buffer_free (frame);
    return self->puts;
}

uint64_t session_put_acknowledged (const session_t *self)
{
    return self->out ? stream_acknowledged (self->out) : 0;
}

uint64_t session_put_sent (const session_t *self)
{
    return self->out ? stream_sent (self->out) : 0;
}

void session_put_parts (session_t *self, const buffer_t *payload, buffer_t *item)
{
    if (!self->out)
        return;
    uint64_t number = stream_payload_number (self->out);
    self->puts += stream_put_parts (self->out, number, payload);
    wire_pack_parts (item, number);
}

bool session_put_files (const session_t *self)
{
    return self->probe != NULL;
}

bool session_put_blocked (const session_t *self)
{
    if (!self->out)
        return true;
    return self->state == SESSION_OPEN ? stream_blocked (self->out)
                                       : stream_unsent_bytes (self->out) > 0;
}

bool session_put_drained (const session_t *self)
{
    return !self->out || stream_unsent_bytes (self->out) == 0;
}

uint64_t session_put_frame_tasks (const session_t *self)
{
    return self->frame_tasks ? self->frame_tasks : 1;
}

void session_put_hold (session_t *self, uint64_t tasks, uint64_t bytes)
{
    receive_window_hold (&self->allowance, tasks, bytes);
}

void session_put_release (session_t *self, uint64_t tasks, uint64_t bytes)
{
    receive_window_release (&self->allowance, tasks, bytes);
}

bool session_put_is_full (const session_t *self)
{
    return receive_window_is_full (&self->allowance);
}

uint64_t session_put_lacked_parts (session_t *self, uint64_t number)
{
    return parts_take_given_up (self->parts, number);
}

bool session_put_take_parts (session_t *self, uint64_t number, buffer_t *payload)
{
    return parts_take (self->parts, number, payload);
}
