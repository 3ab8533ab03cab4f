//  rounds.c - checks every job once per beat interval, a limited number per turn

#include "broker/back/job_sweep.h"

#include "broker/diagnosis/wait_notice.h"

#include "broker/diagnosis/unplaceable.h"
#include "broker/ledger/ledger.h"

#define VISITS_A_TURN 16384u //  As in request.h; about 0.1 ms
#define VISITS_JOB 16u       //  Minimum cost of a check of a job

static void s_look (hub_t *hub, job_t *job, uint32_t *visits)
{
    unplaceable_job (hub, job);
    uint32_t spent = VISITS_JOB + wait_notice_look (hub, job);
    *visits -= spent < *visits ? spent : *visits;
    ledger_jobs_sweep_job (hub->ledger, job);
}

void rounds_go_on (hub_t *hub)
{
    uint32_t visits = VISITS_A_TURN;
    for (job_t *job; visits && (job = job_table_step (&hub->round)) != NULL;)
        s_look (hub, job, &visits);
    if (!hub->round.at && hub->round_again) {
        hub->round_again = false;
        job_table_walk (hub->jobs, &hub->round);
    }
    hub->unfinished = hub->unfinished || hub->round.at;
}

void rounds_begin (hub_t *hub)
{
    if (hub->round.at) {
        hub->round_again = true;
        return;
    }
    job_table_walk (hub->jobs, &hub->round);
    rounds_go_on (hub);
}

void rounds_end (hub_t *hub)
{
    walk_end (&hub->round);
}
