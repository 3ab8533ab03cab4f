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
static void s_came (void *owner, job_t *job, pager_part_t part)
{
    hub_t *hub = owner;
    if (part == PAGER_PAYLOADS)
        standing_update (hub, job);
    else
        follower_touch (job, hub);
}

//  Reserves room for work that was accepted before.
static void s_claim (hub_t *hub, journal_t *journal)
{
    for (job_t *job = job_table_first (hub->jobs); job; job = job->hh_number.next) {
        journal_claim (journal, job);
        job->promised = job->total;
        job->seal_promised = job->sealed;
    }
}

cadre_error_t persistence_open (hub_t *hub, store_t **store_p, fault_t *fault)
{
    fault_t ignored = {0};
    store_t *store = *store_p;
    cadre_error_t error = recovery_read (hub, store, fault);
    journal_t *journal = journal_new (hub, store_p);
    if (!error) {
        s_claim (hub, journal);
        error = journal_start (journal, fault);
    }
    if (error) {
        journal_close (&journal, &ignored);
        return error;
    }
    hub->journal = journal;
    hub->pager = pager_new (store, hub->jobs, s_came, hub);
    hub->compact = compact_new (hub);
    return CADRE_OK;
}

cadre_error_t persistence_need (hub_t *hub, fault_t *fault)
{
    if (hub->journal)
        return CADRE_OK;
    if (!hub->store_open)
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "this broker has no store, so no job can be durable: start it with --store FILE, or submit "
            "with --no-durable");
    store_t *store = hub->store_open (hub->store_owner, fault);
    return store ? persistence_open (hub, &store, fault) : fault->code;
}

cadre_error_t persistence_close (hub_t *hub, fault_t *fault)
{
    compact_destroy (&hub->compact);
    pager_destroy (&hub->pager);
    return journal_close (&hub->journal, fault);
}

void persistence_push (hub_t *hub)
{
    if (hub->journal)
        journal_push (hub->journal);
}

cadre_error_t persistence_turn (hub_t *hub, fault_t *fault)
{
    if (!hub->journal)
        return CADRE_OK;
    cadre_error_t error = journal_turn (hub->journal, fault);
    return error ? error : pager_turn (hub->pager, fault);
}

void persistence_flush (hub_t *hub)
{
    if (!hub->journal)
        return;
    journal_reserve_numbers (hub->journal);
    compact_if_due (hub->compact);
    journal_push (hub->journal);
}

int persistence_fd (const hub_t *hub)
{
    return hub->journal ? journal_fd (hub->journal) : -1;
}

bool persistence_is_idle (const hub_t *hub)
{
    return !hub->journal || journal_is_idle (hub->journal);
}
