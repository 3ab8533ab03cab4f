//  persistence.c - durability of jobs, for the broker's loop

#include "broker/recovery/persistence.h"

#include "broker/delivery/pager.h"
#include "broker/jobs/job_status.h"
#include "broker/journal/journal.h"
#include "broker/peers/follower.h"
#include "broker/recovery/compact.h"
#include "broker/recovery/recovery.h"

//  Tasks whose payloads have come may be dispatched; followers of the job continue, and so do
//  requests about its tasks.
static void s_persistence_came (void *owner, job_t *job, pager_part_t part)
{
    context_t *ctx = owner;
    if (part == PAGER_PAYLOADS)
        job_status_update (ctx, job);
    else
        follower_touch (job, ctx);
}

//  Reserves room for work that was accepted before.
static void s_persistence_claim (context_t *ctx, journal_t *journal)
{
    for (job_t *job = job_table_first (ctx->jobs); job; job = job->hh_number.next) {
        journal_claim (journal, job);
        job->promised = job->total;
        job->seal_promised = job->sealed;
    }
}

cadre_error_t persistence_open (context_t *ctx, store_t **store_p, fault_t *fault)
{
    fault_t ignored = {0};
    store_t *store = *store_p;
    cadre_error_t error = recovery_read (ctx, store, fault);
    journal_t *journal = journal_new (ctx, store_p);
    if (!error) {
        s_persistence_claim (ctx, journal);
        error = journal_start (journal, fault);
    }
    if (error) {
        journal_close (&journal, &ignored);
        return error;
    }
    ctx->journal = journal;
    ctx->pager = pager_new (store, ctx->jobs, s_persistence_came, ctx);
    ctx->compact = compact_new (ctx);
    return CADRE_OK;
}

cadre_error_t persistence_need (context_t *ctx, fault_t *fault)
{
    if (ctx->journal)
        return CADRE_OK;
    if (!ctx->store_open)
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "this broker has no store, so no job can be durable: start it with --store FILE, or submit "
            "with --no-durable");
    store_t *store = ctx->store_open (ctx->store_owner, fault);
    return store ? persistence_open (ctx, &store, fault) : fault->code;
}

cadre_error_t persistence_close (context_t *ctx, fault_t *fault)
{
    compact_destroy (&ctx->compact);
    pager_destroy (&ctx->pager);
    return journal_close (&ctx->journal, fault);
}

void persistence_push (context_t *ctx)
{
    if (ctx->journal)
        journal_push (ctx->journal);
}

cadre_error_t persistence_turn (context_t *ctx, fault_t *fault)
{
    if (!ctx->journal)
        return CADRE_OK;
    cadre_error_t error = journal_turn (ctx->journal, fault);
    return error ? error : pager_turn (ctx->pager, fault);
}

void persistence_flush (context_t *ctx)
{
    if (!ctx->journal)
        return;
    journal_reserve_numbers (ctx->journal);
    compact_if_due (ctx->compact);
    journal_push (ctx->journal);
}

int persistence_fd (const context_t *ctx)
{
    return ctx->journal ? journal_fd (ctx->journal) : -1;
}

bool persistence_is_idle (const context_t *ctx)
{
    return !ctx->journal || journal_is_idle (ctx->journal);
}
