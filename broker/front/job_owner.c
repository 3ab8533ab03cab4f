//  holder.c - ownership of jobs, and access to them

#include "broker/front/job_owner.h"

#include <string.h>

#include "broker/ledger/ledger.h"

bool holder_reaches (const hub_t *hub, const client_t *client, const job_t *job)
{
    const rights_t *rights = authz_rights (hub->doors, client->peer);
    return rights && (rights->all_jobs || strcmp (rights->holder, job->identity.holder) == 0);
}

const char *holder_key (const hub_t *hub, const job_t *job)
{
    const char *holder = job->identity.holder;
    if (strcmp (holder, RIGHTS_LOCAL) == 0)
        return "";
    const rights_t *rights = hub->doors ? keyring_find_holder (hub->doors->keys, holder) : NULL;
    return rights ? rights->name : holder;
}

job_t *holder_find (const hub_t *hub, const client_t *client, uint64_t number, fault_t *fault)
{
    job_t *job = job_table_find (hub->jobs, number);
    if (job && holder_reaches (hub, client, job))
        return job;
    fault_set (fault, CADRE_ERROR_NOT_FOUND, "no job %llu: list them with: cadre job list",
               (unsigned long long) number);
    return NULL;
}
