/*  budget.h - how the broker's memory is divided
 *
 *  Fractions of --memory: how much one session, one key, and all peers together may make the broker
 *  hold, for each kind of data whose size peers control. All of it is part of context_used_bytes.
 *  The table is in SPEC.md, section 8.
 */

#ifndef BROKER_CORE_BUDGET_H_INCLUDED
#define BROKER_CORE_BUDGET_H_INCLUDED

#include "broker/core/context.h"
#include "broker/core/inbox.h"

#define BUDGET_MIB (UINT64_C (1) << 20)
#define BUDGET_RESERVE_BYTES                                                                       \
    (16 * BUDGET_MIB)         //  The program itself uses so much, however small its limit is
#define BUDGET_BLOCK_BYTES 32 //  Heap and hash table overhead of a small object

static inline uint64_t budget_between (uint64_t value, uint64_t least, uint64_t most)
{
    return value < least ? least : value > most ? most : value;
}

//  What tasks may fill. The reserve is for memory that is not counted: the program and its
//  libraries, gaps in the heap, libzmq's data.
static inline uint64_t budget_memory (const context_t *ctx)
{
    uint64_t part = ctx->memory_limit / 16;
    return ctx->memory_limit - budget_between (BUDGET_RESERVE_BYTES, 3 * part, 4 * part);
}

//  Of that, the equal share of each key that has sessions, and of one more that may connect.
static inline uint64_t budget_share (const context_t *ctx)
{
    return budget_memory (ctx) / (ctx->present_keys + 1);
}

//  Of that, the part that keys above their share must leave free.
static inline uint64_t budget_spare (const context_t *ctx)
{
    return ctx->memory_limit / 8;
}

//  Open jobs, without their tasks: of one session, of one key, and the total memory use above which
//  no new job is accepted.
static inline uint64_t budget_session_jobs (const context_t *ctx)
{
    return ctx->memory_limit / 8;
}

static inline uint64_t budget_key_jobs (const context_t *ctx)
{
    return ctx->memory_limit / 4;
}

static inline uint64_t budget_jobs (const context_t *ctx)
{
    return ctx->memory_limit / 16 * 14;
}

//  Unacknowledged replies and other data that needs no window: the limits at which requests of a
//  session, or of all sessions of a key, wait.
static inline uint64_t budget_session_replies (const context_t *ctx)
{
    return budget_between (ctx->memory_limit / 64, INBOX_REPLIES_BYTES / 2, INBOX_REPLIES_BYTES);
}

static inline uint64_t budget_key_replies (const context_t *ctx)
{
    return budget_between (ctx->memory_limit / 16, BUDGET_MIB, 32 * BUDGET_MIB);
}

static inline uint64_t budget_replies (const context_t *ctx)
{
    return ctx->memory_limit / 8;
}

//  Frames of one session that wait behind those requests.
static inline uint64_t budget_parked (const context_t *ctx)
{
    return budget_between (ctx->memory_limit / 64, BUDGET_MIB / 4, BUDGET_MIB);
}

//  Data in flight to one client; its connection holds a copy, too.
static inline uint64_t budget_flight (const context_t *ctx)
{
    return budget_between (ctx->memory_limit / 32, BUDGET_MIB, 8 * BUDGET_MIB);
}

//  Unread frames of one connection, of up to 1 MiB each.
static inline int budget_unread (const context_t *ctx)
{
    return (int) budget_between (ctx->memory_limit / (16 * BUDGET_MIB), 4, 64);
}

//  What workers describe about themselves: all workers together, and names of functions that are
//  remembered after the last worker that offered them has left.
static inline uint64_t budget_workers (const context_t *ctx)
{
    return ctx->memory_limit / 16;
}

static inline uint64_t budget_names (const context_t *ctx)
{
    return ctx->memory_limit / 64;
}

//  Values that arrive from workers in parts.
static inline uint64_t budget_values (const context_t *ctx)
{
    return ctx->memory_limit / 8 * 3;
}

//  Leases of one worker: few enough that a WELCOME can list each as a span. And leases that have
//  written output, of all workers.
#define BUDGET_LEASES_MAX 80000u
static inline uint64_t budget_leases (const context_t *ctx)
{
    return budget_between (ctx->memory_limit / 2048, 1024, BUDGET_LEASES_MAX);
}

static inline uint64_t budget_writers (const context_t *ctx)
{
    return budget_between (ctx->memory_limit / 16384, 1024, UINT32_MAX);
}

//  Identities of forgotten jobs.
static inline uint64_t budget_ghosts (const context_t *ctx)
{
    return budget_between (ctx->memory_limit / 32, BUDGET_MIB / 4, UINT64_MAX);
}

#endif
