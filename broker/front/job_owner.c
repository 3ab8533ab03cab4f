//  job_owner.c - ownership of jobs, and access to them

#include "broker/front/job_owner.h"

#include <string.h>

#include "broker/ledger/ledger.h"

bool job_owner_reaches (const context_t *ctx, const client_t *client, const job_t *job)
{
    const rights_t *rights = authz_rights (ctx->authz, client->peer);
    return rights && (rights->all_jobs || strcmp (rights->holder, job->identity.holder) == 0);
}

const char *job_owner_key (const context_t *ctx, const job_t *job)
{
    const char *holder = job->identity.holder;
    if (strcmp (holder, RIGHTS_LOCAL) == 0)
        return "";
    const rights_t *rights = ctx->authz ? keyring_find_holder (ctx->authz->keys, holder) : NULL;
    return rights ? rights->name : holder;
}

job_t *job_owner_find (const context_t *ctx, const client_t *client, uint64_t number,
                       fault_t *fault)
{
    job_t *job = job_table_find (ctx->jobs, number);
    if (job && job_owner_reaches (ctx, client, job))
        return job;
    fault_set (fault, CADRE_ERROR_NOT_FOUND, "no job %llu: list them with: cadre job list",
               (unsigned long long) number);
    return NULL;
}
