/*  budget.h - how much of the broker's memory may go where
 *
 *  Shares of --memory: what one session, one key, and all together may make the broker hold, of
 *  each kind of thing that grows with what peers say. All that they make it hold is in
 *  hub_used_bytes. SPEC.md, section 8, has the table.
 */

#ifndef BROKER_CORE_BUDGET_H_INCLUDED
#define BROKER_CORE_BUDGET_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/core/inbox.h"

#define BUDGET_MIB (UINT64_C (1) << 20)
#define BUDGET_BLOCK_BYTES 32 //  What the heap and a table add to a small thing

static inline uint64_t budget_between (uint64_t value, uint64_t least, uint64_t most)
{
    return value < least ? least : value > most ? most : value;
}

//  Open jobs, without their tasks: of one session, of one key, and what of the memory may be taken
//  when another one comes.
static inline uint64_t budget_session_jobs (const hub_t *hub)
{
    return hub->memory_limit / 8;
}

static inline uint64_t budget_key_jobs (const hub_t *hub)
{
    return hub->memory_limit / 4;
}

static inline uint64_t budget_jobs (const hub_t *hub)
{
    return hub->memory_limit / 16 * 14;
}

//  Replies and whatever else needs no window, not yet acknowledged, at which the requests of a
//  session, or of all sessions of a key, wait.
static inline uint64_t budget_session_replies (const hub_t *hub)
{
    return budget_between (hub->memory_limit / 64, INBOX_REPLIES_BYTES / 2, INBOX_REPLIES_BYTES);
}

static inline uint64_t budget_key_replies (const hub_t *hub)
{
    return budget_between (hub->memory_limit / 16, BUDGET_MIB, 32 * BUDGET_MIB);
}

static inline uint64_t budget_replies (const hub_t *hub)
{
    return hub->memory_limit / 8;
}

//  Frames that wait with them, of one session.
static inline uint64_t budget_parked (const hub_t *hub)
{
    return budget_between (hub->memory_limit / 64, BUDGET_MIB / 4, BUDGET_MIB);
}

//  What is on its way to one client, and so is held by its connection as well.
static inline uint64_t budget_flight (const hub_t *hub)
{
    return budget_between (hub->memory_limit / 32, BUDGET_MIB, 8 * BUDGET_MIB);
}

//  Frames of one connection that wait to be read, of up to 1 MiB each.
static inline int budget_unread (const hub_t *hub)
{
    return (int) budget_between (hub->memory_limit / (16 * BUDGET_MIB), 4, 64);
}

//  What workers say of themselves: of all of them, and names of functions that are remembered when
//  nobody offers them any more.
static inline uint64_t budget_workers (const hub_t *hub)
{
    return hub->memory_limit / 16;
}

static inline uint64_t budget_names (const hub_t *hub)
{
    return hub->memory_limit / 64;
}

//  Values on their way from workers, in parts.
static inline uint64_t budget_values (const hub_t *hub)
{
    return hub->memory_limit / 8 * 3;
}

//  Leases of one worker: so many that a WELCOME can name each of them as a span of its own. And
//  those of which output has come, of all.
#define BUDGET_LEASES_MAX 80000u
static inline uint64_t budget_leases (const hub_t *hub)
{
    return budget_between (hub->memory_limit / 2048, 1024, BUDGET_LEASES_MAX);
}

static inline uint64_t budget_writers (const hub_t *hub)
{
    return budget_between (hub->memory_limit / 16384, 1024, UINT32_MAX);
}

//  Identities of jobs that were forgotten.
static inline uint64_t budget_ghosts (const hub_t *hub)
{
    return budget_between (hub->memory_limit / 32, BUDGET_MIB / 4, UINT64_MAX);
}

#endif
