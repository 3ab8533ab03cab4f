//  wait_notice.c - tells clients why a job makes no progress for 5 s

#include "broker/diagnosis/wait_notice.h"

#include <stdio.h>

#include "broker/delivery/follow.h"
#include "broker/diagnosis/explain.h"
#include "broker/peers/roster.h"

#define MESSAGE_BYTES 768
#define VISITS_SAY 256u  //  Cost of a notice, in visits of a task
#define LOOK_TASKS 4096u //  Consecutive tasks of a job that are checked

enum { CAUSE_NONE, CAUSE_RUNS, CAUSE_AWAY, CAUSE_FULL, CAUSE_NOBODY, CAUSE_DELAYED, CAUSE_OPEN };

static bool s_is_away (const context_t *ctx, const task_t *task)
{
    return task_is_leased (task) && roster_at (ctx->roster, task->worker)->state == WORKER_AWAY;
}

static bool s_somebody_is_away (const context_t *ctx)
{
    for (size_t i = 0; i < roster_entries (ctx->roster); i++) {
        const worker_record_t *worker = roster_at (ctx->roster, i);
        if (worker && worker->state == WORKER_AWAY && worker->leased)
            return true;
    }
    return false;
}

//  Counts the leased tasks from first to end - 1. False when one of them is at a connected worker.
static bool s_are_away (const context_t *ctx, const job_t *job, uint32_t first, uint32_t end,
                        uint32_t *seen)
{
    for (uint32_t i = first; i < end && *seen < job->leased; i++) {
        if (!task_is_leased (&job->tasks [i]))
            continue;
        if (!s_is_away (ctx, &job->tasks [i]))
            return false;
        ++*seen;
    }
    return true;
}

//  Are all workers that have tasks of the job away? For a large job, checks its first tasks and
//  those leased last; if other tasks are leased, too, the answer is no.
static bool s_all_are_away (const context_t *ctx, const job_t *job, uint32_t *visits)
{
    uint32_t seen = 0, first = job->total < LOOK_TASKS ? job->total : LOOK_TASKS;
    uint32_t newest = job->next > 2 * LOOK_TASKS ? job->next - LOOK_TASKS : first;
    *visits += (uint32_t) roster_entries (ctx->roster);
    if (!s_somebody_is_away (ctx))
        return false;
    *visits += 2 * first;
    return s_are_away (ctx, job, 0, first, &seen) && s_are_away (ctx, job, newest, job->next, &seen)
           && seen == job->leased;
}

static uint8_t s_cause (const context_t *ctx, job_t *job, uint32_t *visits)
{
    if (job->doom || job->abandoned || job_is_over (job))
        return CAUSE_NONE;
    if (job->leased)
        return s_all_are_away (ctx, job, visits) ? CAUSE_AWAY : CAUSE_RUNS;
    if (job->ready)
        return roster_any_fits (ctx->roster, job) ? CAUSE_FULL : CAUSE_NOBODY;
    if (job->delayed)
        return CAUSE_DELAYED;
    return job->sealed ? CAUSE_NONE : CAUSE_OPEN;
}

static bool s_shows (const context_t *ctx, const task_t *task, uint8_t cause)
{
    switch (cause) {
    case CAUSE_RUNS: return task_is_leased (task) && !s_is_away (ctx, task);
    case CAUSE_AWAY: return s_is_away (ctx, task);
    case CAUSE_DELAYED: return task->state == TASK_DELAYED;
    default: return task->state == TASK_READY;
    }
}

//  Finds the first task with this cause among a limited number of tasks from there on.
static bool s_wait_notice_find (const context_t *ctx, const job_t *job, uint8_t cause,
                                uint32_t from, uint32_t *index)
{
    for (*index = from; *index < job->total && *index - from < LOOK_TASKS; ++*index)
        if (s_shows (ctx, &job->tasks [*index], cause))
            return true;
    return false;
}

//  Finds a task with this cause: among the first tasks, those leased last, or the next ones.
static bool s_wait_notice_choose (const context_t *ctx, const job_t *job, uint8_t cause,
                                  uint32_t *index)
{
    uint32_t before = job->next < LOOK_TASKS ? job->next : LOOK_TASKS;
    return s_wait_notice_find (ctx, job, cause, 0, index)
           || s_wait_notice_find (ctx, job, cause, job->next - before, index)
           || s_wait_notice_find (ctx, job, cause, job->next, index);
}

//  Explains a task with this cause.
static bool s_wait_notice_say (context_t *ctx, job_t *job, uint8_t cause,
                               char message [MESSAGE_BYTES])
{
    unsigned long long number = job->number;
    char why [MESSAGE_BYTES - 64];
    uint32_t index;
    if (cause == CAUSE_OPEN) {
        snprintf (
            message, MESSAGE_BYTES,
            "job %llu is open: its client, %s, has not sent all of its tasks; to end it: cadre job cancel %llu",
            number, job->client_name, number);
        return true;
    }
    if (!s_wait_notice_choose (ctx, job, cause, &index))
        return false;
    snprintf (message, MESSAGE_BYTES, "task %llu.%u %s", number, index,
              explain_task (ctx, job, index, why, sizeof why));
    return true;
}

//  Is a notice due? Records the progress.
static bool s_is_due (wait_note_t *self, const context_t *ctx, uint8_t cause, uint64_t seen)
{
    if (self->since_us == 0 || cause != self->cause || seen != self->seen) {
        self->since_us = ctx->now_us;
        self->cause = cause;
        self->seen = seen;
    }
    bool due = cause != CAUSE_NONE && !(self->told & 1u << cause)
               && ctx->now_us - self->since_us >= WAIT_NOTICE_US;
    if (due)
        self->told = (uint8_t) (self->told | 1u << cause);
    return due;
}

//  The client itself knows what it has not sent yet, and that its tasks run.
static bool s_concerns_owner (uint8_t cause)
{
    return cause != CAUSE_OPEN && cause != CAUSE_RUNS && cause != CAUSE_NOBODY;
}

static uint32_t s_look_owner (context_t *ctx, job_t *job, uint8_t cause)
{
    char message [MESSAGE_BYTES];
    uint64_t ended = (uint64_t) job->done + job->failed;
    if (!s_is_due (&job->patience, ctx, s_concerns_owner (cause) ? cause : CAUSE_NONE, ended))
        return 0;
    if (s_wait_notice_say (ctx, job, cause, message))
        client_notice (job->owner, ctx, job->ref, CADRE_ERROR_TIMEOUT, message);
    return VISITS_SAY;
}

//  For a follower of output, new output counts as progress.
static uint32_t s_look_follower (context_t *ctx, job_t *job, follower_t *follower, uint8_t cause)
{
    char message [MESSAGE_BYTES];
    uint64_t moved = follower->output ? follower->position : (uint64_t) job->done + job->failed;
    if (!follower->wait || !s_is_due (&follower->patience, ctx, cause, moved))
        return 1;
    if (s_wait_notice_say (ctx, job, cause, message))
        client_notice (follower->client, ctx, follower->ref, CADRE_ERROR_TIMEOUT, message);
    return VISITS_SAY;
}

uint32_t wait_notice_look (context_t *ctx, job_t *job)
{
    if (!job->owner && !job->followers)
        return 0;
    uint32_t visits = 0;
    uint8_t cause = s_cause (ctx, job, &visits);
    if (job->owner)
        visits += s_look_owner (ctx, job, cause);
    for (follower_t *follower = job->followers, *next; follower; follower = next) {
        next = follower->job_next;
        visits += s_look_follower (ctx, job, follower, cause);
    }
    return visits;
}
