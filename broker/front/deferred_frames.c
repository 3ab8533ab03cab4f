//  deferred_frames.c - holds back frames of a session until it acknowledges replies

#include "broker/front/deferred_frames.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/core/budget.h"

#define STUCK_LOST 3 //  Times lost_ms

//  Reading a large frame without a window costs up to 5 ms: the rate of a key is 16 MiB a second,
//  with a burst of two seconds.
#define LARGE_BYTES (64u * 1024u)
#define LARGE_BYTES_A_US 16
#define LARGE_BURST_US 2000000

//  Is it answered at once by a frame that needs no window? Requests wait in the inbox instead.
static bool s_is_answered (unsigned verb)
{
    return verb == WIRE_job_open || verb == WIRE_job_follow;
}

static bool s_is_metered (unsigned verb)
{
    return verb == WIRE_job_tasks || verb == WIRE_part;
}

static uint64_t s_deferred_frames_cost (size_t size)
{
    return sizeof (deferred_frame_t) + BUDGET_BLOCK_BYTES + size;
}

static void s_deferred_frames_count (client_t *client, const deferred_frame_t *frame, bool more)
{
    uint64_t cost = s_deferred_frames_cost (frame->size);
    uint64_t metered = s_is_metered (frame->envelope.verb) ? frame->size + WIRE_ENVELOPE_BYTES : 0;
    client->deferred_bytes += more ? cost : -cost;
    client->parked_metered += more ? metered : -metered;
}

//  Bytes within the window were counted when it was granted; the rest, and the overhead of each
//  frame, must be small.
static deferred_frames_verdict_t s_deferred_frames_room (const client_t *client,
                                                         const context_t *ctx,
                                                         const wire_envelope_t *envelope,
                                                         size_t size)
{
    uint64_t frame = size + WIRE_ENVELOPE_BYTES, cost = s_deferred_frames_cost (size);
    if (s_is_metered (envelope->verb)) {
        if (client->parked_metered + frame > client->granted_bytes - client->received_bytes)
            return DEFERRED_FRAMES_BROKEN;
        cost -= frame;
    }
    bool fits = client->deferred_bytes - client->parked_metered + cost <= budget_parked (ctx);
    return fits ? DEFERRED_FRAMES_TAKEN : DEFERRED_FRAMES_DROP;
}

//  False when its key exceeds the rate for large frames: the frame is not read.
static bool s_is_within_rate (const client_t *client, const context_t *ctx, unsigned verb,
                              size_t size)
{
    key_usage_t *usage = client->usage;
    if (size < LARGE_BYTES || s_is_metered (verb))
        return true;
    if (usage->large_us - ctx->now_us > LARGE_BURST_US)
        return false;
    int64_t from_us = usage->large_us > ctx->now_us ? usage->large_us : ctx->now_us;
    usage->large_us = from_us + (int64_t) size / LARGE_BYTES_A_US;
    return true;
}

deferred_frames_verdict_t deferred_frames_judge (client_t *client, const context_t *ctx,
                                                 const wire_envelope_t *envelope,
                                                 const cursor_t *body)
{
    if (!client->deaf)
        client->deaf =
            !s_is_within_rate (client, ctx, envelope->verb, (size_t) (body->end - body->at));
    if (client->deaf)
        return DEFERRED_FRAMES_DROP;
    if (!client->deferred && !(s_is_answered (envelope->verb) && client_is_full (client, ctx)))
        return DEFERRED_FRAMES_PASS;
    size_t size = (size_t) (body->end - body->at);
    deferred_frames_verdict_t verdict = s_deferred_frames_room (client, ctx, envelope, size);
    client->deaf = verdict == DEFERRED_FRAMES_DROP;
    if (verdict != DEFERRED_FRAMES_TAKEN)
        return verdict;
    deferred_frame_t *frame = malloc (sizeof *frame + size);
    assert (frame);
    frame->envelope = *envelope;
    frame->size = size;
    memcpy (frame->body, body->at, size);
    DL_APPEND (client->deferred, frame);
    s_deferred_frames_count (client, frame, true);
    return DEFERRED_FRAMES_TAKEN;
}

deferred_frame_t *deferred_frames_next (client_t *client, const context_t *ctx)
{
    deferred_frame_t *frame = client->deferred;
    if (!frame || (s_is_answered (frame->envelope.verb) && client_is_full (client, ctx)))
        return NULL;
    DL_DELETE (client->deferred, frame);
    s_deferred_frames_count (client, frame, false);
    return frame;
}

bool deferred_frames_wants_more (client_t *client)
{
    if (client->deferred || !client->deaf)
        return false;
    client->deaf = false;
    return true;
}

//  Frames that its own window holds back do not count.
static bool s_should_acknowledge (const client_t *client, const context_t *ctx)
{
    return (client->stalled || client_is_full (client, ctx))
           && (stream_flying_bytes (client->out)
               || client->backlog.bytes >= client_flight_max (ctx));
}

bool deferred_frames_is_stuck (client_t *client, const context_t *ctx)
{
    uint64_t at = stream_acknowledged (client->out) + client->backlog.settled;
    if (!s_should_acknowledge (client, ctx)) {
        client->stuck_us = 0;
        return false;
    }
    if (client->stuck_us == 0 || client->stuck_at != at) {
        client->stuck_us = ctx->now_us;
        client->stuck_at = at;
    }
    return ctx->now_us - client->stuck_us >= (int64_t) ctx->lost_ms * 1000 * STUCK_LOST;
}
