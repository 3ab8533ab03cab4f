//  patience.c - whoever has waited for a job for 5 s is told what it waits for

#include "broker/patience.h"

#include <stdio.h>

#include "broker/explain.h"
#include "broker/follow.h"
#include "broker/roster.h"

#define MESSAGE_BYTES 768

enum { CAUSE_NONE, CAUSE_RUNS, CAUSE_AWAY, CAUSE_FULL, CAUSE_NOBODY, CAUSE_DELAYED, CAUSE_OPEN };

static bool s_is_away (const hub_t *hub, const task_t *task)
{
    return task_is_leased (task) && roster_at (hub->roster, task->agent)->state == AGENT_AWAY;
}

static bool s_somebody_is_away (const hub_t *hub)
{
    for (size_t i = 0; i < roster_places (hub->roster); i++) {
        const agent_t *agent = roster_at (hub->roster, i);
        if (agent && agent->state == AGENT_AWAY && agent->leased)
            return true;
    }
    return false;
}

//  Are all workers that have tasks of the job away?
static bool s_all_are_away (const hub_t *hub, const job_t *job)
{
    uint32_t seen = 0;
    if (!s_somebody_is_away (hub))
        return false;
    for (uint32_t i = 0; i < job->total && seen < job->leased; i++) {
        if (!task_is_leased (&job->tasks [i]))
            continue;
        if (!s_is_away (hub, &job->tasks [i]))
            return false;
        seen++;
    }
    return true;
}

static uint8_t s_cause (const hub_t *hub, job_t *job)
{
    if (job->doom || job->abandoned || job_is_over (job))
        return CAUSE_NONE;
    if (job->leased)
        return s_all_are_away (hub, job) ? CAUSE_AWAY : CAUSE_RUNS;
    if (job->ready)
        return roster_any_fits (hub->roster, job) ? CAUSE_FULL : CAUSE_NOBODY;
    if (job->delayed)
        return CAUSE_DELAYED;
    return job->sealed ? CAUSE_NONE : CAUSE_OPEN;
}

static bool s_shows (const hub_t *hub, const task_t *task, uint8_t cause)
{
    switch (cause) {
    case CAUSE_RUNS: return task_is_leased (task) && !s_is_away (hub, task);
    case CAUSE_AWAY: return s_is_away (hub, task);
    case CAUSE_DELAYED: return task->state == TASK_DELAYED;
    default: return task->state == TASK_READY;
    }
}

//  The first task that has this cause, in explain's words.
static bool s_say (hub_t *hub, job_t *job, uint8_t cause, char message [MESSAGE_BYTES])
{
    unsigned long long number = job->number;
    if (cause == CAUSE_OPEN) {
        snprintf (
            message, MESSAGE_BYTES,
            "job %llu is open: its client, %s, has not sent all of its tasks; to end it: cadre job cancel %llu",
            number, job->client_name, number);
        return true;
    }
    for (uint32_t i = 0; i < job->total; i++) {
        char why [MESSAGE_BYTES - 64];
        if (!s_shows (hub, &job->tasks [i], cause))
            continue;
        snprintf (message, MESSAGE_BYTES, "task %llu.%u %s", number, i,
                  explain_task (hub, job, i, why, sizeof why));
        return true;
    }
    return false;
}

//  Is it time to tell? Notes what there was to see.
static bool s_is_due (patience_t *self, const hub_t *hub, uint8_t cause, uint64_t seen)
{
    if (self->since_us == 0 || cause != self->cause || seen != self->seen) {
        self->since_us = hub->now_us;
        self->cause = cause;
        self->seen = seen;
    }
    bool due =
        cause != CAUSE_NONE && !(self->told & 1u << cause) && hub->now_us - self->since_us >= PATIENCE_US;
    if (due)
        self->told = (uint8_t) (self->told | 1u << cause);
    return due;
}

//  The client knows itself what it has not sent yet, and that its tasks run.
static bool s_concerns_owner (uint8_t cause)
{
    return cause != CAUSE_OPEN && cause != CAUSE_RUNS && cause != CAUSE_NOBODY;
}

static void s_look_owner (hub_t *hub, job_t *job, uint8_t cause)
{
    char message [MESSAGE_BYTES];
    uint64_t ended = (uint64_t) job->done + job->failed;
    if (s_is_due (&job->patience, hub, s_concerns_owner (cause) ? cause : CAUSE_NONE, ended)
        && s_say (hub, job, cause, message))
        client_notice (job->owner, hub, job->ref, CADRE_ERROR_TIMEOUT, message);
}

//  For one who reads output that is what moves.
static void s_look_follower (hub_t *hub, job_t *job, follower_t *follower, uint8_t cause)
{
    char message [MESSAGE_BYTES];
    uint64_t moved = follower->output ? follower->position : (uint64_t) job->done + job->failed;
    if (follower->wait && s_is_due (&follower->patience, hub, cause, moved)
        && s_say (hub, job, cause, message))
        client_notice (follower->client, hub, follower->ref, CADRE_ERROR_TIMEOUT, message);
}

void patience_look (hub_t *hub, job_t *job)
{
    if (!job->owner && !job->followers)
        return;
    uint8_t cause = s_cause (hub, job);
    if (job->owner)
        s_look_owner (hub, job, cause);
    for (follower_t *follower = job->followers, *next; follower; follower = next) {
        next = follower->job_next;
        s_look_follower (hub, job, follower, cause);
    }
}
