//  windows.c - how much clients may send ahead

#include "broker/front/windows.h"

#include "broker/core/budget.h"
#include "broker/queue/ready.h"

#define FEW_TASKS 10000u                  //  Of a client; they are processed in a moment
#define FLOOR_BYTES (512u << 10)          //  At least one frame of any client
#define TASK_BYTES 64u                    //  Assumed size of a task
#define FEW_MORE 1000u                    //  An increase by so many tasks is always sent
#define LEAST_BYTES 4096u                 //  Minimum per session, however many sessions its key has
#define PACED_BYTES (2u * WIRE_FRAME_MAX) //  Size of a delayed window

//  Clients that waited are served at the end of the turn.
static void s_windows_ring (void *owner, int64_t now_us)
{
    windows_t *self = owner;
    (void) now_us;
    for (client_t *client = self->ctx->clients; client; client = client->hh.next)
        if (client->sends_durable)
            client_touch (client, self->ctx);
}

void windows_begin (windows_t *self, context_t *ctx)
{
    *self = (windows_t){.ctx = ctx,
                        .pace = {.every_us = WINDOWS_PACE_US},
                        .open = true,
                        .alarm = {.ring = s_windows_ring, .owner = self}};
}

void windows_end (windows_t *self)
{
    timers_cancel (self->ctx->timers, &self->alarm);
}

void windows_judge (windows_t *self)
{
    self->open = pace_allows (&self->pace, self->ctx->now_us, self->ctx->memory_done);
}

//  Has the client more tasks here than can be processed in a moment?
static bool s_has_many (const context_t *ctx, const client_t *client)
{
    const share_t *share = ready_share (ctx->ready, client->session);
    return share && share->open > FEW_TASKS;
}

//  Limit for the client's tasks. The last eighth is for keys within their share; the last sixteenth
//  for clients with few tasks, so that a client with many tasks cannot block them.
static uint64_t s_most (const windows_t *self, const client_t *client)
{
    const context_t *ctx = self->ctx;
    uint64_t most = budget_memory (ctx), part = ctx->memory_limit / 16;
    if (key_usage_is_over (ctx, client->usage))
        return most - budget_spare (ctx);
    bool near = context_used_bytes (ctx) >= most - 2 * part;
    return near && !s_has_many (ctx, client) ? most : most - part;
}

uint64_t windows_memory_left (const windows_t *self, const client_t *client)
{
    uint64_t used = context_used_bytes (self->ctx), most = s_most (self, client);
    return used < most ? (most - used) / 2 : 0;
}

//  What every session may send even when the rest has been granted to others: an eighth of the
//  memory for all, divided equally among the keys, and for each key among its sessions.
static uint64_t s_floor (const context_t *ctx, const key_usage_t *usage)
{
    uint64_t part = ctx->memory_limit / 8 / ctx->present_keys / usage->sessions;
    part = part < FLOOR_BYTES ? part : FLOOR_BYTES;
    return part > LEAST_BYTES ? part : LEAST_BYTES;
}

//  The part of other clients' unused grants that counts as taken: half of those of other keys, and
//  all of those of this key's other sessions. So something always remains.
static uint64_t s_taken (const context_t *ctx, const client_t *client)
{
    const key_usage_t *usage = client->usage;
    uint64_t own = key_usage_is_one (usage) ? usage->promised_bytes - client->promised_bytes : 0;
    return own + (ctx->promised_bytes - client->promised_bytes - own) / 2;
}

//  Counts the window as promised memory.
static uint64_t s_promise (const windows_t *self, const client_t *client)
{
    const context_t *ctx = self->ctx;
    uint64_t left = windows_memory_left (self, client), taken = s_taken (ctx, client);
    uint64_t free_bytes = left > taken ? left - taken : 0, floor = s_floor (ctx, client->usage);
    uint64_t most = ctx->memory_limit / 16 + client->received_bytes;
    free_bytes = free_bytes < most ? free_bytes : most;
    floor = floor < left ? floor : left;
    return free_bytes > floor ? free_bytes : floor;
}

void windows_count (const windows_t *self, client_t *client)
{
    uint64_t open = client->granted_bytes - client->received_bytes;
    uint64_t floor = s_floor (self->ctx, client->usage), promised = open > floor ? open - floor : 0;
    self->ctx->promised_bytes += promised - client->promised_bytes;
    client->usage->promised_bytes += promised - client->promised_bytes;
    client->promised_bytes = promised;
}

static void s_allowance (const windows_t *self, const client_t *client, uint64_t *tasks,
                         uint64_t *bytes)
{
    uint64_t left = s_promise (self, client), journal = self->ctx->journal_bytes;
    if (client->durable) {
        uint64_t room = journal < CONTEXT_JOURNAL_BYTES ? CONTEXT_JOURNAL_BYTES - journal : 0;
        if (client->sends_durable && self->pace.pressing && room > PACED_BYTES)
            room = PACED_BYTES;
        left = left < room ? left : room;
    }
    *bytes = left < CONTEXT_ALLOWANCE_BYTES ? left : CONTEXT_ALLOWANCE_BYTES;
    *tasks =
        left / TASK_BYTES < CONTEXT_ALLOWANCE_TASKS ? left / TASK_BYTES : CONTEXT_ALLOWANCE_TASKS;
}

//  Is the increase large enough to be sent? For a client at the minimum, a quarter of that minimum
//  is.
static bool s_is_worth (const windows_t *self, const client_t *client, uint64_t tasks,
                        uint64_t bytes)
{
    uint64_t open_tasks = client->granted_tasks - client->received_tasks;
    uint64_t open_bytes = client->granted_bytes - client->received_bytes;
    uint64_t more_tasks = tasks > client->granted_tasks ? tasks - client->granted_tasks : 0;
    uint64_t more_bytes = bytes > client->granted_bytes ? bytes - client->granted_bytes : 0;
    uint64_t few_bytes = s_floor (self->ctx, client->usage) / 4, few_tasks = few_bytes / TASK_BYTES;
    few_tasks = few_tasks < FEW_MORE ? few_tasks : FEW_MORE;
    return more_tasks >= CONTEXT_ALLOWANCE_TASKS / 8 || more_bytes >= CONTEXT_ALLOWANCE_BYTES / 8
           || (open_bytes < CONTEXT_ALLOWANCE_BYTES / 16 && more_bytes > WIRE_FRAME_MAX)
           || (open_bytes < few_bytes && more_bytes >= few_bytes)
           || (open_tasks < CONTEXT_ALLOWANCE_TASKS / 16 && more_tasks > few_tasks);
}

bool windows_raise (windows_t *self, client_t *client)
{
    uint64_t tasks, bytes;
    if (client->sends_durable && !self->open) {
        timers_set (self->ctx->timers, &self->alarm, pace_next_us (&self->pace));
        return false;
    }
    s_allowance (self, client, &tasks, &bytes);
    tasks += client->received_tasks;
    bytes += client->received_bytes;
    if (!s_is_worth (self, client, tasks, bytes)) {
        windows_count (self, client);
        return false;
    }
    client->granted_tasks = tasks > client->granted_tasks ? tasks : client->granted_tasks;
    client->granted_bytes = bytes > client->granted_bytes ? bytes : client->granted_bytes;
    windows_count (self, client);
    return true;
}
