//  job_sweep.c - checks every job once per beat interval, a limited number per turn

#include "broker/back/job_sweep.h"

#include "broker/diagnosis/wait_notice.h"

#include "broker/diagnosis/unplaceable.h"
#include "broker/ledger/ledger.h"

#define VISITS_A_TURN 16384u //  As in request.h; about 0.1 ms
#define VISITS_JOB 16u       //  Minimum cost of a check of a job

static void s_job_sweep_look (context_t *ctx, job_t *job, uint32_t *visits)
{
    unplaceable_job (ctx, job);
    uint32_t spent = VISITS_JOB + wait_notice_look (ctx, job);
    *visits -= spent < *visits ? spent : *visits;
    ledger_jobs_sweep_job (ctx->ledger, job);
}

void job_sweep_go_on (context_t *ctx)
{
    uint32_t visits = VISITS_A_TURN;
    for (job_t *job; visits && (job = job_table_step (&ctx->round)) != NULL;)
        s_job_sweep_look (ctx, job, &visits);
    if (!ctx->round.at && ctx->round_again) {
        ctx->round_again = false;
        job_table_walk (ctx->jobs, &ctx->round);
    }
    ctx->unfinished = ctx->unfinished || ctx->round.at;
}

void job_sweep_begin (context_t *ctx)
{
    if (ctx->round.at) {
        ctx->round_again = true;
        return;
    }
    job_table_walk (ctx->jobs, &ctx->round);
    job_sweep_go_on (ctx);
}

void job_sweep_end (context_t *ctx)
{
    walk_end (&ctx->round);
}
