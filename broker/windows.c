//  windows.c - what clients may send ahead

#include "broker/windows.h"

#include "broker/budget.h"
#include "broker/ready.h"

#define FEW_TASKS 10000u                  //  Of a client; they pass in a moment
#define FLOOR_BYTES (512u << 10)          //  Holds a frame of any client of ours
#define RESERVE_BYTES (16u << 20)         //  The program takes so much, however small its limit is
#define PACED_BYTES (2u * WIRE_FRAME_MAX) //  Of a window that had to wait

//  Those that waited are looked at when the turn ends.
static void s_ring (void *owner, int64_t now_us)
{
    windows_t *self = owner;
    (void) now_us;
    for (client_t *client = self->hub->clients; client; client = client->hh.next)
        if (client->sends_durable)
            client_touch (client, self->hub);
}

void windows_begin (windows_t *self, hub_t *hub)
{
    *self = (windows_t){.hub = hub,
                        .pace = {.every_us = WINDOWS_PACE_US},
                        .open = true,
                        .alarm = {.ring = s_ring, .owner = self}};
}

void windows_end (windows_t *self)
{
    timers_cancel (self->hub->timers, &self->alarm);
}

void windows_judge (windows_t *self)
{
    self->open = pace_allows (&self->pace, self->hub->now_us, self->hub->memory_done);
}

//  Has the client more tasks here than pass in a moment?
static bool s_has_many (const hub_t *hub, const client_t *client)
{
    const share_t *share = ready_share (hub->ready, client->session);
    return share && share->open > FEW_TASKS;
}

//  For what cannot be counted: the program and its libraries, the heap's gaps, what libzmq holds.
static uint64_t s_reserve (const hub_t *hub)
{
    uint64_t part = hub->memory_limit / 16;
    return budget_between (RESERVE_BYTES, 3 * part, 4 * part);
}

//  The sixteenth before the reserve is for clients that have few tasks here, so that they are not
//  kept out by one that has many.
uint64_t windows_memory_left (const windows_t *self, const client_t *client)
{
    const hub_t *hub = self->hub;
    uint64_t used = hub_used_bytes (hub), part = hub->memory_limit / 16;
    uint64_t most = hub->memory_limit - s_reserve (hub);
    if (used < most - 2 * part || s_has_many (hub, client))
        most -= part;
    return used < most ? (most - used) / 2 : 0;
}

//  What every session may send ahead, also when others have been promised the rest: all together an eighth of the memory.
static uint64_t s_floor (const hub_t *hub)
{
    uint64_t sessions = HASH_CNT (hh, hub->clients), part = hub->memory_limit / 8;
    part /= sessions ? sessions : 1;
    return part < FLOOR_BYTES ? part : FLOOR_BYTES;
}

//  A window is a promise: what others may send and have not is as good as taken. A session that begins is promised less.
static uint64_t s_promise (const windows_t *self, const client_t *client)
{
    const hub_t *hub = self->hub;
    uint64_t left = windows_memory_left (self, client), others = hub->promised_bytes - client->promised_bytes;
    uint64_t free_bytes = left > others / 2 ? left - others / 2 : 0, floor = s_floor (hub);
    uint64_t most = hub->memory_limit / 16 + client->received_bytes;
    free_bytes = free_bytes < most ? free_bytes : most;
    floor = floor < left ? floor : left;
    return free_bytes > floor ? free_bytes : floor;
}

void windows_count (const windows_t *self, client_t *client)
{
    uint64_t open = client->granted_bytes - client->received_bytes, floor = s_floor (self->hub);
    uint64_t promised = open > floor ? open - floor : 0;
    self->hub->promised_bytes += promised - client->promised_bytes;
    client->promised_bytes = promised;
}

static void s_allowance (const windows_t *self, const client_t *client, uint64_t *tasks, uint64_t *bytes)
{
    uint64_t left = s_promise (self, client), journal = self->hub->journal_bytes;
    if (client->durable) {
        uint64_t room = journal < HUB_JOURNAL_BYTES ? HUB_JOURNAL_BYTES - journal : 0;
        if (client->sends_durable && self->pace.pressing && room > PACED_BYTES)
            room = PACED_BYTES;
        left = left < room ? left : room;
    }
    *bytes = left < HUB_ALLOWANCE_BYTES ? left : HUB_ALLOWANCE_BYTES;
    *tasks = left / 64 < HUB_ALLOWANCE_TASKS ? left / 64 : HUB_ALLOWANCE_TASKS;
}

bool windows_raise (windows_t *self, client_t *client)
{
    uint64_t tasks, bytes;
    if (client->sends_durable && !self->open) {
        timers_set (self->hub->timers, &self->alarm, pace_next_us (&self->pace));
        return false;
    }
    s_allowance (self, client, &tasks, &bytes);
    tasks += client->received_tasks;
    bytes += client->received_bytes;
    bool worth =
        (tasks > client->granted_tasks && tasks - client->granted_tasks >= HUB_ALLOWANCE_TASKS / 8)
        || (bytes > client->granted_bytes && bytes - client->granted_bytes >= HUB_ALLOWANCE_BYTES / 8)
        || (client->granted_bytes - client->received_bytes < HUB_ALLOWANCE_BYTES / 16
            && bytes > client->granted_bytes + WIRE_FRAME_MAX)
        || (client->granted_bytes - client->received_bytes < FLOOR_BYTES / 4
            && bytes >= client->granted_bytes + FLOOR_BYTES / 4)
        || (client->granted_tasks - client->received_tasks < HUB_ALLOWANCE_TASKS / 16
            && tasks > client->granted_tasks + 1000);
    if (!worth) {
        windows_count (self, client);
        return false;
    }
    client->granted_tasks = tasks > client->granted_tasks ? tasks : client->granted_tasks;
    client->granted_bytes = bytes > client->granted_bytes ? bytes : client->granted_bytes;
    windows_count (self, client);
    return true;
}
